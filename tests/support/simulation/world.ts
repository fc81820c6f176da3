import { DateTime } from 'luxon';
import { createCalls, type Calls, type CallsDeps } from '../../../src/calls/service.ts';
import { isCallbackChannel } from '../../../src/calls/identity.ts';
import { SPECIALTY_BY_DIGIT } from '../../../src/calls/specialties.ts';
import type { Config } from '../../../src/config.ts';
import type { Routing } from '../../../src/routing/routing.ts';
import { chance as chanceOf, type Chance } from '../random.ts';
import { T0 } from '../routing.ts';
import { silentLog } from '../silent-log.ts';
import { createExchange, type People, type SimulatedExchange } from './exchange.ts';
import { createAsk, newConnection, type Instance, type Mishap } from './instance.ts';
import { judge, unknown } from './judge.ts';
import {
  append,
  createSimulatedRouting,
  createSnapshotStore,
  createStores,
  empty,
  type Stores,
} from './stores.ts';
import { keepPromises } from './promises.ts';
import { installVirtualTime, type VirtualTime } from './time.ts';
import { createWitness, KEPT_MS, type Witness } from './witness.ts';

/**
 * A day at the line in a moment: the application as it is, among simulated people, exchange and stores, with what goes wrong
 * wherever it waits for something. Everything follows from the seed and the mishap, and comes again with them.
 */
export interface Day {
  seed: number;
  citizens: number;
  experts: number;
  /** Citizens who were promised a call. */
  promised?: number;
  /** Number of the request that goes wrong, counted from 1. */
  mishaps?: ReadonlyMap<number, Mishap>;
  troubles?: readonly Trouble[];
  /** Told what happens, for whoever follows one day. */
  trace?: (line: string) => void;
}

/**
 * At this millisecond of the day, and for how long. redis-emptied: loses everything. redis-away: answers nothing.
 * socket-lost: the application hears nothing of the exchange, and asks it nothing. exchange-restarted: the same, and no call is left.
 */
export interface Trouble {
  what: 'redis-emptied' | 'redis-away' | 'socket-lost' | 'exchange-restarted' | 'killed';
  at: number;
  forMs?: number;
}

export interface Outcome {
  /** What should not have been, in words; empty: all holds. */
  wrong: string[];
  /** Requests in order, by name. */
  requests: string[];
}

const CONFIG = {
  DEFAULT_SPECIALTY: 'urban-services',
  MENU_TIMEOUT_SECONDS: 6,
  RING_SECONDS: 8,
  CLOSING_GRACE_SECONDS: 5,
  CLOSING_NOTICE_MINUTES: 1,
  WRAP_UP_SECONDS: 4,
  POSITION_REPEAT_SECONDS: 20,
  SAME_EXPERT_SECONDS: KEPT_MS / 1000,
  SURVEY_ENABLED: true,
  SURVEY_MIN_TALK_SECONDS: 2,
  CLINIC_AREA_CODE: '21',
  CLINIC_TIMEZONE: 'Asia/Tehran',
  CLINIC_NUMBER: '137',
  CLINIC_OPTION: '8',
  RECORDINGS_DIR: '/nowhere',
  CALLBACK_TRUNK: 'out',
  CALLBACK_DESTINATIONS: '+98',
  CALLBACK_NUMBER_FORM: 'national',
  CALLBACK_RING_SECONDS: 8,
} as unknown as Config;

const SPECIALTIES = ['urban-planning', 'transport', 'urban-services'];

/** All have called by then. */
const CALLS_WITHIN_MS = 20_000;
/** By then a living line has served them all, though experts who decline twice are paused for five minutes, again and again. */
const OVER_BY_MS = 1_800_000;
const REBUILT_WITHIN_MS = 5000;
const HEARTBEAT_LIVES_MS = 3500;
/** By then the watchdog has let go who was left alone, and the last words are being said. */
const LET_GO_BY_MS = 10_000;
/** Nothing may be left over after this time. */
const REST_MS = 61_000;

export interface World {
  time: VirtualTime;
  chance: Chance;
  witness: Witness;
  stores: Stores;
  exchange: SimulatedExchange;
  calls: Calls | null;
}

export async function live(day: Day): Promise<Outcome> {
  const time = installVirtualTime(T0);
  try {
    return await liveThrough(day, time);
  } finally {
    time.uninstall();
  }
}

