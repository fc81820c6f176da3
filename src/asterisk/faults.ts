import type { Reached } from './telephony.ts';

/**
 * What can go wrong between us and Asterisk.
 * - `link-down`: there is no proven socket; nothing was sent.
 * - `ari-timeout`: no answer in time; it is not known whether Asterisk acted.
 * - `ari-unreachable`: the connection was refused or broke off.
 * - `ari-refused`: Asterisk answered with an HTTP status that is an error; `status` has it.
 * - `ari-reply-invalid`: the answer is not what Asterisk's own description promises.
 * - `ari-operation-missing`: this Asterisk does not know an operation we need.
 * - `echo-missing`: an event sent through Asterisk did not come back on the socket in time.
 * - `value-refused`: a value we were asked to send could change the meaning of the request.
 * - `ami-timeout`, `ami-refused`, `ami-unreachable`: the same for the manager interface.
 */
export type AsteriskFaultCode =
  | 'link-down'
  | 'ari-timeout'
  | 'ari-unreachable'
  | 'ari-refused'
  | 'ari-reply-invalid'
  | 'ari-operation-missing'
  | 'echo-missing'
  | 'value-refused'
  | 'ami-timeout'
  | 'ami-refused'
  | 'ami-unreachable';

export interface FaultDetails {
  cause?: unknown;
  /** HTTP status. */
  status?: number;
  method?: string;
  /** Path without its query: queries carry callers' numbers and variables. */
  path?: string;
  /** Asterisk's own words. */
  reason?: string;
}

export class AsteriskFault extends Error {
  readonly code: AsteriskFaultCode;
  readonly status: number | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly reason: string | null;

  constructor(code: AsteriskFaultCode, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'AsteriskFault';
    this.code = code;
    this.status = details.status ?? null;
    this.method = details.method ?? null;
    this.path = details.path ?? null;
    this.reason = details.reason ?? null;
  }
}

/**
 * 404 the thing is not there; 409 it is there but has left our application; 410 for good measure; 422 the channel is
 * in no application, or the event source is no longer there.
 */
const GONE_STATUS: ReadonlySet<number> = new Set([404, 409, 410, 422]);
/** Joining a bridge and originating on behalf of a channel answer 400 where every other operation answers 404. */
const GONE_REASONS: ReadonlySet<string> = new Set([
  'Channel not found',
  'Provided originator channel was not found',
]);

/** The one place that knows which of Asterisk's refusals mean that the thing acted on is no longer there. */
export function meansGone(error: unknown): boolean {
  if (!(error instanceof AsteriskFault)) return false;
  if (error.code === 'ami-refused') return error.reason?.startsWith('Channel does not exist') === true;
  if (error.status === null) return false;
  if (GONE_STATUS.has(error.status)) return true;
  return error.status === 400 && error.reason !== null && GONE_REASONS.has(error.reason);
}

/** A failed request in one word of few: `gone`, the fault's code, or `failed`. */
export function outcomeOf(error: unknown): string {
  if (meansGone(error)) return 'gone';
  return error instanceof AsteriskFault ? error.code : 'failed';
}

/** Turns a request into its outcome; faults other than "no longer there" are thrown on. */
export async function reached(request: PromiseLike<unknown>): Promise<Reached> {
  try {
    await request;
    return 'done';
  } catch (error) {
    if (meansGone(error)) return 'gone';
    throw error;
  }
}

/** The answer, or null where the thing asked about is no longer there. */
export async function orNull<T>(request: PromiseLike<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (meansGone(error)) return null;
    throw error;
  }
}

/** Anything thrown, in one line, for a log: never a stack, never a value of ours. */
export function brief(error: unknown): string {
  if (error instanceof AsteriskFault) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
