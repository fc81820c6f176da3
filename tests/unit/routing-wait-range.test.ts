import { describe, expect, it } from 'vitest';
import type { ExpertStatus } from '../../src/routing/routing.ts';
import {
  aheadOf,
  boundedRange,
  nobodyAtWork,
  TALKS_NEEDED,
  waitRange,
  type Handling,
} from '../../src/routing/wait-range.ts';
import { exponential, lognormal, simulate, type Scene } from '../support/waits.ts';

const handling = (known: Partial<Handling> = {}): Handling => ({
  ...{ talks: 100_000, meanSeconds: 300, spread: 1, leavingPerSecond: 0, ...known },
});
const ahead = (place: number, share: number, entitled = share) => ({
  ...{ place, share, entitled, staffed: Math.ceil(share), ready: 0 },
});

describe('the range of a wait', () => {
  it('is that of the exponential distribution for the first behind one expert', () => {
    const range = waitRange(ahead(1, 1), handling())!;
    // Exact: 300 s × -ln .9 = 31.6 and 300 s × -ln .1 = 690.8.
    expect(range.lowSeconds).toBeGreaterThan(28);
    expect(range.lowSeconds).toBeLessThan(33);
    expect(range.highSeconds).toBeGreaterThan(675);
    expect(range.highSeconds).toBeLessThan(700);
  });

  it('is that of an Erlang distribution further behind', () => {
    // Erlang(10, 10/300 s): quantiles .1 and .9 are 6.2213 and 14.2060 mean steps of 30 s.
    const range = waitRange(ahead(10, 10), handling())!;
    expect(range.lowSeconds).toBeCloseTo(186.64, -0.5);
    expect(range.highSeconds).toBeCloseTo(426.18, -0.5);
  });

  it('is the narrower the more even the talks are, and the wider the fewer are known', () => {
    const width = (known: Partial<Handling>) => {
      const { lowSeconds, highSeconds } = waitRange(ahead(8, 2), handling(known))!;
      return highSeconds - lowSeconds;
    };
    expect(width({ spread: 0.25 })).toBeLessThan(0.8 * width({}));
    expect(width({ talks: 5 })).toBeGreaterThan(1.3 * width({}));
  });

  it('is shorter where those ahead leave', () => {
    const stays = waitRange(ahead(20, 2), handling())!;
    const leaves = waitRange(ahead(20, 2), handling({ leavingPerSecond: 1 / 300 }))!;
    expect(leaves.highSeconds).toBeLessThan(stays.lowSeconds);
  });

  it('is that of what falls to the queue, after what is left of the bound, where that is sooner', () => {
    const behind = ahead(1, 0.1, 2);
    const entitled = waitRange(ahead(1, 2), handling())!;
    expect(boundedRange(behind, handling(), 60)).toEqual({
      lowSeconds: 60 + entitled.lowSeconds,
      highSeconds: 60 + entitled.highSeconds,
    });
    expect(boundedRange(behind, handling(), null)).toEqual(waitRange(behind, handling()));
    expect(boundedRange(behind, handling(), 100_000)).toEqual(waitRange(behind, handling()));
    expect(boundedRange(ahead(1, 2, 1), handling(), 0)).toEqual(entitled);
  });

  it('is not invented', () => {
    expect(waitRange(ahead(1, 0), handling())).toBeNull();
    expect(waitRange(ahead(1, 1), null)).toBeNull();
    expect(waitRange(ahead(1, 1), handling({ talks: TALKS_NEEDED - 1 }))).toBeNull();
    expect(waitRange({ ...ahead(1, 1), ready: 1 }, handling())).toBeNull();
  });
});

const expert = (
  expertId: string,
  specialties: string[],
  known: Partial<ExpertStatus> = {},
): ExpertStatus => ({
  ...{ expertId, specialties, intent: 'ready', reason: null, pausedUntil: null, reachable: true },
  ...{ activity: 'talking', since: 0, callId: null, wrapUpUntil: null, restUntil: null, misses: 0 },
  ...known,
});
const me = { callId: 'me', specialty: 'finance', score: 100 };
const row = (callId: string, specialty: string, score: number) => ({ callId, specialty, score });

describe('who stands ahead', () => {
  it('counts an expert of two queues by the part that falls to this one', () => {
    const experts = [expert('e1', ['finance']), expert('e2', ['finance', 'transport'])];
    const waiting = [
      row('a', 'finance', 1),
      row('b', 'transport', 2),
      row('c', 'transport', 200),
      row('me', 'finance', 100),
    ];
    expect(aheadOf(me, 2, { experts, waiting })).toEqual({
      place: 2,
      share: 1 + 2 / 3,
      entitled: 1.5,
      staffed: 2,
      ready: 0,
    });
  });

  it('leaves out those who are being rung for, and experts who will not come back', () => {
    const experts = [
      expert('e1', ['finance'], { activity: 'ringing', callId: 'a' }),
      expert('e2', ['finance'], { intent: 'paused' }),
      expert('e3', ['finance'], { activity: 'idle', reachable: false }),
      expert('e4', ['finance'], { activity: 'idle', restUntil: 9 }),
    ];
    const waiting = [row('a', 'finance', 1), row('me', 'finance', 100)];
    expect(aheadOf(me, 2, { experts, waiting })).toEqual({
      place: 1,
      share: 2,
      entitled: 2,
      staffed: 2,
      ready: 0,
    });
  });
});

