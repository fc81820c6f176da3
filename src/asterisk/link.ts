import type { LinkState } from './telephony.ts';
import { codeOf } from '../platform/fault.ts';
import { runConnection, type ConnectionSettings } from './connection.ts';
import { forever, type Attempt } from './deadlines.ts';
import { createEcho } from './echo.ts';
import type { Raw } from './events.ts';
import { AsteriskFault, brief } from './faults.ts';
import { createIntake } from './intake.ts';
import { createStrays } from './strays.ts';

/**
 * The link to Asterisk: one proven socket, for ever.
 *
 *   closed ──open──▶ proving ──echo──▶ ready ──no echo, closed──▶ closed ──100 ms or more──▶ open …
 *                       └──no echo, closed──▶ closed              └──ApplicationReplaced──▶ replaced (the end)
 *
 * Unless a socket of our own can have done that: see strays.ts; then it is a loss like any other.
 *
 * Events that arrive while the socket is being proven are kept and told after it is ready.
 */
export interface Link {
  state: () => LinkState;
  /**
   * Whether the exchange is ours to command. true: an echo proved it a moment ago, or the link is down and nobody else is
   * known to have it. false: another process took it. A promise of that: this process was stopped or did not get to run
   * for so long that it must hear from the exchange first.
   */
  trust: () => boolean | Promise<boolean>;
  /** How many frames were unreadable since the start. */
  malformed: () => number;
  /** Ends it; resolves when nothing is left running. */
  close: () => Promise<void>;
}

export interface LinkSettings extends ConnectionSettings {
  echoDeadlineMs: number;
  sendEcho: (eventName: string) => Promise<unknown>;
  /** See EchoSettings.onHeard. */
  onEcho: (at: number, tookMs: number) => void;
  /** ready: before the first event of this connection. Must not throw. */
  onState: (state: LinkState) => void;
  /** Whether we have agreed that another process takes the exchange. */
  yields: () => boolean;
  /** Must not throw. */
  onRaw: (raw: Raw) => void;
  /** The link is about to be down for good. Must not throw. */
  onReplaced: () => void;
}

/**
 * How long an echo proves that the exchange is ours: from when it was sent. Another process takes the exchange from one
 * that does not answer no sooner than this and its heartbeat are over.
 */
const TRUSTED_MS = 3000;

export function startLink(settings: LinkSettings): Link {
  const { apps, clock, log } = settings;
  const ended = new AbortController();
  const echo = createEcho({
    ...{ send: settings.sendEcho, deadlineMs: settings.echoDeadlineMs, clock },
    onHeard: settings.onEcho,
  });
  let state: LinkState = 'down';
  let malformed = 0;
  let provenAt = 0;
  let replaced = false;
  const strays = createStrays(clock);
  let doubt: { over: Promise<boolean>; settle: (ours: boolean) => void } | null = null;

  function settleDoubt(): void {
    doubt?.settle(!replaced);
    doubt = null;
  }

  function trust(): boolean | Promise<boolean> {
    if (replaced) return false;
    if (state !== 'ready' || clock.monotonic() - provenAt < TRUSTED_MS) return true;
    doubt ??= pending();
    return doubt.over;
  }

  function become(next: LinkState): void {
    if (next === state) return;
    state = next;
    settings.onState(next);
    settleDoubt();
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
        if (!settings.yields() && strays.blame()) return over.abort(byOurselves());
        replaced = true;
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
    const onProven = (at: number): void => {
      provenAt = at;
      settleDoubt();
    };
    ended.signal.addEventListener('abort', end);
    const reason = await runConnection(settings, { echo, intake, over, onReady, onProven });
    ended.signal.removeEventListener('abort', end);
    if (!worked && codeOf(reason) === 'ari-timeout') strays.gaveUp();
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
    trust,
    malformed: () => malformed,
    close: async () => {
      ended.abort(new AsteriskFault('link-down', 'the link was closed'));
      await running;
    },
  };
}

/** Another process took the application's name: this socket stays open and deaf, and coming back would take it again. */
class Replaced extends Error {}

const byOurselves = (): Error =>
  new AsteriskFault('ari-unreachable', 'replaced, as it seems by an earlier socket of our own');

function pending(): { over: Promise<boolean>; settle: (ours: boolean) => void } {
  let settle: (ours: boolean) => void = () => undefined;
  const over = new Promise<boolean>((resolve) => (settle = resolve));
  return { over, settle };
}
