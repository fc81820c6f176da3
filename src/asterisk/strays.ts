import type { Clock } from '../clock.ts';

/**
 * Sockets of our own that were given up before Asterisk answered; one that it refused is none. Where packets are lost, TCP goes on sending what was asked for:
 * Asterisk may open such a socket long after, give it the application's name, and tell the one that works by now that it
 * was replaced. That word is then no other process's.
 */
export interface Strays {
  gaveUp(): void;
  /** Whether one of them can have replaced us; each once, so that another process that stays has the exchange in the end. */
  blame(): boolean;
}

/** Beyond this the system has long given up repeating, or the other side has closed the connection. */
const ARRIVES_WITHIN_MS = 60_000;

export function createStrays(clock: Clock): Strays {
  let times: number[] = [];
  return {
    gaveUp: () => void times.push(clock.monotonic()),
    blame: () => {
      times = times.filter((at) => clock.monotonic() - at < ARRIVES_WITHIN_MS);
      return times.shift() !== undefined;
    },
  };
}
