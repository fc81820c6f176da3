import { pino } from 'pino';
import type { Log } from '../../src/log.ts';

/** For tests that look at what is done, not at what is said of it. */
export const silentLog: Log = pino({ level: 'silent' });

/** A log that remembers its lines, for tests of what is said. */
export function recordingLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'trace', base: null },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, lines };
}
