import type { Redis } from 'ioredis';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Log } from '../log.ts';
import { codeOf, fault, messageOf } from './fault.ts';
import { createBlockingTwin } from './redis.ts';
import { readStream } from './stream-reader.ts';
import { listenedFor } from './within.ts';

/*
 * Requests from any process to the one that owns the telephone exchange, over Redis streams. A request carries how long
 * its sender waits; age is counted by Redis's own clock (a stream id begins with its time), so that the clocks of two
 * machines need not agree. Taking a request deletes it: one that is served twice could pause an expert who has just
 * become ready again. A server that dies in between leaves the sender with `command-timeout`, and the sender decides.
 */

const REQUESTS = '{commands}:requests';
const replies = (clientId: string): string => `{commands}:replies:${clientId}`;
/** Enough for a burst; older requests have long been given up by their senders. */
const MOST_REQUESTS = 1000;
const REPLIES_KEPT_SECONDS = 60;

export interface CommandHandler<Schema extends TSchema = TSchema> {
  payload: Schema;
  handle: (payload: Static<Schema>) => unknown;
}

/** Lets `handle` know its payload by the schema beside it. */
export function command<Schema extends TSchema>(
  payload: Schema,
  handle: (payload: Static<Schema>) => unknown,
): CommandHandler {
  return { payload, handle: (value) => handle(value as Static<Schema>) };
}

/** Where requests stand: every process that serves a stream serves all that comes on it. */
export interface CommandDeps {
  redis: Redis;
  log: Log;
  /** Default: the stream of the process that owns the exchange. */
  stream?: string;
}

export interface CommandServer {
  close(): Promise<void>;
}

export interface Request {
  name: string;
  payload: unknown;
  client: string;
  id: string;
  ttlMs: number;
}

export type Reply = { id: string } & ({ result: unknown } | { code: string; message: string });

/**
 * Serves commands until closed, several at a time. A handler's fault is told to the sender by its `code`; what has no
 * kebab-case code is `command-failed`, its message kept to this process's log.
 */
export function serveCommands(
  { redis, log, stream = REQUESTS }: CommandDeps,
  handlers: Readonly<Record<string, CommandHandler>>,
): CommandServer {
  const reading = createBlockingTwin(redis, log);
  const atWork = new Set<Promise<void>>();

  async function serve(streamId: string, request: Request): Promise<void> {
    if (!(await take(redis, stream, streamId, request.ttlMs))) return;
    const reply = { id: request.id, ...(await answer(handlerOf(handlers, request.name), request, log)) };
    const key = replies(request.client);
    await redis
      .multi()
      .xadd(key, 'MAXLEN', '~', MOST_REQUESTS, '*', 'json', JSON.stringify(reply))
      .expire(key, REPLIES_KEPT_SECONDS)
      .exec();
  }

  const reader = readStream<Request>(reading, stream, '0', log, (streamId, request) => {
    const work = serve(streamId, request)
      .catch((error: unknown) =>
        log.warn({ command: request.name, detail: messageOf(error) }, 'command.unanswered'),
      )
      .finally(() => atWork.delete(work));
    atWork.add(work);
  });
  return {
    async close() {
      await reader.close();
      await Promise.all(atWork);
    },
  };
}

/** True if the request is ours to serve and its sender still waits. */
async function take(redis: Redis, stream: string, streamId: string, ttlMs: number): Promise<boolean> {
  const results = await redis.multi().xdel(stream, streamId).time().exec();
  const [deleted, time] = (results ?? []).map(([, value]) => value) as [number?, [number, number]?];
  if (deleted !== 1 || time === undefined) return false;
  const nowMs = Number(time[0]) * 1000 + Number(time[1]) / 1000;
  return nowMs - Number(streamId.split('-')[0]) < ttlMs;
}

/** Own names only: `constructor` is no command. */
function handlerOf(
  handlers: Readonly<Record<string, CommandHandler>>,
  name: string,
): CommandHandler | undefined {
  return Object.hasOwn(handlers, name) ? handlers[name] : undefined;
}