async function liveThrough(day: Day, time: VirtualTime): Promise<Outcome> {
  const { seed, citizens, experts, mishaps } = day;
  const trace = (line: string) => day.trace?.(`${((time.now() - T0) / 1000).toFixed(3)} ${line}`);
  const chance = chanceOf(seed);
  const witness = createWitness(() => time.now());
  const stores = createStores();
  const requests: string[] = [];
  const hours = createHours(seed, () => time.now());
  const exchange = createExchange({ time, chance, witness, trace, people: () => people });
  let running: { instance: Instance; calls: Calls | null; routing: Routing | null } | null = null;
  let awaySince: number | null = time.now();

  const faults = {
    next: (name: string): Mishap | null => {
      requests.push(name);
      const mishap = mishaps?.get(requests.length) ?? null;
      trace(`${requests.length} ${name} ${mishap ?? ''}`);
      if (mishap !== null) witness.broke();
      return mishap;
    },
    kill: (instance: Instance) => {
      if (!instance.alive) return;
      trace('killed');
      Object.assign(instance, { alive: false, linked: false, lastArrival: time.now() + chance.whole(0, 4) });
      exchange.disconnect(instance);
      awaySince ??= time.now();
      time.after(chance.whole(200, 3000), start);
    },
    cut: () => cutOff(LET_GO_BY_MS),
  };

  function onlyKills(name: string): Mishap | null {
    const mishap = faults.next(name);
    return mishap === 'killed-before' || mishap === 'killed-after' ? mishap : null;
  }

  function link(instance: Instance): void {
    if (!instance.alive) return;
    instance.linked = true;
    exchange.connect(instance, (event) => instance.hear(event));
    instance.onLink('ready');
  }

  function start(): void {
    const instance: Instance = {
      ...{ alive: true, lastArrival: 0, linked: false },
      hear: () => undefined,
      onLink: () => undefined,
    };
    const tools = { time, chance, faults };
    const exchangeLine = createAsk(
      {
        ...{ code: 'ari-timeout', patienceMs: 2000, connection: null },
        refused: () => (instance.linked ? null : 'link-down'),
      },
      instance,
      tools,
    );
    const toRedis = { code: 'redis-failed', patienceMs: 500, connection: newConnection() };
    const isAway = () => (stores.redis.status === 'ready' ? null : 'redis-failed');
    const redisLine = createAsk({ ...toRedis, refused: isAway }, instance, tools);
    // An entry is never given up by the outbox: it is there (in PostgreSQL without Redis), or the process is no more.
    const ledgerLine = createAsk(toRedis, instance, { ...tools, faults: { ...faults, next: onlyKills } });
    const clock = { now: () => time.now(), monotonic: () => time.now() };
    const telephony = exchange.telephony(instance, exchangeLine);
    const mine = { instance, calls: null as Calls | null, routing: null as Routing | null };
    running = mine;
    const begin = async () => {
      const routing = await untilItWorks(time, () => createSimulatedRouting(stores, redisLine, clock));
      mine.routing = routing;
      mine.calls = createCalls({
        ...{ telephony, routing, clock, log: silentLog, config: CONFIG, specialties: SPECIALTY_BY_DIGIT },
        hours,
        ledger: { append: (entry) => ledgerLine('append', () => append(stores, entry)) },
        snapshots: createSnapshotStore(stores, redisLine),
        outcomes: { set: () => Promise.resolve('none-missing') },
        recorder: { begin: () => undefined, end: () => undefined },
        vault: { keep: () => Promise.reject(new Error('Nobody leaves a message here')) },
        observe: () => undefined,
        onReady: () => {
          if (awaySince !== null) witness.away(awaySince, time.now());
          awaySince = null;
        },
      });
      time.after(chance.whole(5, 50), () => link(instance));
    };
    void begin();
  }

  const people = createPeople({ time, chance, exchange: () => exchange, reach });

  /** What the room of the experts tells routing of a telephone that comes or goes. */
  function reach(expertId: string, reachable: boolean): void {
    const routing = running?.instance.alive === true ? running.routing : null;
    const told = routing?.setReachable(expertId, reachable) ?? Promise.reject(new Error('nobody there'));
    told.catch(() => time.after(1000, () => reach(expertId, reachable)));
  }

  const roster = Array.from({ length: experts }, (_, i) => `e${String(i + 1).padStart(3, '0')}`);
  for (const id of roster) {
    stores.model.putExpert(time.now(), id, SPECIALTIES);
    stores.model.setReachable(time.now(), id, true);
    stores.model.setIntent(time.now(), id, 'ready', null, null);
  }
  start();
  for (const { what, at, forMs = 0 } of day.troubles ?? [])
    time.after(at, () => {
      trace(`${what} ${forMs}`);
      witness.broke();
      befalls[what](forMs);
    });

  const befalls: Record<Trouble['what'], (forMs: number) => void> = {
    'redis-emptied': () => {
      empty(stores);
      const since = time.now();
      // A second trouble may hold it up.
      if (day.troubles?.length === 1)
        time.after(REBUILT_WITHIN_MS, () => {
          for (const one of unknown({ stores, exchange, witness }, since)) witness.saw(one);
        });
      time.after(chance.whole(0, 1000), rebuild);
    },
    'redis-away': (forMs) => {
      stores.redis.status = 'reconnecting';
      time.after(forMs, () => {
        stores.redis.status = 'ready';
        stores.redis.emit('ready');
        // The last heartbeat has died meanwhile.
        if (forMs > HEARTBEAT_LIVES_MS) rebuild();
      });
    },
    'socket-lost': cutOff,
    'exchange-restarted': (forMs) => {
      cutOff(forMs);
      exchange.restart();
    },
    killed: () => faults.kill(running!.instance),
  };

  function cutOff(forMs: number): void {
    const { instance } = running!;
    if (!instance.linked) return;
    instance.linked = false;
    exchange.disconnect(instance);
    awaySince ??= time.now();
    instance.onLink('down');
    time.after(forMs, () => link(instance));
  }

  /** As the room of the experts does: who there is, then who is at work, then who can be reached. Again until it works. */
  function rebuild(): void {
    const { instance, calls, routing } = running ?? {};
    if (instance?.alive !== true || !calls || !routing) return void time.after(1000, rebuild);
    muster(routing, calls).catch(() => time.after(200, rebuild));
  }

  async function muster(routing: Routing, calls: Calls): Promise<void> {
    for (const id of roster) {
      await routing.putExpert(id, SPECIALTIES);
      const status = await routing.expert(id);
      if (status?.intent !== 'ready') await routing.setIntent(id, 'ready', null, null);
    }
    await calls.putBack();
    for (const id of roster) await routing.setReachable(id, !people.isAway(id));
  }

  for (let i = 0; i < citizens; i += 1)
    time.after(chance.whole(0, CALLS_WITHIN_MS), () => people.citizenCalls());

  const promises = keepPromises(day.promised ?? 0, {
    ...{ time, chance, stores },
    isOpen: () => hours.check(null, time.now()).open,
    calls: () => (running?.instance.alive === true ? running.calls : null),
  });
  const haveCalled = () => witness.citizens().filter(({ id }) => !isCallbackChannel(id)).length;
  const all = () =>
    haveCalled() === citizens && exchange.standing().length === 0 && promises.open().length === 0;
  await time.runUntil(T0 + CALLS_WITHIN_MS);
  await time.runUntil(T0 + OVER_BY_MS, all);
  await time.runUntil(time.now() + REST_MS);
  const calls = (running as { calls: Calls | null } | null)?.calls ?? null;
  const wrong = [...judge({ time, chance, witness, stores, exchange, calls }), ...promises.open()];
  if (haveCalled() !== citizens) throw new Error(`Only ${haveCalled()} have called`);
  return { wrong, requests };
}

