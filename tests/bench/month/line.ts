import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { createDialler, type Dialler } from '../../../src/callbacks/dialler.ts';
import { tellGivenUp } from '../../../src/callbacks/farewell.ts';
import { policyOf } from '../../../src/callbacks/rules.ts';
import { askedAgain } from '../../../src/callbacks/scheduling.ts';
import { createCallbacks, type Callbacks } from '../../../src/callbacks/service.ts';
import type { LedgerEntry } from '../../../src/calls/ledger.ts';
import { createLedgerWriter } from '../../../src/calls/ledger-writer.ts';
import { createCalls, type Calls, type CallsDeps } from '../../../src/calls/service.ts';
import { SPECIALTY_BY_DIGIT } from '../../../src/calls/specialties.ts';
import { dialledBy } from '../../../src/roles/callbacks.ts';
import { createCases, type Cases } from '../../../src/cases/service.ts';
import type { Clock } from '../../../src/clock.ts';
import type { Config } from '../../../src/config.ts';
import { addWorkingSeconds, isOpen, workingSecondsBetween, type Schedule } from '../../../src/hours/rules.ts';
import { readSchedule } from '../../../src/hours/schedule-store.ts';
import { query } from '../../../src/platform/sql.ts';
import type { Routing } from '../../../src/routing/routing.ts';
import { createWaitEstimates } from '../../../src/routing/wait-estimates.ts';
import type { Chance } from '../../support/random.ts';
import { silentLog } from '../../support/silent-log.ts';
import { createExchange, type SimulatedExchange } from '../../support/simulation/exchange.ts';
import { createAsk, newConnection, type Instance } from '../../support/simulation/instance.ts';
import {
  createSimulatedRouting,
  createSnapshotStore,
  createStores,
} from '../../support/simulation/stores.ts';
import { installVirtualTime, type VirtualTime } from '../../support/simulation/time.ts';
import { createWitness } from '../../support/simulation/witness.ts';
import { createPeople, type Visit } from './people.ts';

/**
 * The line on a day of the month: the application's own calls, routing, hours, cases and callbacks, on a PostgreSQL that is
 * real and on an exchange and telephones that are simulated, while time passes as fast as it can. Whatever asks PostgreSQL
 * does so while time stands still.
 */

const ZONE = 'Asia/Tehran';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RECENT_MS = 48 * HOUR;
const ENTRIES_AT_ONCE = 1000;

/** When an expert is there; milliseconds since midnight. */
export interface Shift {
  expertId: string;
  skills: readonly string[];
  from: number;
  to: number;
  breaks: readonly { from: number; to: number }[];
}

export interface LineDay {
  /** Milliseconds since the epoch. */
  midnight: number;
  from: number;
  to: number;
  visits: readonly Visit[];
  shifts: readonly Shift[];
  /** Done every hour, while time stands still. */
  everyHour: () => Promise<void>;
  /** Declared at this moment of the day. */
  closure: { at: number; declare: (now: Date) => Promise<void> } | null;
}

export interface Line {
  live(day: LineDay): Promise<{ visits: number; escalated: number }>;
  cases: Cases;
  /** Of the day that is being lived through, or was last. */
  clock: Clock;
}