async function answer(
  handler: CommandHandler | undefined,
  { name, payload }: Request,
  log: Log,
): Promise<{ result: unknown } | { code: string; message: string }> {
  if (handler === undefined) return { code: 'command-unknown', message: `There is no command ${name}` };
  if (!Value.Check(handler.payload, payload)) {
    return { code: 'command-invalid', message: `The payload of ${name} does not fit its schema` };
  }
  try {
    return { result: (await handler.handle(payload)) ?? null };
  } catch (error) {
    const code = codeOf(error);
    log.warn({ command: name, code, detail: messageOf(error) }, 'command.failed');
    if (code !== null && /^[a-z]+(-[a-z]+)+$/.test(code)) return { code, message: messageOf(error) };
    return { code: 'command-failed', message: `${name} failed` };
  }
}

export interface CommandClient {
  /**
   * Sends a command and waits for its reply, at most timeoutMs.
   * @throws `command-timeout` (nobody served it in time, or Redis is away), `command-unknown`, `command-invalid`,
   *   `command-failed`, or the fault's code as the handler threw it.
   */
  send<Result = unknown>(name: string, payload: unknown, options: { timeoutMs: number }): Promise<Result>;
  close(): Promise<void>;
}

interface Waiting {
  /** Where the request stands, once Redis has said so. */
  streamId: string | null;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  stopWaiting: () => void;
}

export function createCommandClient({ redis, log, stream = REQUESTS }: CommandDeps): CommandClient {
  const clientId = crypto.randomUUID();
  const waiting = new Map<string, Waiting>();
  const reading = createBlockingTwin(redis, log);
  const reader = readStream<Reply>(reading, replies(clientId), '0', log, (_, reply) => {
    const found = settle(reply.id);
    if ('code' in reply) found?.reject(fault(reply.code, reply.message));
    else found?.resolve(reply.result);
  });

  function settle(id: string): Waiting | undefined {
    const found = waiting.get(id);
    found?.stopWaiting();
    waiting.delete(id);
    return found;
  }

  /** The request is taken back: whoever was told that nothing happened must not see it happen. */
  function giveUp(id: string, name: string, cause?: unknown): void {
    const found = settle(id);
    if (found === undefined) return;
    if (found.streamId !== null) takeBack(found.streamId);
    found.reject(fault('command-timeout', `Nobody answered ${name} in time`, cause));
  }

  function takeBack(streamId: string): void {
    redis
      .xdel(stream, streamId)
      .catch((error: unknown) => log.debug({ detail: messageOf(error) }, 'command.not-taken-back'));
  }

  async function request(id: string, name: string, payload: unknown, ttlMs: number): Promise<void> {
    const text = JSON.stringify({ name, payload, client: clientId, id, ttlMs } satisfies Request);
    const streamId = await redis.xadd(stream, 'MAXLEN', '~', MOST_REQUESTS, '*', 'json', text);
    const found = waiting.get(id);
    if (found !== undefined) found.streamId = streamId;
    // Given up before Redis had it; if it was answered before Redis said so, there is nothing left to take back.
    else if (streamId !== null) takeBack(streamId);
  }

  return {
    send: <Result>(name: string, payload: unknown, { timeoutMs }: { timeoutMs: number }) =>
      new Promise<Result>((resolve, reject) => {
        const id = crypto.randomUUID();
        const stopWaiting = listenedFor(timeoutMs, () => giveUp(id, name));
        waiting.set(id, {
          streamId: null,
          resolve: resolve as (result: unknown) => void,
          reject,
          stopWaiting,
        });
        request(id, name, payload, timeoutMs).catch((error: unknown) => giveUp(id, name, error));
      }),
    async close() {
      await reader.close();
      for (const id of waiting.keys()) giveUp(id, 'a command of a process that ends');
      await redis
        .del(replies(clientId))
        .catch((error: unknown) => log.debug({ detail: messageOf(error) }, 'replies.undeleted'));
    },
  };
}
