import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type Log = Logger;

/** Values under these names never reach a log line, at any depth the application logs. */
const SECRET_PATHS = [
  'password',
  '*.password',
  'token',
  '*.token',
  'authorization',
  '*.authorization',
  'cookie',
  '*.cookie',
  'otp',
  '*.otp',
];

/**
 * A structured log on standard output; events are named `noun.past-verb`. Whatever a line is given, no telephone number
 * leaves in clear: not in a message of PostgreSQL's, not in what Redis or Asterisk say of a request they refused.
 */
export function createLog(level: string, output: DestinationStream = pino.destination(1)): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    redact: { paths: SECRET_PATHS, censor: '[hidden]' },
    serializers: { err: errorFields },
    formatters: { log: withoutNumbers },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, output);
}

/** Switches between debug and the level that was configured, for calls in progress too. */
export function switchDebug(log: Log, configured: string): void {
  log.level = log.level === configured ? 'debug' : configured;
  log.warn({ level: log.level }, 'log-level.changed');
}

/**
 * What a log may know of an error. Libraries hang the request on it (PostgreSQL the row, Redis the command with all its
 * arguments): only fields that name a place, a code or a reason pass.
 */
const ERROR_FIELDS = ['code', 'status', 'method', 'path', 'reason', 'table', 'column', 'constraint'];

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? hideNumbers(error) : String(error);
  const { type, message, stack } = pino.stdSerializers.err(error);
  const known = Object.entries(error).filter(([name]) => ERROR_FIELDS.includes(name));
  const errors = error instanceof AggregateError ? { errors: error.errors.map(errorFields) } : {};
  return { ...withoutNumbers({ type, message, stack, ...Object.fromEntries(known) }), ...errors };
}

function withoutNumbers(fields: Record<string, unknown>): Record<string, unknown> {
  let changed: Record<string, unknown> | null = null;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || !LIKE_A_NUMBER.test(value)) continue;
    changed ??= { ...fields };
    changed[name] = hideNumbers(value);
  }
  return changed ?? fields;
}

/** Eight digits make a local number, the fewest there are. */
const LIKE_A_NUMBER = /[0-9]{8}/;
/** UUIDs, Asterisk's ids (seconds since the epoch, a dot, a serial) and Redis's (milliseconds, a dash, a serial) are none; nor are digits amid letters, as in a Call-ID. */
const ID_OR_NUMBER =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9])1(?:[0-9]{9}\.|[0-9]{12}-)[0-9]+|(?:(?<=%2B)|(?<![0-9a-z]))(\+?[0-9]{8,})(?![0-9a-z])/gi;

const hideNumbers = (text: string): string =>
  text.replace(ID_OR_NUMBER, (all: string, number: string | undefined) =>
    number === undefined ? all : (maskNumber(number) ?? ''),
  );

/**
 * A telephone number for a log line or an expert's eyes: the country and the last two digits stay.
 * `+989121234567` → `+98********67`; shorter than six characters → all hidden.
 */
export function maskNumber(number: string | null): string | null {
  if (number === null) return null;
  if (number.length < 6) return '*'.repeat(number.length);
  const head = number.startsWith('+') ? 3 : 0;
  return number.slice(0, head) + '*'.repeat(number.length - head - 2) + number.slice(-2);
}
