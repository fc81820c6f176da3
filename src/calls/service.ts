import type { Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { aborted } from '../platform/signals.ts';
import type { Routing } from '../routing/routing.ts';
import { createPerform } from './effects.ts';
import type { Call, Settings, State } from './call.ts';
import { createComparison } from './comparison.ts';
import { createHandover } from './handover.ts';
import { insistent } from './insistence.ts';
import { createLater } from './later.ts';
import type { Ledger } from './ledger.ts';
import { carefully, observedLedger, observedPerform, type CallObserver } from './observer.ts';
import { reconcile } from './reconcile.ts';
import { createRestoration } from './restoration.ts';
import type { Snapshots } from './snapshots.ts';
import { createSwitchboard } from './switchboard.ts';

/** The calls of this process: from the link's first proof of life to the last row. */
export interface Calls {
  /** True while every part a new call needs is there. */
  ready(): boolean;
  liveCount(): Map<string, number>;
  /** Citizens without an expert: the specialty they wait for, and since when (ms since the epoch). */
  waiting(): { specialty: string; queuedAt: number }[];
  /** Disagreements between Redis and the live calls that were mended. */
  mended(): number;
  setOutcome(expertId: string, digit: string): 'saved' | 'refused';
  importMissed(): Promise<void>;
  /** Redis was emptied: rings, talks, places and snapshots are put back. May be repeated. @throws `redis-failed` */
  putBack(): Promise<{ held: number; waiting: number }>;
  /**
   * Begins nothing more and lets what is in progress finish, at most withinMs; the calls themselves go on in Asterisk for
   * whoever takes them up. Events are heard no longer by then (Telephony.stopHearing).
   */
  drain(withinMs?: number): Promise<void>;
}

export interface CallsDeps {
  telephony: Telephony;
  routing: Routing;
  hours: Pick<Hours, 'check'>;
  ledger: Ledger;
  snapshots: Snapshots;
  clock: Clock;
  log: Log;
  config: Config;
  /** Digit of the menu → specialty. */
  specialties: Readonly<Record<string, string>>;
  /** Told of every fact that is written down. */
  observe: CallObserver;
  /** Events told before these calls were there to hear them, in order. */
  heard?: readonly TelephonyEvent[];
  /** Told each time the calls are taken up and new ones are taken. */
  onReady?: () => void;
}

/** A step is some requests of milliseconds; only an exchange that does not answer (2 s a request) makes it longer. */
const REST_WITHIN_MS = 4000;
const MENU_PROMPTS = 3;

export function settingsOf(config: Config, specialties: Readonly<Record<string, string>>): Settings {
  return {
    specialties,
    defaultSpecialty: config.DEFAULT_SPECIALTY,
    menuPrompts: MENU_PROMPTS,
    menuTimeoutSeconds: config.MENU_TIMEOUT_SECONDS,
    ringSeconds: config.RING_SECONDS,
    wrapUpSeconds: config.WRAP_UP_SECONDS,
    positionRepeatSeconds: config.POSITION_REPEAT_SECONDS,
  };
}

export function createCalls(deps: CallsDeps): Calls {
  const { routing, log, config } = deps;
  const telephony = insistent(deps.telephony);
  const settings = settingsOf(config, deps.specialties);
  let asteriskId = '';
  let ready = false;
  const repeated = createLater(log);
  const later = (work: () => Promise<unknown>) => repeated.add(work);
  const shared = {
    ...deps,
    telephony,
    later,
    settings,
    asteriskId: () => asteriskId,
    areaCode: config.CLINIC_AREA_CODE,
  };
  const perform = createPerform({
    ...deps,
    ...{ telephony, later },
    zone: config.CLINIC_TIMEZONE,
    ringSeconds: config.RING_SECONDS,
    callerId: `"${config.CLINIC_NUMBER}-${config.CLINIC_OPTION}" <${config.CLINIC_NUMBER}>`,
  });
  const observe = carefully(deps.observe, log);
  const switchboard = createSwitchboard({ ...shared, perform: observedPerform(perform, observe) });
  const restored = { routing, switchboard, log, wrapUpSeconds: settings.wrapUpSeconds };
  const comparison = createComparison(restored);
  const restoration = createRestoration(restored);
  const handover = createHandover({
    ...shared,
    ledger: observedLedger(deps.ledger, observe),
    recordingsDir: config.RECORDINGS_DIR,
    hasEnded: (callId) => switchboard.hasEnded(callId),
  });

  /** Events of the time in which we do not yet know what is there; null once we do. */
  let held: TelephonyEvent[] | null = [...(deps.heard ?? [])];

  function pass(event: TelephonyEvent): void {
    if (event.type === 'channel-entered' && event.args[0] === 'missed')
      imports.track(missed(event.channel.id, event.args));
    else switchboard.handle(event);
  }

  const imports = createUnderWay();
  let connection = 0;
  let retry: NodeJS.Timeout | undefined;

  /** Once for every connection; one that has been overtaken by the next stops where it is. */
  async function takeUp(mine: number): Promise<void> {
    try {
      asteriskId = (await telephony.asteriskInfo()).systemName;
      if (mine !== connection) return;
      const entering = () =>
        new Set(held?.map((event) => (event.type === 'channel-entered' ? event.channel.id : '')));
      await reconcile({ ...shared, switchboard, entering });
      if (mine !== connection) return;
      const waiting = held ?? [];
      held = null;
      for (const event of waiting) pass(event);
      ready = telephony.link() === 'ready';
      deps.onReady?.();
      importMissed();
    } catch (error) {
      if (mine !== connection) return;
      log.error({ err: error }, 'calls.not-reconciled');
      retry = setTimeout(() => void takeUp(mine), RECONCILE_AGAIN_MS);
    }
  }

  /** Not found to work now, it is tried again by the clock. */
  function importMissed(): void {
    handover.start().catch((error: unknown) => log.warn({ err: error }, 'missed.not-started'));
  }

  const stopHearing = [
    telephony.onEvent((event) => (held === null ? pass(event) : void held.push(event))),
    telephony.onLink((state) => {
      ready = false;
      held = [];
      connection += 1;
      clearTimeout(retry);
      if (state === 'ready') void takeUp(connection);
    }),
  ];
  const stopRouting = [
    routing.onOffer((offer) => switchboard.offered(offer)),
    routing.onChange((change) => {
      if (change.type === 'wrap-up-ended') switchboard.wrapUpEnded(change.callId, change.expertId);
    }),
  ];
  if (telephony.link() === 'ready') void takeUp(connection);

  async function missed(channelId: string, args: readonly string[]): Promise<void> {
    try {
      await handover.take(channelId, args);
    } catch (error) {
      log.error({ err: error }, 'missed.not-imported');
      await telephony.hangup(channelId).catch((fault: unknown) => log.warn({ err: fault }, 'request.failed'));
    }
  }

  return {
    ready: () => ready,
    liveCount: () => countStates([...switchboard.live().values()].map((runner) => runner.call().state)),
    waiting: () => waitingOf([...switchboard.live().values()].map((runner) => runner.call())),
    mended: () => comparison.mended(),
    setOutcome: (expertId, digit) => switchboard.setOutcome(expertId, digit),
    // Without the link it is started as soon as the calls are taken up.
    importMissed: () => (ready ? handover.start() : Promise.resolve()),
    putBack: () => restoration.all(),
    drain: async (withinMs = REST_WITHIN_MS) => {
      const limit = AbortSignal.timeout(withinMs);
      connection += 1;
      clearTimeout(retry);
      comparison.close();
      for (const stop of stopHearing) stop();
      // An offer that a last step brings about is still rung: routing is listened to until nothing moves any more.
      await switchboard.rest(limit);
      await Promise.race([imports.done(), aborted(limit)]);
      for (const stop of stopRouting) stop();
      if ((await repeated.flush()) === 0) await switchboard.saveAll();
      repeated.close();
    },
  };
}

const RECONCILE_AGAIN_MS = 1000;

const WITHOUT_EXPERT: ReadonlySet<State> = new Set(['position', 'waiting', 'ringing', 'connecting']);

function waitingOf(calls: readonly Call[]): { specialty: string; queuedAt: number }[] {
  return calls.flatMap(({ state, specialty, queuedAt }) =>
    WITHOUT_EXPERT.has(state) && specialty !== null && queuedAt !== null ? [{ specialty, queuedAt }] : [],
  );
}

/** Work that nobody waits for but the end. */
function createUnderWay(): { track(work: Promise<void>): void; done(): Promise<void> } {
  const all = new Set<Promise<void>>();
  return {
    track: (work) => {
      all.add(work);
      void work.finally(() => all.delete(work));
    },
    done: async () => void (await Promise.all(all)),
  };
}

function countStates(states: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
