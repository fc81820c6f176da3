import { fault } from '../platform/fault.ts';
import type { RunCommand } from './commands.ts';
import { BEST_LEVEL, type AsyncTransitions, type Policy } from './mechanism.ts';
import { toStatus, toTold } from './rows.ts';
import type { Waiting } from './routing.ts';

const KEY = /^[a-z0-9][a-z0-9-]*$/;
const nothing = (): void => undefined;
const place = (result: unknown) => ({ position: Number(result) });

/**
 * The transitions on Redis, each one script and so atomic; what comes of it in the same step is told by the script.
 * Each may be repeated without harm.
 * @throws `expert-unknown`, `call-talking` (enqueue of a call in a talk), `routing-argument-invalid` (before anything is
 *   written: a script that fails half-way is not rolled back), `redis-failed` (carried out or not: unknown).
 */
export function createTransitions(run: RunCommand, policy: Policy): AsyncTransitions {
  const { missesBeforePause, missPauseMs, restMs } = policy;
  return {
    enqueue: async (now, entry) => toTold(await run('enqueue', now, ...entryArgs(entry)), place),
    requeue: async (now, entry) => toTold(await run('requeue', now, ...entryArgs(entry), restMs), place),
    resume: async (now, { activity, offerId, expertId, since, ...entry }) =>
      toTold(
        await run('resume', now, ...entryArgs(entry), activity, offerId, expertId, finite('since', since)),
        (result) => result as 'resumed' | 'known' | 'taken',
      ),
    leave: async (now, callId) =>
      toTold(await run('leave', now, callId), (id) => ({ cancelledOfferId: id as string | null })),
    accept: async (now, offerId) =>
      toTold(await run('accept', now, offerId), (taken) => (taken === 1 ? 'accepted' : 'stale')),
    miss: async (now, offerId, reason) =>
      toTold(await run('miss', now, offerId, reason, missesBeforePause, missPauseMs, restMs), nothing),
    release: async (now, callId, wrapUpMs) =>
      toTold(await run('release', now, callId, finite('wrap-up', wrapUpMs)), nothing),
    putExpert: async (now, expertId, specialties, levels) =>
      toTold(await run('put-expert', now, expertId, ...skillArgs(specialties, levels)), nothing),
    removeExpert: async (now, expertId) => toTold(await run('remove-expert', now, expertId), nothing),
    setIntent: async (now, expertId, intent, reason, until) => {
      const end = until === null ? '' : finite('until', until);
      // Only a pause has a reason and an end.
      const pause = intent === 'paused' ? [reason ?? '', end] : ['', ''];
      return toTold(await run('set-intent', now, expertId, intent, ...pause), toStatus);
    },
    setReachable: async (now, expertId, reachable) =>
      toTold(await run('set-reachable', now, expertId, reachable ? 1 : 0), nothing),
    expire: async (now) => toTold(await run('expire', now), nothing),
    reconsider: async (now) => toTold(await run('reconsider', now), nothing),
  };
}

function entryArgs({ callId, specialty, score, queuedAt, attempts = 0, window }: Waiting) {
  const place = [finite('score', score), finite('queuedAt', queuedAt), attempts];
  return [callId, key(specialty), ...place, window?.expertId ?? '', finite('until', window?.until ?? 0)];
}

/** A specialty named twice counts once, with its first level. */
function skillArgs(specialties: readonly string[], levels: readonly number[] = []): string[] {
  const skills = new Map<string, number>();
  for (const [index, specialty] of specialties.entries())
    if (!skills.has(specialty)) skills.set(specialty, level(levels[index] ?? BEST_LEVEL));
  return [...skills].map(([specialty, skill]) => `${key(specialty)}:${skill}`);
}

function level(value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= BEST_LEVEL) return value;
  throw fault('routing-argument-invalid', `${value} is no level`);
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw fault('routing-argument-invalid', `${name} is ${value}`);
}

/** Specialties are joined by commas inside Redis. */
function key(specialty: string): string {
  if (KEY.test(specialty)) return specialty;
  throw fault('routing-argument-invalid', `${JSON.stringify(specialty)} is no key of a specialty`);
}