describe('nobody at work', () => {
  const paused = { intent: 'paused', activity: 'idle' } as const;

  it('is so until the first pause that ends by itself, of whoever is at the telephone', () => {
    const experts = [
      expert('e1', ['transport'], { ...paused, pausedUntil: 1 }),
      expert('e2', ['finance'], { ...paused, pausedUntil: 2, reachable: false }),
      expert('e3', ['finance'], { ...paused, pausedUntil: 30 }),
      expert('e4', ['finance'], { ...paused, activity: 'talking', pausedUntil: 20, reachable: false }),
      expert('e5', ['finance'], paused),
    ];
    expect(nobodyAtWork('finance', experts)).toEqual({ backAt: 20 });
  });

  it('is so for good where nobody comes back by themselves', () => {
    const experts = [
      expert('e1', ['finance'], paused),
      expert('e2', ['finance'], { intent: 'offline', activity: 'idle' }),
    ];
    expect(nobodyAtWork('finance', experts)).toEqual({ backAt: null });
  });
});

const one = (count: number) => Array.from({ length: count }, () => ['finance']);
/** Loads of .85 to 1.4, even and uneven talks, with and without patience, apart and shared. */
const SCENES: Record<string, Omit<Scene, 'seed' | 'hours'>> = {
  'M/M/5, load .9': {
    ...{
      experts: one(5),
      callsPerHour: { finance: 54 },
      handleSeconds: 300,
      handling: exponential,
      patienceSeconds: null,
    },
  },
  'M/M/20, load .97': {
    ...{
      experts: one(20),
      callsPerHour: { finance: 233 },
      handleSeconds: 300,
      handling: exponential,
      patienceSeconds: null,
    },
  },
  'M/M/1, load .85': {
    ...{
      experts: one(1),
      callsPerHour: { finance: 10.2 },
      handleSeconds: 300,
      handling: exponential,
      patienceSeconds: null,
    },
  },
  'M/M/5+M, load 1.4': {
    ...{
      experts: one(5),
      callsPerHour: { finance: 84 },
      handleSeconds: 300,
      handling: exponential,
      patienceSeconds: 600,
    },
  },
  'M/G/5 even talks, load .95': {
    ...{
      experts: one(5),
      callsPerHour: { finance: 57 },
      handleSeconds: 300,
      handling: lognormal,
      patienceSeconds: null,
    },
  },
  'M/G/5+M even talks, load 1.2': {
    ...{
      experts: one(5),
      callsPerHour: { finance: 72 },
      handleSeconds: 300,
      handling: lognormal,
      patienceSeconds: 900,
    },
  },
  'two queues, a third of the experts shared, load 1': {
    experts: [
      ...one(4),
      ...Array.from({ length: 4 }, () => ['transport']),
      ...Array.from({ length: 4 }, () => ['finance', 'transport']),
    ],
    ...{
      callsPerHour: { finance: 82, transport: 62 },
      handleSeconds: 300,
      handling: lognormal,
      patienceSeconds: 900,
    },
  },
};

/** Six of both; transport has more than they can serve, finance a third of what falls to it. */
const FLOOD = {
  experts: Array.from({ length: 6 }, () => ['finance', 'transport']),
  ...{ callsPerHour: { finance: 12, transport: 90 }, handleSeconds: 300, handling: lognormal },
  ...{ patienceSeconds: 3600, boundSeconds: 120, judged: 'finance' },
};

describe('behind a flood of another queue', () => {
  it.each([
    ['with even talks', lognormal],
    ['with uneven ones', exponential],
  ])('eight of ten waits lie inside as well %s', { timeout: 60_000 }, (_how, handling) => {
    const scene = { ...FLOOD, handling, seed: 137, hours: 40 };
    const { told, inside, meanWaitSeconds, widthMinutes } = simulate(scene);
    process.stdout.write(
      `flood: ${told} told, ${(100 * inside).toFixed(1)} % inside, mean wait ${meanWaitSeconds.toFixed(0)} s, said ${widthMinutes.toFixed(1)} minutes wide\n`,
    );
    expect(told).toBeGreaterThan(500);
    expect(inside).toBeGreaterThanOrEqual(0.8);
    // Who knew nothing of the bound would say far too much.
    expect(simulate({ ...scene, knowsBound: false }).inside).toBeLessThan(0.5);
  });
});

describe('eight of ten waits lie inside what was said', () => {
  it.each(Object.entries(SCENES))('%s', { timeout: 60_000 }, (name, scene) => {
    const { told, inside, insideRaw, meanWaitSeconds, widthMinutes } = simulate({
      ...scene,
      seed: 137,
      hours: 40,
    });
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    process.stdout.write(
      `${name}: ${told} told, ${percent(inside)} inside as said (${percent(insideRaw)} before rounding), mean wait ${meanWaitSeconds.toFixed(0)} s, said ${widthMinutes.toFixed(1)} minutes wide\n`,
    );
    expect(told).toBeGreaterThan(500);
    expect(inside).toBeGreaterThanOrEqual(0.8);
  });
});
