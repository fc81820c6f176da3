import type { Clock } from '../clock.ts';
import { startDeadline } from './deadlines.ts';
import { WebSocket } from './libraries.ts';
import { basicAuthorization } from './transport.ts';

/**
 * One WebSocket of events. It is opened here and not by ari-client's `start`: that one stops after ten attempts, throws
 * out of its own handler on an event it does not know, and puts the password into the address.
 */
export interface EventSocket {
  /** Ends it at once, without asking the other side. */
  end: () => void;
}

export interface SocketSettings {
  origin: string;
  username: string;
  password: string;
  apps: readonly string[];
  openTimeoutMs: number;
  clock: Clock;
  onOpen: () => void;
  onFrame: (text: string) => void;
  /** Exactly once, not after `end`. code: `ari-timeout` if we gave it up before it was open. reason: for the log. */
  onClosed: (reason: string, code: 'ari-timeout' | 'ari-unreachable') => void;
}

/** An event is some kB; a channel with very many variables stays far below this. */
const LARGEST_FRAME_BYTES = 4 * 1024 * 1024;

export function openSocket(settings: SocketSettings): EventSocket {
  const { origin, username, password, apps, openTimeoutMs, clock } = settings;
  // No subscribeAll: a drop would then destroy the application under its live channels.
  const url = `${origin.replace(/^http/, 'ws')}/ari/events?app=${encodeURIComponent(apps.join(','))}`;
  const socket = new WebSocket(url, {
    headers: { authorization: basicAuthorization(username, password) },
    maxPayload: LARGEST_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const stop = startDeadline(openTimeoutMs, clock, () => close('it did not open in time', 'ari-timeout'));

  function end(): void {
    stop();
    socket.removeAllListeners();
    // Ending a socket that is still being opened is told as an error, to nobody's use.
    socket.on('error', () => undefined);
    socket.terminate();
  }
  function close(reason: string, code: 'ari-timeout' | 'ari-unreachable' = 'ari-unreachable'): void {
    end();
    settings.onClosed(reason, code);
  }

  socket.on('open', () => {
    stop();
    settings.onOpen();
  });
  // ws 6 hands over a text, ws 8 the bytes of one.
  socket.on('message', (data: unknown) => settings.onFrame(String(data)));
  socket.on('error', (error: Error) => close(error.message));
  socket.on('close', (code: number, reason: unknown) =>
    close(`closed by Asterisk: ${code} ${String(reason)}`.trim()),
  );
  return { end };
}
