import { randomInt } from 'node:crypto';
import type { Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { References } from '../cases/references.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { fault } from '../platform/fault.ts';
import { aborted } from '../platform/signals.ts';
import type { Recorder } from '../recordings/recorder.ts';
import type { Vault } from '../recordings/vault.ts';
import type { Routing } from '../routing/routing.ts';
import type { WaitEstimates } from '../routing/wait-estimates.ts';
import { createPerform } from './effects.ts';
import { callbackArrival } from './arrival.ts';
import { callbackChannel, callIdOf } from './identity.ts';
import { beginCallback, type Promised } from './machine.ts';
import { createClosing } from './closing.ts';
import { createComparison } from './comparison.ts';
import type { EarlierExperts } from './earlier-expert.ts';
import { calledBack, callingBack, isHere, liveCount, waiting } from './figures.ts';
import type { EarlierWaits } from './earlier-waits.ts';
import { createHandover } from './handover.ts';
import { createImports } from './imports.ts';
import { insistent } from './insistence.ts';
import { createLater } from './later.ts';
import type { Ledger } from './ledger.ts';
import type { MissingOutcomes } from './missing-outcomes.ts';
import { carefully, observedLedger, observedPerform, type CallObserver } from './observer.ts';
import { OUTCOME_BY_DIGIT } from './outcomes.ts';
import { createRestoration } from './restoration.ts';
import { performanceOf, settingsOf } from './settings.ts';
import type { Snapshots } from './snapshots.ts';
import { createSwitchboard } from './switchboard.ts';
import { startTakingUp } from './take-up.ts';
import { createTalks, type Talks } from './talks.ts';

/** `refused`: the digit means nothing. */
export type KeyedOutcome = 'saved' | 'saved-earlier' | 'none-missing' | 'refused';

/** The calls of this process: from the link's first proof of life to the last row. */
export interface Calls extends Talks {
  /** True while every part a new call needs is there. */
  ready: () => boolean;
  /** Resolves when the calls in the exchange have been taken up; at once where they are, or never will be by this process. */
  takenUp: () => Promise<void>;
  liveCount(): Map<string, number>;
  /** Citizens without an expert: the specialty they wait for, and since when (ms since the epoch). */
  waiting(): { specialty: string; queuedAt: number }[];
  /** Disagreements between Redis and the live calls that were mended. */
  mended(): number;
  /**
   * By keypad: of the talk or wrap-up the expert is in (`saved`), else of the latest talk that has none yet.
   * @throws `calls-not-ready`, `call-not-written`: not to be said now
   */
  setOutcome(expertId: string, digit: string): Promise<KeyedOutcome>;
  /** Ids of an attempt to call back, to be kept before it begins; null: none can begin now. */
  nameCallback(): Pick<DueCallback, 'callId' | 'channelId'> | null;
  /** Lets a due promise wait for an expert in its own place; the citizen is dialled when one is reserved. */
  callBack(promised: DueCallback): void;
  /** The attempt is not wanted any more; does nothing to a citizen who is being dialled or on the line. */
  recall(callId: string): void;
  /** Callback → the call that is to keep it, for all that live here. */
  callingBack(): ReadonlyMap<string, string>;
  /** Calls to citizens whose channels the exchange has, whoever leads them. @throws AsteriskFault */
  calledBack(): Promise<ReadonlySet<string>>;
  /** Waits until every call has handled what was told so far. */
  settled(): Promise<void>;
  importMissed(): Promise<void>;
  /** Redis was emptied: rings, talks, places and snapshots are put back. May be repeated. @throws `redis-failed` */
  putBack(): Promise<{ held: number; waiting: number }>;
  /**
   * Begins nothing more and lets what is in progress finish, at most withinMs; the calls themselves go on in Asterisk for
   * whoever takes them up. Events are heard no longer by then (Telephony.stopHearing).
   */
  drain(withinMs?: number): Promise<void>;
}

/** A promise whose time has come. */
export interface DueCallback extends Promised {
  /** As `nameCallback` gave them. */
  callId: string;
  channelId: string;
}

export interface CallsDeps {
  telephony: Telephony;
  routing: Routing;
  /** How long citizens are told they will wait; without them they are not told. */
  waits?: WaitEstimates;
  earlier?: EarlierExperts;
  earlierWaits?: EarlierWaits;
  hours: Pick<Hours, 'check' | 'workingSecondsBetween' | 'onChange'>;
  /** Whether a number is listed as a nuisance, from memory; without it none is. */
  isListed?: (number: string) => boolean;
  /** Under which number a citizen will know what the call leaves; without them it is not told. */
  references?: References;
  ledger: Ledger;
  snapshots: Snapshots;
  outcomes: Pick<MissingOutcomes, 'set'>;
  recorder: Pick<Recorder, 'begin' | 'end'>;
  /** Where messages are kept that citizens have spoken. */
  vault: Pick<Vault, 'keep'>;
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

export function createCalls(deps: CallsDeps): Calls {
  const { routing, log, config } = deps;
  const telephony = insistent(deps.telephony);
  const settings = settingsOf(config, deps.specialties);
  const repeated = createLater(log);
  const later = (work: () => Promise<unknown>) => repeated.add(work);
  const shared = {
    ...deps,
    telephony,
    later,
    settings,
    asteriskId: () => takeUp.asteriskId(),
    areaCode: config.CLINIC_AREA_CODE,
  };
  const perform = createPerform({
    ...deps,
    ...{ telephony, later },
    ...performanceOf(config, (number) => isHere(switchboard.live(), number)),
  });
  const observe = carefully(deps.observe, log);
  const switchboard = createSwitchboard({ ...shared, perform: observedPerform(perform, observe) });
  const closing = createClosing({
    ...{ hours: deps.hours, clock: deps.clock, live: () => switchboard.live() },
    zone: config.CLINIC_TIMEZONE,
    specialties: Object.values(deps.specialties),
    graceSeconds: config.CLOSING_GRACE_SECONDS,
  });
  const restored = {
    ...{ routing, switchboard, log, wrapUpSeconds: settings.wrapUpSeconds },
    complete: () => takeUp.ready(),
  };
  const comparison = createComparison(restored);
  const restoration = createRestoration({ ...restored, snapshots: deps.snapshots });
  const handover = createHandover({
    ...shared,
    ledger: observedLedger(deps.ledger, observe),
    startedAt: () => takeUp.startedAt(),
    hasEnded: (callId) => switchboard.hasEnded(callId),
  });
  const imports = createImports({ telephony, handover, log });
  const takeUp = startTakingUp({
    ...shared,
    ...{ switchboard, imports },
    onTakenUp: () => {
      closing.start();
      deps.onReady?.();
    },
  });

  async function setOutcome(expertId: string, digit: string): Promise<KeyedOutcome> {
    const code = OUTCOME_BY_DIGIT[digit];
    if (code === undefined) return 'refused';
    if (switchboard.setOutcome(expertId, code)) return 'saved';
    // A wrap-up that nobody has taken up yet would be passed over for an earlier talk.
    if (!takeUp.ready()) throw fault('calls-not-ready', 'The calls have not been taken up yet');
    return deps.outcomes.set(expertId, code, switchboard.lastCallOf(expertId));
  }

  return {
    ready: () => takeUp.ready(),
    takenUp: () => takeUp.takenUp(),
    liveCount: () => liveCount(switchboard.live()),
    waiting: () => waiting(switchboard.live()),
    mended: () => comparison.mended(),
    nameCallback: () => {
      if (!takeUp.ready() || takeUp.asteriskId() === '') return null;
      const channelId = callbackChannel(deps.clock.now(), randomInt(MOST_SERIALS));
      return { channelId, callId: callIdOf(takeUp.asteriskId(), channelId) };
    },
    callBack: (promised) => {
      const now = deps.clock.now();
      const arrival = callbackArrival(promised, takeUp.asteriskId(), now);
      switchboard.take(beginCallback(arrival, promised, settings, now));
    },
    recall: (callId) => switchboard.live().get(callId)?.post({ type: 'recalled' }),
    callingBack: () => callingBack(switchboard.live()),
    calledBack: async () => calledBack(await telephony.channels(), takeUp.asteriskId()),
    settled: () => switchboard.settle(),
    setOutcome,
    // Without the link it is started as soon as the calls are taken up.
    importMissed: () => (takeUp.ready() ? handover.start() : Promise.resolve()),
    ...createTalks(() => switchboard.live()),
    putBack: () => restoration.all(),
    drain: async (withinMs = REST_WITHIN_MS) => {
      const limit = AbortSignal.timeout(withinMs);
      takeUp.stopHearing();
      comparison.close();
      closing.close();
      // An offer that a last step brings about is still rung: routing is listened to until nothing moves any more.
      await switchboard.rest(limit);
      await Promise.race([imports.done(), aborted(limit)]);
      takeUp.stopRouting();
      if ((await repeated.flush()) === 0) await switchboard.saveAll();
      repeated.close();
    },
  };
}

/** Of the channels named within one second; two of the same name would be the same call. */
const MOST_SERIALS = 1_000_000_000;
