import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_RULES, type Rules } from '../../src/routing/mechanism.ts';
import { createModel, type Model } from '../../src/routing/model.ts';
import { percentile } from '../bench/support/figures.ts';
import { flood, type Flood } from '../support/floods.ts';
import { outcomeOf, POLICY, T0 } from '../support/routing.ts';
import { history, perform, rules } from '../support/routing-histories.ts';

/** A flood in one queue keeps nobody of another waiting who wants no more than falls to that other queue. */

const BOUND = 120_000;
const bounded: Rules = { ...NO_RULES, equityBoundMs: BOUND };

function fresh(inForce: Rules = bounded): Model {
  let made = 0;
  return createModel(POLICY, () => `o${++made}`, inForce);
}

function deskOf(model: Model, expertId: string, ...specialties: string[]): void {
  model.putExpert(T0, expertId, specialties);
  model.setIntent(T0, expertId, 'ready', null, null);
  model.setReachable(T0, expertId, true);
}

const joins = (model: Model, callId: string, specialty: string, at: number) =>
  model.enqueue(at, { callId, specialty, score: at, queuedAt: at });
const told = ({ offers }: ReturnType<Model['reconsider']>) =>
  offers.map(({ callId, expertId, why }) => `${callId} → ${expertId}: ${why.rule}`);
const USUAL = 'longest-waiting-to-longest-idle';

/** Two experts of both, both talking for transport, and ten more of it waiting; one of finance has joined a second later. */
function flooded(inForce?: Rules): Model {
  const model = fresh(inForce);
  for (const expert of ['e001', 'e002']) deskOf(model, expert, 'finance', 'transport');
  for (const call of ['t1', 't2'])
    for (const { offerId } of joins(model, call, 'transport', T0).offers) model.accept(T0, offerId);
  for (let index = 10; index < 20; index += 1) joins(model, `t${index}`, 'transport', T0 + index);
  joins(model, 'f1', 'finance', T0 + 1000);
  return model;
}

describe('who has waited for the bound', () => {
  test('goes before older citizens of a queue that has more than falls to it, and the reason says so', () => {
    expect(told(flooded().release(T0 + 1000 + BOUND, 't1', 0))).toEqual(['f1 → e001: equity']);
  });

  test('a moment earlier, or where nothing is bounded, does not', () => {
    const usual = [`t10 → e001: ${USUAL}`];
    expect(told(flooded().release(T0 + 999 + BOUND, 't1', 0))).toEqual(usual);
    expect(told(flooded(NO_RULES).release(T0 + 1000 + BOUND, 't1', 0))).toEqual(usual);
  });

  test('waits behind them like everybody once the own queue has what falls to it', () => {
    const model = flooded();
    joins(model, 'f2', 'finance', T0 + 1001);
    const [offer] = model.release(T0 + 2000 + BOUND, 't1', 0).offers;
    model.accept(T0 + 2000 + BOUND, offer!.offerId);
    // One of two experts is at finance: that is its half.
    expect(told(model.release(T0 + 3000 + BOUND, 't2', 0))).toEqual([`t10 → e002: ${USUAL}`]);
  });

  test('finds experts on a break not counted: of one who is left half falls to each', () => {
    const model = flooded();
    model.setIntent(T0 + 2000, 'e002', 'paused', 'break', null);
    expect(told(model.release(T0 + 3000 + BOUND, 't1', 0))).toEqual(['f1 → e001: equity']);
  });

  test('shares a single expert in turns', () => {
    const model = fresh();
    deskOf(model, 'e001', 'finance', 'transport');
    const { offers } = joins(model, 't0', 'transport', T0);
    model.accept(T0, offers[0]!.offerId);
    for (const call of ['t1', 't2', 't3']) joins(model, call, 'transport', T0 + 1);
    for (const call of ['f1', 'f2']) joins(model, call, 'finance', T0 + 1000);
    const served: string[] = [];
    let talking = 't0';
    for (let at = T0 + 1000 + BOUND; served.length < 5; at += 60_000) {
      const [next] = model.release(at, talking, 0).offers;
      model.accept(at, next!.offerId);
      served.push((talking = next!.callId));
    }
    expect(served).toEqual(['f1', 't1', 'f2', 't2', 't3']);
  });

  test('is not held back by experts of another specialty who help out', () => {
    const model = fresh({ ...bounded, overflow: { finance: [{ helper: 'urban-planning', afterMs: 0 }] } });
    deskOf(model, 'e009', 'urban-planning');
    const [help] = joins(model, 'f0', 'finance', T0).offers;
    expect(help).toMatchObject({ expertId: 'e009', why: { rule: 'overflow' } });
    model.accept(T0, help!.offerId);
    deskOf(model, 'e001', 'finance', 'transport');
    const [offer] = joins(model, 't1', 'transport', T0).offers;
    model.accept(T0, offer!.offerId);
    joins(model, 't2', 'transport', T0 + 1);
    joins(model, 'f1', 'finance', T0 + 1000);
    expect(told(model.release(T0 + 1000 + BOUND, 't1', 0))).toEqual(['f1 → e001: equity']);
  });
});

