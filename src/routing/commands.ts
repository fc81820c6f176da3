import type { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import { projectPath } from '../platform/root.ts';
import { loadScripts, type ScriptErrors } from '../platform/scripts.ts';

/** Root of every routing key. The braces are Redis Cluster's hash tag: all keys live in one slot. */
const ROOT = '{clinic}:routing';

/** The one place where negative returns get their names; the prelude has the same figures. */
const ERRORS: ScriptErrors = { '-1': 'expert-unknown', '-2': 'call-talking' };

/** Runs one file of commands/ at a moment, with the arguments its head tells from ARGV[3] on. */
export type RunCommand = (name: string, now: number, ...args: (string | number)[]) => Promise<unknown>;

/**
 * Every command gets the root, the time and a fresh UUID to count offer ids from. A fencing epoch, which all transitions
 * would have to show, has its place in this same head.
 */
export function loadCommands(redis: Redis): RunCommand {
  const scripts = loadScripts(redis, projectPath('src/routing/commands'), ERRORS);
  return (name, now, ...args) => scripts.run(name, [ROOT], [now, uuidv7(), ...args]);
}
