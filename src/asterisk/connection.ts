import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { pause } from '../platform/signals.ts';
import { reasonOf, within } from './deadlines.ts';
import type { Echo } from './echo.ts';
import { AsteriskFault, brief } from './faults.ts';
import type { Intake } from './intake.ts';
import { openSocket, type EventSocket } from './socket.ts';

export interface ConnectionSettings {
  origin: string;
  username: string;
  password: string;
  /** Names of the applications whose events come on this socket. */
  apps: readonly string[];
  clock: Clock;
  log: Log;
  /** How long opening a socket may take, and preparing it. */
  openTimeoutMs: number;
  echoEveryMs: number;
  /** What a fresh socket needs before it is proven. */
  prepare: () => Promise<void>;
}

/** Frames that arrive show that the socket lives: a busy Asterisk may then be late with so many echoes in a row. */
const LATE_ECHOES = 2;

/**
 * One socket from its opening to its end: open → prepare → echo → `onReady` → an echo every now and then.
 * @param over ends it; aborted here, with the reason, when the socket closes.
 * @returns why it ended; never throws.
 */
export async function runConnection(
  settings: ConnectionSettings,
  parts: {
    echo: Echo;
    intake: Intake;
    over: AbortController;
    onReady: (echoMs: number) => void;
    /** at: when the echo was sent, on the monotonic clock. */
    onProven: (at: number) => void;
  },
): Promise<Error> {
  const { echo, intake, over, onReady, onProven } = parts;
  const { clock, openTimeoutMs } = settings;
  let socket: EventSocket | null = null;
  try {
    socket = await open(settings, intake, over, (opening) => (socket = opening));
    // Every request in it has a time-out, but a closed socket need not be waited for.
    await within(settings.prepare(), over.signal, { ms: openTimeoutMs, clock, late: unprepared });
    const echoMs = await echo.prove(over.signal);
    onProven(clock.monotonic() - echoMs);
    onReady(echoMs);
    return await keepProving(settings, { echo, intake, onProven }, over.signal);
  } catch (error) {
    if (over.signal.aborted) return reasonOf(over.signal);
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    socket?.end();
  }
}

const unprepared = (): Error =>
  new AsteriskFault('ari-timeout', 'reading the description of ARI took too long');

/** @param onOpening has the socket before it is open, so that it can be ended. */
function open(
  settings: ConnectionSettings,
  intake: Intake,
  over: AbortController,
  onOpening: (socket: EventSocket) => void,
): Promise<EventSocket> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(reasonOf(over.signal));
    over.signal.addEventListener('abort', aborted);
    const socket = openSocket({
      ...settings,
      onOpen: () => {
        over.signal.removeEventListener('abort', aborted);
        resolve(socket);
      },
      onFrame: intake.frame,
      onClosed: (reason, code) => over.abort(new AsteriskFault(code, reason)),
    });
    onOpening(socket);
    if (over.signal.aborted) aborted();
  });
}

/** Throws when an echo stays away; that is its only end. */
async function keepProving(
  { echoEveryMs, clock, log }: ConnectionSettings,
  { echo, intake, onProven }: { echo: Echo; intake: Intake; onProven: (at: number) => void },
  signal: AbortSignal,
): Promise<never> {
  for (let late = 0; ;) {
    await pause(echoEveryMs, signal);
    const heardBefore = intake.heard();
    try {
      const echoMs = await echo.prove(signal);
      onProven(clock.monotonic() - echoMs);
      late = 0;
    } catch (error) {
      if (signal.aborted || intake.heard() === heardBefore || ++late > LATE_ECHOES) throw error;
      log.warn({ fault: brief(error), late }, 'echo.late');
    }
  }
}
