import type { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import { projectPath } from '../platform/root.ts';
import { EPOCH_KEY, OWNER_STALE, OWNER_STALE_NUMBER, type Fence } from '../platform/fence.ts';
import type { Rules } from './mechanism.ts';
import { FORGOTTEN, FORGOTTEN_NUMBER, type Memory } from './memory.ts';
import { loadScripts, type ScriptErrors } from '../platform/scripts.ts';

/** Root of every routing key. The braces are Redis Cluster's hash tag: all keys live in one slot. */
const ROOT = '{clinic}:routing';

/** The one place where negative returns get their names; the prelude has the same figures. */
const ERRORS: ScriptErrors = {
  '-1': 'expert-unknown',
  '-2': 'call-talking',
  [OWNER_STALE_NUMBER]: OWNER_STALE,
  [FORGOTTEN_NUMBER]: FORGOTTEN,
};

/** Runs one file of commands/ at a moment, with the arguments its head tells from ARGV[3] on. */
export type RunCommand = (name: string, now: number, ...args: (string | number)[]) => Promise<unknown>;

/**
 * Every command gets the root, the time, a fresh UUID to count offer ids from, and last the rules, the turn it follows and the
 * epoch of who asks; readers show 0 of both and are never refused.
 * fence, memory: of the one process that runs transitions; without them nothing is refused. rules: without them levels only
 * order, nothing overflows and no wait is bounded.
 * @throws besides the errors of each command `owner-stale` where another process has become the owner
 */
export function loadCommands(redis: Redis, fence?: Fence, memory?: Memory, rules?: () => Rules): RunCommand {
  const scripts = loadScripts(redis, projectPath('src/routing/commands'), ERRORS);
  const send = (shown: number, name: string, now: number, ...args: (string | number)[]) =>
    scripts.run(
      name,
      [ROOT, EPOCH_KEY],
      [now, uuidv7(), ...args, rulesText(rules?.()), shown, fence?.epoch() ?? 0],
    );
  const run: RunCommand = (name, now, ...args) =>
    memory === undefined || name.startsWith('read-')
      ? send(0, name, now, ...args)
      : memory.guard(
          (shown) => send(shown, name, now, ...args),
          (shown) => send(0, 'forget', now, shown),
        );
  return fence === undefined ? run : (...command) => fence.guard(() => run(...command));
}

/** As the prelude reads them: '' where there are none, so that it need not look for any. */
function rulesText(rules: Rules | undefined): string {
  if (rules === undefined) return '';
  const { levelStepMs: step, equityBoundMs: bound, overflow } = rules;
  const helped = Object.entries(overflow).filter(([, helpers]) => helpers.length > 0);
  if (step === 0 && bound === 0 && helped.length === 0) return '';
  const pairs = helped.map(([specialty, helpers]) => [
    specialty,
    helpers.map(({ helper, afterMs }) => [helper, afterMs]),
  ]);
  return JSON.stringify({ step, bound, overflow: Object.fromEntries(pairs) as unknown });
}