const LONGEST_DAY_MS = 45_000;

/** Every third day the hours end while people call, and open again on the next. */
function createHours(seed: number, now: () => number): CallsDeps['hours'] {
  const { whole } = chanceOf(seed);
  const endsAt = seed % 3 === 0 ? T0 + whole(3000, LONGEST_DAY_MS) : Infinity;
  const closesAt = Number.isFinite(endsAt) ? DateTime.fromMillis(endsAt) : null;
  const again = DateTime.fromMillis(T0).plus({ days: 1 });
  return {
    check: (_specialty, at = now()) =>
      at < endsAt
        ? { open: true, reason: 'weekly', closure: null, holiday: null, opensAt: null, closesAt }
        : {
            ...({ open: false, reason: 'outside-hours', closure: null, holiday: null } as const),
            ...{ opensAt: again, closesAt: null },
          },
    workingSecondsBetween: (_specialty, from, to) => Math.max(0, Math.min(to, endsAt) - from) / 1000,
    onChange: () => () => undefined,
  };
}

/** As the role does while it starts: Redis may be away just then. */
async function untilItWorks<T>(time: VirtualTime, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await new Promise<void>((resolve) => void time.after(500, resolve));
    }
  }
}

interface PeopleDeps {
  time: VirtualTime;
  chance: Chance;
  exchange: () => SimulatedExchange;
  reach: (expertId: string, reachable: boolean) => void;
}

