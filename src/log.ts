import { pino, type Logger } from 'pino';

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

/** A structured log on standard output; events are named `noun.past-verb`. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    redact: { paths: SECRET_PATHS, censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

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
