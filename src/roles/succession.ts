import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { Type } from 'typebox';
import type { Log } from '../log.ts';
import { command, createCommandClient, serveCommands, type CommandClient } from '../platform/commands.ts';
import { codeOf } from '../platform/fault.ts';
import { aborted } from '../platform/signals.ts';
import { HEARTBEAT_KEY } from '../web/readiness.ts';
import { hasHungUp } from './heartbeat.ts';

/*
 * One process of the role `calls` takes the exchange over from another with calls up:
 *
 *   successor                          predecessor                      Asterisk
 *   ready but for the exchange
 *   ── yield ──────────────────────▶   will go in order
 *   ◀───────────────────────── yes ─
 *   ── opens its socket ────────────────────────────────────────────▶   same name: the newer one gets all events
 *   keeps the events it is told        ◀────────── ApplicationReplaced, after the last event for the old one
 *   ── drained? ───────────────────▶   finishes its steps, saves
 *   ◀──────────────────────── done ─
 *   takes the calls up, then hears
 *   what it kept                       ends
 *
 * No event is lost, and the two never act at once. Each question has a deadline: a predecessor that does not answer (it was
 * killed, or is of a version that does not know the question) is not waited for; should it live, Asterisk tells it that
 * it was replaced, and it gives up.
 */

export const STREAM = '{commands}:succession';
/** Asked by who stands by: an owner answers, and nothing else comes of it. */
export const HOLDS = 'exchange.holds';
/** A living process answers in a millisecond or two; one that was killed just now still has a heartbeat. */
const YIELD_WITHIN_MS = 500;
/** One that has hung up on Redis is killed, as far as anybody can see: the calls need not wait longer for its word. */
const HUNG_UP_WITHIN_MS = 150;
/** Longer than a process takes to finish its steps (see Calls.drain) unless it is stuck. */
const DRAINED_WITHIN_MS = 5000;
/** How long the word to go in order holds. */
const YIELDS_FOR_MS = 10_000;

export const thisProcess = (): string => `${hostname()}:${process.pid}`;

export interface Predecessor {
  /** Waits until it has finished, or its time is over. To be asked once our own socket is open. Asks only once. */
  finished(): Promise<void>;
}

/**
 * Asks whoever has the exchange to leave it to us in order. null: there is nobody, or nobody who answers.
 * prepared: waited for before somebody is asked to go; from then on nothing should hold us up.
 */
export async function askToYield(
  { redis, log }: { redis: Redis; log: Log },
  prepared: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Predecessor | null> {
  if (!(await isThere(redis))) return null;
  const client = createCommandClient({ redis, log, stream: STREAM });
  // Whether anybody lives there is asked first: after a kill nobody does, a heartbeat is left, and nothing may hold us up.
  const withinMs = (await hasHungUp(redis)) ? HUNG_UP_WITHIN_MS : YIELD_WITHIN_MS;
  const lives = await ask(client, log, 'holds', withinMs);
  if (lives !== null) await prepared();
  const process =
    lives === null ? null : await ask<{ process: string }>(client, log, 'yield', YIELD_WITHIN_MS);
  if (process === null) {
    await client.close();
    return null;
  }
  log.info({ from: process.process }, 'exchange.asked-for');
  return {
    finished: async () => {
      const since = performance.now();
      const left = await ask<Record<string, unknown>>(client, log, 'finish', DRAINED_WITHIN_MS);
      await client.close();
      log.info({ ...left, waitedMs: Math.round(performance.now() - since) }, 'exchange.handed-over');
    },
  };
}

/** Without Redis nobody can be asked. */
async function isThere(redis: Redis): Promise<boolean> {
  return (await redis.exists(HEARTBEAT_KEY).catch(() => 0)) === 1;
}

async function ask<T>(client: CommandClient, log: Log, name: string, timeoutMs: number): Promise<T | null> {
  try {
    return await client.send<T>(`exchange.${name}`, { by: thisProcess() }, { timeoutMs });
  } catch (error) {
    log.warn({ question: name, code: codeOf(error) }, 'predecessor.silent');
    return null;
  }
}

export interface Succession {
  /** Another process took the exchange. @returns whether that was agreed upon */
  replaced(): boolean;
  /** What is in hand is finished; told to the successor. */
  finished(left: Readonly<Record<string, unknown>>): void;
  /** Answers a successor that is still to ask, then no more. */
  close(): Promise<void>;
}

/** A successor asks as soon as its socket is proven: a moment after Asterisk has told us of it. */
const ASKED_WITHIN_MS = 2000;

/**
 * The predecessor's side.
 * onYield: whether what is begun must be finished after the socket is gone; false again when no successor came after all.
 */
export function serveSuccession(deps: {
  redis: Redis;
  log: Log;
  onYield: (yields: boolean) => void;
}): Succession {
  const { redis, log, onYield } = deps;
  const finished = promised<Readonly<Record<string, unknown>>>();
  const asked = new AbortController();
  let expiry: NodeJS.Timeout | undefined;
  let agreed = false;
  let wasReplaced = false;

  function yieldTo(by: string): { process: string } {
    log.info({ by }, 'exchange.yielded');
    agreed = true;
    onYield(true);
    clearTimeout(expiry);
    expiry = setTimeout(() => {
      if (wasReplaced) return;
      agreed = false;
      onYield(false);
      log.warn({ by }, 'successor.missing');
    }, YIELDS_FOR_MS);
    return { process: thisProcess() };
  }

  const Question = Type.Object({ by: Type.String() });
  const server = serveCommands(
    { redis, log, stream: STREAM },
    {
      [HOLDS]: command(Question, () => ({ process: thisProcess() })),
      'exchange.yield': command(Question, ({ by }) => yieldTo(by)),
      'exchange.finish': command(Question, () => {
        asked.abort();
        return finished.promise;
      }),
    },
  );
  return {
    replaced: () => {
      wasReplaced = agreed;
      return agreed;
    },
    finished: finished.resolve,
    close: async () => {
      clearTimeout(expiry);
      // It was promised an answer; without one it would wait for nothing.
      if (agreed) await Promise.race([aborted(asked.signal), aborted(AbortSignal.timeout(ASKED_WITHIN_MS))]);
      await server.close();
    },
  };
}

function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