/** Q.850 */
const DECLINED = 21;
const BUSY = 17;
const NORMAL = 16;
const OUT_OF_ORDER = 27;

function createPeople({
  time,
  chance,
  exchange,
  reach,
}: PeopleDeps): People & { citizenCalls(): void; isAway(expertId: string): boolean } {
  const away = new Set<string>();
  const choice = new Map<string, string>();

  function vanish(expertId: string, forMs: number): void {
    if (away.has(expertId)) return;
    away.add(expertId);
    exchange().telephone(expertId, false);
    reach(expertId, false);
    time.after(forMs, () => {
      away.delete(expertId);
      exchange().telephone(expertId, true);
      reach(expertId, true);
    });
  }

  /** Most answer, some with a key that is none, some hang up, the others say nothing. */
  function rates(channel: string): void {
    const does = chance.whole(1, 100);
    const afterMs = chance.whole(50, 8000);
    if (does <= 60) time.after(afterMs, () => exchange().press(channel, chance.pick(['1', '4', '5', '7'])));
    else if (does <= 70) time.after(afterMs, () => exchange().hangUp(channel, NORMAL));
  }

  /** Most want to talk; some do not, some hang up, the others are machines. */
  function isInvited(channel: string): void {
    const does = chance.whole(1, 100);
    const afterMs = chance.whole(50, 6000);
    if (does <= 60) time.after(afterMs, () => exchange().press(channel, '1'));
    else if (does <= 80) time.after(afterMs, () => exchange().press(channel, chance.pick(['2', '3', '7'])));
    else if (does <= 90) time.after(afterMs, () => exchange().hangUp(channel, NORMAL));
  }

  return {
    called: (_number, { answer, refuse }) => {
      const does = chance.whole(1, 100);
      if (does <= 65) time.after(chance.whole(100, 5000), answer);
      else if (does <= 80) time.after(chance.whole(20, 2000), () => refuse(BUSY));
    },
    isAway: (expertId) => away.has(expertId),
    citizenCalls: () => {
      const channel = exchange().citizenCalls();
      choice.set(channel, chance.pick(['1', '1', '2']));
      // Most stay until they are served; some have no patience.
      if (chance.percent(30)) time.after(chance.whole(100, 40_000), () => exchange().hangUp(channel, NORMAL));
    },
    hears: (channel, sounds) => {
      // Few would rather be called back than wait.
      if (sounds.includes('queue/keys') && chance.percent(10))
        time.after(chance.whole(50, 4000), () => exchange().press(channel, chance.pick(['1', '2'])));
      // Of those who call too late, or have waited in vain, some say how they want to be helped, and some hang up.
      if (sounds.includes('closed/keys') || sounds.includes('closed/we-call')) {
        const does = chance.whole(1, 100);
        const afterMs = chance.whole(50, 9000);
        if (does <= 40) time.after(afterMs, () => exchange().press(channel, chance.pick(['1', '2', '5'])));
        else if (does <= 60) time.after(afterMs, () => exchange().hangUp(channel, NORMAL));
      }
      if (sounds.includes('survey/question')) return rates(channel);
      if (sounds.includes('callback/keys')) return isInvited(channel);
      if (!sounds.includes('clinic/menu') && !sounds.includes('clinic/greeting')) return;
      if (chance.percent(85))
        time.after(chance.whole(50, 2500), () => exchange().press(channel, choice.get(channel) ?? '1'));
    },
    rings: (expertId, { answer, refuse }) => {
      if (away.has(expertId)) return 'unreachable';
      const does = chance.whole(1, 100);
      if (does <= 75) time.after(chance.whole(20, 4000), answer);
      else if (does <= 85) time.after(chance.whole(20, 3000), () => refuse(DECLINED));
      else if (does <= 92)
        time.after(chance.whole(20, 3000), () => {
          vanish(expertId, 5000);
          refuse(OUT_OF_ORDER);
        });
      return 'rings';
    },
    joined: (citizen, leg, expertId) => {
      const afterMs = chance.whole(1, 8000);
      const does = chance.whole(1, 100);
      if (does <= 45) time.after(afterMs, () => exchange().hangUp(citizen, NORMAL));
      else if (does <= 90) time.after(afterMs, () => exchange().hangUp(leg, NORMAL));
      else
        time.after(afterMs, () => {
          // Of a telephone that is away already nothing tells that its voice is gone as well.
          if (does <= 95 || away.has(expertId)) exchange().hangUp(leg, OUT_OF_ORDER);
          else exchange().fallsSilent(leg);
          vanish(expertId, 5000);
        });
    },
    over: (channel) => void choice.delete(channel),
  };
}