const both = ['finance', 'transport'];
const skills = fc.constantFrom(both, ['transport'], ['finance'], [...both, 'urban-planning']);
/** Of finance no more are there at once than whole experts fall to it; one at least. */
const scenes: fc.Arbitrary<Flood> = fc
  .record({
    seed: fc.nat(),
    more: fc.array(skills, { maxLength: 7 }),
    boundSeconds: fc.constantFrom(30, 120),
  })
  .map(({ seed, more, boundSeconds }) => {
    const experts = [both, ...more];
    const share = experts
      .filter((one) => one.includes('finance'))
      .reduce((sum, one) => sum + 1 / one.length, 0);
    const most = Math.max(1, Math.floor(share + 1e-9));
    return {
      seed,
      experts,
      boundSeconds,
      most,
      everySeconds: 150,
      talkSeconds: [60, 300],
      hours: 6,
    } as const;
  });

describe('in a flood', () => {
  test('nobody within what falls to the queue waits for longer than the bound and a talk', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const { waits, faults } = flood(scene);
        expect(faults).toEqual([]);
        expect(Math.max(...waits)).toBeLessThanOrEqual(scene.boundSeconds + 300);
      }),
      { numRuns: 25 },
    );
  });

  /** Eight experts of both; finance asks for three tenths of what falls to it, as it happens to come. */
  const usual: Flood = {
    ...{ seed: 137, experts: Array.from({ length: 8 }, () => both), boundSeconds: 120 },
    ...{ most: Infinity, everySeconds: 150, talkSeconds: [60, 300], hours: 8 },
  };

  test('19 of 20 wait for no longer, and the flood loses what they need and no more', () => {
    const guarded = flood(usual);
    const open = flood({ ...usual, boundSeconds: 0 });
    const p95 = (waits: number[]) => percentile(waits, 0.95);
    expect([...guarded.faults, ...open.faults]).toEqual([]);
    expect(guarded.waits.length).toBeGreaterThan(150);
    expect(p95(guarded.waits)).toBeLessThanOrEqual(120 + 300);
    expect(p95(open.waits)).toBeGreaterThan(5 * (120 + 300));
    expect(guarded.rules).toEqual(new Set(['equity']));
    expect(open.rules).toEqual(new Set([USUAL]));
    process.stdout.write(
      `flood: p95 ${p95(guarded.waits).toFixed(0)} s with a bound of 120 s, ${p95(open.waits).toFixed(0)} s without\n`,
    );
  });
});

test('random histories bring the rule about', async () => {
  let equity = 0;
  const samples = fc.sample(fc.tuple(history, rules), { numRuns: 600, seed: 137 });
  for (const [steps, inForce] of samples) {
    const model = fresh(inForce);
    const offers: string[] = [];
    let now = T0;
    for (const { name, args, afterMs } of steps) {
      const at = (now += afterMs);
      const done = await outcomeOf(() => perform(model, name, [at, ...args({ now: at, offers })]));
      if ('refused' in done) continue;
      offers.push(...done.offers.map(({ offerId }) => offerId));
      equity += done.offers.filter(({ why }) => why.rule === 'equity').length;
    }
  }
  expect(equity).toBeGreaterThan(20);
});
