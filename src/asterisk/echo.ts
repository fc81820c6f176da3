import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { within } from './deadlines.ts';
import { readTime, text, type Raw } from './events.ts';
import { AsteriskFault } from './faults.ts';

/**
 * Proof that events arrive: an event sent by REST must come back on the socket. Asterisk's 204 proves nothing, it is
 * given for a deaf socket as well; and a ping's pong would only prove TCP.
 */
export interface Echo {
  /**
   * @returns milliseconds there and back.
   * @throws AsteriskFault `echo-missing`, the fault of the request, or the signal's reason.
   */
  prove: (signal: AbortSignal) => Promise<number>;
  /** Whether an event was one of our echoes, and so nobody else's. */
  saw: (raw: Raw) => boolean;
}

export interface EchoSettings {
  send: (eventName: string) => Promise<unknown>;
  deadlineMs: number;
  clock: Clock;
  /** Told of every echo that came in time. at: by the exchange's clock, ms since the epoch; tookMs: there and back. */
  onHeard?: (at: number, tookMs: number) => void;
}

export function createEcho({ send, deadlineMs, clock, onHeard }: EchoSettings): Echo {
  // Two processes may share the application's name for a moment: each must hear its own.
  const prefix = `clinic-echo-${randomUUID()}-`;
  let sequence = 0;
  let awaited: { name: string; begun: number; heard: () => void } | null = null;

  async function prove(signal: AbortSignal): Promise<number> {
    const name = prefix + String(++sequence);
    const begun = clock.monotonic();
    const comesBack = new Promise<void>((resolve, reject) => {
      awaited = { name, begun, heard: resolve };
      send(name).catch(reject);
    });
    const late = (): Error =>
      new AsteriskFault('echo-missing', `no echo on the socket within ${deadlineMs} ms`);
    try {
      await within(comesBack, signal, { ms: deadlineMs, clock, late });
      return clock.monotonic() - begun;
    } finally {
      awaited = null;
    }
  }

  function saw(raw: Raw): boolean {
    const name = text(raw.eventname);
    if (raw.type !== 'ChannelUserevent' || !name.startsWith(prefix)) return false;
    if (awaited?.name === name) {
      onHeard?.(readTime(raw.timestamp), clock.monotonic() - awaited.begun);
      awaited.heard();
    }
    return true;
  }

  return { prove, saw };
}
