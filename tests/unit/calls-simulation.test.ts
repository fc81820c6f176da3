import { describe, expect, it } from 'vitest';
import { chance } from '../support/random.ts';
import type { Mishap } from '../support/simulation/instance.ts';
import { live, type Day, type Trouble } from '../support/simulation/world.ts';

/**
 * The shell around the table of calls, with a fault wherever it waits for something. A day that fails is told by its seed and
 * the number of the request that went wrong, and comes again with them.
 */

type Hall = Pick<Day, 'citizens' | 'experts' | 'promised'>;
const HALL: Hall = { citizens: 4, experts: 2 };
/** Two who call, and two who are called back. */
const PROMISED: Hall = { citizens: 2, experts: 2, promised: 2 };
/** Thousands of days; a busy machine takes its time. */
const PATIENCE_MS = 300_000;
const MISHAPS: readonly Mishap[] = [
  'killed-before',
  'killed-after',
  'request-lost',
  'answer-lost',
  'wire-cut',
];

/** Every request of one day goes wrong in turn. @returns how many days were lived through, and what was wrong in them */
async function everyRequest(
  seed: number,
  mishap: Mishap,
  hall: Hall = HALL,
): Promise<{ days: number; wrong: string[] }> {
  const { requests } = await live({ seed, ...hall });
  const wrong: string[] = [];
  for (let number = 1; number <= requests.length; number += 1) {
    const day: Day = { seed, ...hall, mishaps: new Map([[number, mishap]]) };
    const found = (await live(day)).wrong;
    if (found.length > 0)
      wrong.push(
        `seed ${seed}, ${mishap} at request ${number} (${requests[number - 1]}): ${found.join('; ')}`,
      );
  }
  return { days: requests.length, wrong };
}

const TROUBLES: readonly (readonly [Trouble['what'], number])[] = [
  ['redis-emptied', 0],
  ['redis-away', 300],
  ['redis-away', 5000],
  ['socket-lost', 150],
  ['socket-lost', 4000],
  // So long that the watchdog lets go who is left alone, and takes on who waits.
  ['socket-lost', 9500],
  ['socket-lost', 26_000],
  ['exchange-restarted', 1200],
  ['killed', 0],
];

/** One trouble at every second of a day, for so many seeds. @returns what was wrong */
async function anyMoment(what: Trouble['what'], forMs: number, hall: Hall, seeds: number): Promise<string[]> {
  const wrong: string[] = [];
  for (let seed = 1; seed <= seeds; seed += 1)
    for (let at = 500; at <= 60_000; at += 997) {
      const found = (await live({ seed, ...hall, troubles: [{ what, at, forMs }] })).wrong;
      if (found.length > 0) wrong.push(`seed ${seed}, ${what} at ${at} ms: ${found.join('; ')}`);
    }
  return wrong;
}

/** Far enough from one another that none comes while another one lasts: two at the same moment are more than is promised. */
function severalTroubles(seed: number): Trouble[] {
  const { pick, whole } = chance(seed * 7919);
  return [0, 1, 2, 3].map((index) => ({
    what: pick(['redis-emptied', 'redis-away', 'socket-lost', 'exchange-restarted', 'killed'] as const),
    at: index * 12_000 + whole(500, 8000),
    forMs: whole(100, 4000),
  }));
}

describe('the line, simulated', () => {
  it(
    'serves everybody when nothing goes wrong',
    async () => {
      for (let seed = 1; seed <= 300; seed += 1) {
        const day: Day = { seed, ...HALL };
        expect((await live(day)).wrong, JSON.stringify(day)).toEqual([]);
      }
    },
    PATIENCE_MS,
  );

  it.each(MISHAPS)(
    'holds with one request of a day %s, each in turn',
    async (mishap) => {
      for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
        const { days, wrong } = await everyRequest(seed, mishap);
        expect(days).toBeGreaterThan(100);
        expect(wrong).toEqual([]);
      }
    },
    PATIENCE_MS,
  );

  it.each(TROUBLES)(
    'holds with %s for %i ms at any moment of a day',
    async (what, forMs) => {
      expect(await anyMoment(what, forMs, HALL, 10)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it.each(MISHAPS)(
    'keeps what was promised, and calls nobody twice at once, with one request of a day %s, each in turn',
    async (mishap) => {
      for (const seed of [1, 2]) expect((await everyRequest(seed, mishap, PROMISED)).wrong).toEqual([]);
    },
    PATIENCE_MS,
  );

  it.each(TROUBLES)(
    'keeps what was promised with %s for %i ms at any moment of a day',
    async (what, forMs) => {
      expect(await anyMoment(what, forMs, PROMISED, 3)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'holds through days of several troubles, one after another',
    async () => {
      const wrong: string[] = [];
      for (let seed = 1; seed <= 1000; seed += 1) {
        const troubles = severalTroubles(seed);
        const found = (await live({ seed, citizens: 8, experts: 3, troubles })).wrong;
        if (found.length > 0) wrong.push(`seed ${seed}, ${JSON.stringify(troubles)}: ${found.join('; ')}`);
      }
      expect(wrong).toEqual([]);
    },
    PATIENCE_MS,
  );

  it('is judged: where nothing gets through any more, much is wrong', async () => {
    const mishaps = new Map(Array.from({ length: 50_000 }, (_, i) => [60 + i, 'request-lost'] as const));
    const wrong: string[] = [];
    for (const seed of [1, 2, 3, 4, 5, 6]) wrong.push(...(await live({ seed, ...HALL, mishaps })).wrong);
    expect(wrong).toEqual(
      expect.arrayContaining([
        expect.stringContaining('heard nothing'),
        expect.stringContaining('the snapshot of'),
        expect.stringContaining('is still bound to'),
      ]),
    );
  });
});
