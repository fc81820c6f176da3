import type { Log } from '../log.ts';
import { messageOf } from './fault.ts';

/** What BullMQ says of its connections: at every attempt to reach Redis, on each of them. */
export interface JobFaults {
  /** Everything but that Redis is away: that the connection tells itself, once (see redis.ts). */
  tell: (error: unknown) => void;
  /** Nothing is told from here on: what is being closed may complain. */
  close: () => void;
}

export function createJobFaults(log: Log, queue: string): JobFaults {
  let closing = false;
  return {
    tell: (error) => {
      if (closing || isOfConnection(error)) return;
      log.warn({ queue, detail: messageOf(error) }, 'jobs-connection.failed');
    },
    close: () => {
      closing = true;
    },
  };
}

/** ioredis has no code for what was asked of a connection that is closed. */
const CLOSED = 'Connection is closed.';

const isOfConnection = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || error.message === CLOSED);
