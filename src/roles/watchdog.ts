import { Counter, Gauge, type Registry } from 'prom-client';
import type { Manager } from '../asterisk/manager.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { PROOF } from './proof.ts';
import { GONE_AFTER_MS, hear, judge, nothingHeard, silentMs, type Place } from './watchdog-rules.ts';

/*
 * Stands behind the role `calls`, in a process of its own: when that one is gone for longer than a restart takes, or stands
 * still with its socket open, the waiting are taken to the dialplan's message service, and nobody is left alone in a silent
 * bridge. It knows of the application only what Asterisk knows, so that nothing but Asterisk has to work for it.
 */

/** The value of PROOF at which nothing more was heard: while the two are equal the dialplan sends nobody to the application. */
const SILENT = 'CLINIC_SILENT';
const NEVER = 'never';
const LOOK_EVERY_MS = 1000;
const CONTEXT = 'clinic-watchdog';

export interface WatchdogDeps {
  manager: Pick<Manager, 'link' | 'channels' | 'readGlobal' | 'setGlobal' | 'redirect'>;
  clock: Clock;
  log: Log;
  registry: Registry;
}

export interface Watchdog {
  close(): Promise<void>;
}

export function startWatchdog({ manager, clock, log, registry }: WatchdogDeps): Watchdog {
  const figures = measure(registry, () => silentMs(silence, clock.monotonic()));
  let silence = nothingHeard(clock.monotonic());
  let gone = false;

  /** Asterisk itself could not be asked: what was seen before is of no use any more. */
  function forget(): void {
    silence = { ...nothingHeard(clock.monotonic()), proof: silence.proof };
  }

  async function look(): Promise<void> {
    if (manager.link() !== 'ready') return forget();
    const before = silence;
    silence = hear(before, await proofOf(manager), clock.monotonic());
    if (gone && silence !== before) log.warn('application.back');
    if (silence !== before) gone = false;
    // Not for the moment between two proofs.
    if (silentMs(silence, clock.monotonic()) < 3 * LOOK_EVERY_MS) return;
    if (silentMs(silence, clock.monotonic()) >= GONE_AFTER_MS && !gone) await tellGone();
    const judged = judge(silence, await manager.channels(), clock.monotonic());
    ({ silence } = judged);
    for (const { name, to } of judged.moves) await move(name, to);
  }

  async function tellGone(): Promise<void> {
    await manager.setGlobal(SILENT, silence.proof ?? NEVER);
    gone = true;
    log.error(
      { alarm: true, silentMs: Math.round(silentMs(silence, clock.monotonic())) },
      'application.gone',
    );
  }

  async function move(channel: string, to: Place): Promise<void> {
    try {
      const reached = await manager.redirect(channel, CONTEXT, to, 1);
      figures.moves.inc({ to });
      log.warn({ channel, to, reached }, 'channel.taken-on');
    } catch (error) {
      // It may be hanging up at this very moment. The others are not to wait for it; the next look sees what is left.
      log.warn({ channel, to, detail: messageOf(error) }, 'channel.not-taken-on');
    }
  }

  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look).catch((error: unknown) => {
      log.warn({ detail: messageOf(error) }, 'watchdog.blind');
      forget();
    });
  }, LOOK_EVERY_MS);
  return {
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

/** An Asterisk in which no application has ever been has nothing to compare: it is given a word for that. */
async function proofOf(manager: WatchdogDeps['manager']): Promise<string> {
  const proof = await manager.readGlobal(PROOF);
  if (proof === '') await manager.setGlobal(PROOF, NEVER);
  return proof === '' ? NEVER : proof;
}

function measure(registry: Registry, silent: () => number) {
  new Gauge({
    name: 'clinic_application_silent_seconds',
    help: 'How long Asterisk has heard nothing of the process that has the calls; the watchdog acts at 20',
    registers: [registry],
    collect() {
      this.set(silent() / 1000);
    },
  });
  const moves = new Counter({
    name: 'clinic_watchdog_moves_total',
    help: 'Channels the watchdog has taken on: waiting to the message service, left-alone and of-no-use to their end',
    labelNames: ['to'],
    registers: [registry],
  });
  for (const to of ['waiting', 'left-alone', 'of-no-use'] satisfies Place[]) moves.inc({ to }, 0);
  return { moves };
}
