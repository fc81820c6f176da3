import type { FastifyError } from 'fastify';
import { codeOf, messageOf } from '../platform/fault.ts';
import { Problem, problem } from './problem.ts';
import { fieldErrors } from './validation.ts';

/** What Fastify itself refuses, under our names. */
const FASTIFY: Readonly<Record<string, readonly [status: number, code: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'media-type-unsupported'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'content-length-invalid'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'json-malformed'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'json-malformed'],
  FST_ERR_BAD_URL: [400, 'url-malformed'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'url-too-long'],
};

/** Faults of the rooms that are no fault of the server: it will do again in a moment. */
const AWAY = new Set(['command-timeout', 'sign-in-busy']);

/** SQLSTATE classes 08 connection, 53 resources, 57 operator; lock time-outs; and the sockets' own words. */
const STORE_AWAY =
  /^(08...|53...|57...|55P03|25P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)$/;
/** pg and ioredis tell these by text alone. */
const STORE_AWAY_TEXT =
  /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout|Connection is closed|Command timed out|Reached the max retries|Stream isn't writeable)/;

/** PostgreSQL takes no NUL and no half characters. The schemas keep them out; this is the net below. */
const TEXT_REFUSED = /^(22021|22P05)$/;

/**
 * What the sender is told about anything thrown. Whatever is not known here is a fault of ours: 500, without a word
 * about its inside.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error) ?? '';
  const { validation, validationContext } = (error ?? {}) as Partial<FastifyError>;
  if (Array.isArray(validation)) {
    const errors = fieldErrors(validation, validationContext);
    return problem(400, 'validation-failed', { detail: 'The request does not fit its schema.', errors });
  }
  const known = FASTIFY[code];
  if (known !== undefined) return problem(known[0], known[1], { cause: error });
  if (AWAY.has(code)) return problem(503, code, { headers: { 'retry-after': '2' }, cause: error });
  if (STORE_AWAY.test(code) || STORE_AWAY_TEXT.test(messageOf(error))) {
    return problem(503, 'store-unavailable', { headers: { 'retry-after': '2' }, cause: error });
  }
  if (TEXT_REFUSED.test(code)) return problem(400, 'text-invalid', { cause: error });
  return fromParsers(error) ?? problem(500, 'internal-error', { cause: error });
}

/** The JSON parser marks what it refuses by a status alone. */
function fromParsers(error: unknown): Problem | null {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (error instanceof SyntaxError && status === 400) return problem(400, 'json-malformed', { cause: error });
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  return problem(status, status === 400 ? 'request-malformed' : 'request-refused', { cause: error });
}
