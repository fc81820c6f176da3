import type { LinkState } from './telephony.ts';
import { runConnection, type ConnectionSettings } from './connection.ts';
import { forever, type Attempt } from './deadlines.ts';
import { createEcho } from './echo.ts';
import type { Raw } from './events.ts';
import { AsteriskFault, brief } from './faults.ts';
import { createIntake } from './intake.ts';

/**
 * The link to Asterisk: one proven socket, for ever.
 *
 *   closed ──open──▶ proving ──echo──▶ ready ──no echo, closed──▶ closed ──100 ms or more──▶ open …
 *                       └──no echo, closed──▶ closed              └──ApplicationReplaced──▶ replaced (the end)
 *
 * Events that arrive while the socket is being proven are kept and told after it is ready.
 */
export interface Link {
  state: () => LinkState;
  /** How many frames were unreadable since the start. */
  malformed: () => number;
  /** Ends it; resolves when nothing is left running. */
  close: () => Promise<void>;
}

export interface LinkSettings extends ConnectionSettings {
  echoDeadlineMs: number;
  sendEcho: (eventName: string) => Promise<unknown>;
  /** ready: before the first event of this connection. Must not throw. */
  onState: (state: LinkState) => void;
  /** Must not throw. */
  onRaw: (raw: Raw) => void;
  /** The link is about to be down for good. Must not throw. */
  onReplaced: () => void;
}

export function startLink(settings: LinkSettings): Link {
  const { apps, clock, log } = settings;
  const ended = new AbortController();
  const echo = createEcho({ send: settings.sendEcho, deadlineMs: settings.echoDeadlineMs, clock });
  let state: LinkState = 'down';
  let malformed = 0;

  function become(next: LinkState): void {
    if (next === state) return;
    state = next;
    settings.onState(next);
  }

  async function connection(): Promise<Attempt> {
    const over = new AbortController();
    let worked = false;
    const end = (): void => over.abort(ended.signal.reason);
    const intake = createIntake({
      echo,
      log,
      onRaw: settings.onRaw,
      onMalformed: () => malformed++,
      onReplaced: () => {
        settings.onReplaced();
        over.abort(new Replaced());
      },
    });
    const onReady = (echoMs: number): void => {
      worked = true;
      log.info({ apps, echoMs: Math.round(echoMs) }, 'link.ready');
      become('ready');
      intake.open();
    };
    ended.signal.addEventListener('abort', end);
    const reason = await runConnection(settings, { echo, intake, over, onReady });
    ended.signal.removeEventListener('abort', end);
    become('down');
    return { reason, worked };
  }

  function lost(reason: Error, failures: number): 'again' | 'stop' {
    if (reason instanceof Replaced) {
      // Whether that was agreed upon or is worth an alarm is known to who was told.
      log.warn({ apps }, 'link.replaced');
      return 'stop';
    }
    // The first loss is news; that it is still away a hundred attempts later is not.
    log[failures === 0 ? 'warn' : 'debug']({ fault: brief(reason), failures }, 'link.lost');
    return 'again';
  }

  const running = forever(ended.signal, connection, lost);
  return {
    state: () => state,
    malformed: () => malformed,
    close: async () => {
      ended.abort(new AsteriskFault('link-down', 'the link was closed'));
      await running;
    },
  };
}

/** Another process took the application's name: this socket stays open and deaf, and coming back would take it again. */
class Replaced extends Error {}