export function createLine({ pool, chance, config }: { pool: Pool; chance: Chance; config: Config }): Line {
  let time: VirtualTime | null = null;
  let lastNow = 0;
  const clock: Clock = { now: () => time?.now() ?? lastNow, monotonic: () => time?.now() ?? lastNow };
  let schedule: Schedule;
  const listeners = new Set<() => void>();
  const log = silentLog;
  const instant = (ms: number) => DateTime.fromMillis(ms, { zone: ZONE });
  const hours: CallsDeps['hours'] & Parameters<typeof createCases>[0]['hours'] = {
    check: (specialty, ms = clock.now()) => isOpen(schedule, specialty, instant(ms)),
    workingSecondsBetween: (specialty, from, to) =>
      workingSecondsBetween(schedule, specialty, instant(from), instant(to)),
    addWorkingSeconds: (specialty, from, seconds) =>
      addWorkingSeconds(schedule, specialty, instant(from), seconds),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const cases = createCases({
    ...{ pool, clock, log, hours, areaCode: config.CLINIC_AREA_CODE, zone: ZONE },
    targets: {
      seconds: {
        acknowledge: config.CASE_ACKNOWLEDGE_HOURS * 3600,
        answer: config.CASE_ANSWER_HOURS * 3600,
        resolve: config.CASE_RESOLVE_HOURS * 3600,
      },
      alarmShare: config.CASE_ESCALATE_PERCENT / 100,
    },
    sounds: {} as never,
    onAskedAgain: askedAgain({ clock, hours, ...dialledBy(config) }),
  });
  const callbacks = createCallbacks({
    ...{ pool, clock, log, hours, cases, policy: policyOf(config) },
    ...dialledBy(config),
    areaCode: config.CLINIC_AREA_CODE,
    callsAbandoned: config.CALLBACK_ABANDONED,
    cutOffAfterSeconds: config.CALLBACK_ABANDONED_MINUTES * 60,
    onGivenUp: tellGivenUp,
  });

  async function readHours(): Promise<void> {
    schedule = await readSchedule(pool, ZONE, clock.now());
    for (const listener of listeners) listener();
  }

  async function live(day: LineDay): Promise<{ visits: number; escalated: number }> {
    const began = installVirtualTime(day.midnight + day.from);
    time = began;
    try {
      await readHours();
      return await dayOf({
        ...day,
        time: began,
        chance,
        pool,
        config,
        clock,
        hours,
        cases,
        callbacks,
        readHours,
      });
    } finally {
      lastNow = began.now();
      time = null;
      began.uninstall();
    }
  }

  return { live, cases, clock };
}

type DayDeps = LineDay & {
  time: VirtualTime;
  chance: Chance;
  pool: Pool;
  config: Config;
  clock: Clock;
  hours: CallsDeps['hours'];
  cases: Cases;
  callbacks: Callbacks;
  readHours: () => Promise<void>;
};

async function dayOf(deps: DayDeps): Promise<{ visits: number; escalated: number }> {
  const { time, chance, pool, clock, hours, cases, callbacks, midnight } = deps;
  const after = (at: number, act: () => void) => void time.after(midnight + at - time.now(), act);
  let visits = 0;
  let escalated = 0;
  const people = createPeople({
    ...{ time, chance, exchange: () => exchange },
    setsOutcome: (expertId, digit) => void calls.setOutcome(expertId, digit).catch(() => undefined),
    dialsAgain: (visit) => void time.after(chance.whole(1, 25) * MINUTE, () => enter(visit)),
  });
  function enter(visit: Visit): void {
    visits += 1;
    people.calls(visit);
  }
  const exchange: SimulatedExchange = createExchange({
    ...{ time, chance, witness: createWitness(() => time.now()), trace: () => undefined },
    people: () => people,
  });
  const { calls, routing, connect, entries, handling } = await startLine(deps, exchange);
  connect();
  const writer = createLedgerWriter(pool, silentLog);
  const dialler: Dialler = createDialler({
    ...{ pool, clock, log: silentLog, hours, calls, trunk: deps.config.CALLBACK_TRUNK },
    ledger: { depth: () => entries.length, append: (entry) => Promise.resolve(void entries.push(entry)) },
  });

  async function write(): Promise<void> {
    while (entries.length > 0) await writer.write(entries.splice(0, ENTRIES_AT_ONCE));
  }

  async function look(): Promise<void> {
    await write();
    await cases.openDue(new Date(clock.now() - RECENT_MS));
    escalated += await cases.escalateDue();
    await callbacks.settle();
    await dialler.take();
    handling.rows = await query(pool, 'routing/handling', [new Date(clock.now() - 7 * 24 * HOUR)]);
  }

  for (const shift of deps.shifts) works(shift, routing, after);
  for (const visit of deps.visits) after(visit.at, () => enter(visit));
  const { closure } = deps;
  let declared = closure === null;
  for (let at = deps.from; at <= deps.to; at += 5 * MINUTE) {
    await time.runUntil(midnight + at);
    if (!declared && closure !== null && at >= closure.at) {
      declared = true;
      await closure.declare(new Date(time.now()));
      await deps.readHours();
    }
    await look();
    if ((at - deps.from) % HOUR === 0) await deps.everyHour();
  }
  // Whoever is still on the line is heard out.
  for (let more = 0; more < 60 && exchange.standing().length > 0; more += 1)
    await time.runUntil(time.now() + 5 * MINUTE);
  await time.runUntil(time.now() + 2 * MINUTE);
  const drained = calls.drain();
  await time.runUntil(time.now() + MINUTE);
  await drained;
  await write();
  await cases.openDue(new Date(clock.now() - RECENT_MS));
  await callbacks.settle();
  if (exchange.standing().length > 0) throw new Error(`Still there: ${exchange.standing().join(', ')}`);
  return { visits, escalated };
}

/** Comes, has breaks, and goes. */
function works({ expertId, skills, from, to, breaks }: Shift, routing: Routing, after: DayAfter): void {
  const set = (state: 'ready' | 'paused' | 'offline') => () =>
    void routing.setIntent(expertId, state, state === 'paused' ? 'break' : null, null);
  after(from, () => {
    void routing.putExpert(expertId, skills).then(async () => {
      await routing.setReachable(expertId, true);
      await routing.setIntent(expertId, 'ready', null, null);
    });
  });
  for (const pause of breaks) {
    after(pause.from, set('paused'));
    after(pause.to, set('ready'));
  }
  after(to, set('offline'));
}

type DayAfter = (at: number, act: () => void) => void;

/** The application of this day, with nothing that goes wrong between it and what it asks. */
async function startLine(deps: DayDeps, exchange: SimulatedExchange) {
  const { time, chance, config, clock, hours } = deps;
  const stores = createStores();
  const instance: Instance = {
    ...{ alive: true, lastArrival: 0, linked: false },
    hear: () => undefined,
    onLink: () => undefined,
  };
  const faults = { next: () => null, kill: () => undefined, cut: () => undefined };
  const tools = { time, chance, faults };
  const exchangeLine = createAsk(
    { code: 'ari-timeout', patienceMs: 2000, connection: null },
    instance,
    tools,
  );
  const redisLine = createAsk(
    { code: 'redis-failed', patienceMs: 500, connection: newConnection() },
    instance,
    tools,
  );
  const entries: LedgerEntry[] = [];
  /** What PostgreSQL said when time last stood still. */
  const handling: { rows: unknown[] } = { rows: [] };
  const routingStarts = createSimulatedRouting(stores, redisLine, clock);
  await time.runUntil(time.now() + 1000);
  const routing = await routingStarts;
  const pool = { query: () => Promise.resolve({ rows: handling.rows }) } as never;
  const calls: Calls = createCalls({
    ...{
      telephony: exchange.telephony(instance, exchangeLine),
      routing,
      clock,
      log: silentLog,
      config,
      hours,
    },
    specialties: SPECIALTY_BY_DIGIT,
    waits: createWaitEstimates({ routing, pool, clock, log: silentLog, equityBoundSeconds: 0 }),
    ledger: { append: (entry) => Promise.resolve(void entries.push(entry)) },
    snapshots: createSnapshotStore(stores, redisLine),
    outcomes: { set: () => Promise.resolve('none-missing') },
    recorder: { begin: () => undefined, end: () => undefined },
    vault: { keep: (path) => Promise.resolve({ path, ...NO_SOUND }) },
    observe: () => undefined,
  });
  return {
    ...{ calls, routing, entries, handling },
    connect: () => {
      instance.linked = true;
      exchange.connect(instance, (event) => instance.hear(event));
      instance.onLink('ready');
    },
  };
}

/** What messages hold is judged elsewhere. */
const NO_SOUND = { bytes: 16_000, sha256: '0'.repeat(64), keyId: '0'.repeat(16), fileSha256: '0'.repeat(64) };
