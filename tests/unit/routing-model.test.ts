import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModel, type Model } from '../../src/routing/model.ts';
import { available, broken, inversions, outcomeOf, POLICY, T0 } from '../support/routing.ts';
import { CALLS, history, perform, type Step } from '../support/routing-histories.ts';

/** The model by itself: it must keep what must hold, or it would be no oracle; and it is what simulations run on. */

const fresh = (): Model => {
  let made = 0;
  return createModel(POLICY, () => `o${++made}`);
};

const pictureOf = (model: Model) => ({
  experts: model.experts(),
  waiting: model.waiting(),
  reservations: model.reservations(),
});

async function live(model: Model, steps: readonly Step[]): Promise<string[]> {
  let now = T0;
  const offers: string[] = [];
  const faults: string[] = [];
  for (const { name, args, afterMs } of steps) {
    now += afterMs;
    const done = await outcomeOf(() => perform(model, name, [now, ...args({ now, offers })]));
    const told = 'refused' in done ? [] : done.offers.filter((offer) => !offers.includes(offer.offerId));
    offers.push(...told.map((offer) => offer.offerId));
    faults.push(...broken(pictureOf(model)), ...inversions(told, pictureOf(model)));
  }
  return faults;
}

function deskOf(model: Model, expertId: string, ...specialties: string[]): void {
  model.putExpert(T0, expertId, specialties);
  model.setIntent(T0, expertId, 'ready', null, null);
  model.setReachable(T0, expertId, true);
}

const citizen = (callId: string, specialty = 'finance', score = T0) => ({
  ...{ callId, specialty, score, queuedAt: score },
});

describe('whatever happens', () => {
  test('no citizen has two experts, no expert two citizens, nobody waits beside who could serve', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        expect(await live(fresh(), steps)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('the same history gives the same end', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const [one, other] = [fresh(), fresh()];
        await live(one, steps);
        await live(other, steps);
        expect(pictureOf(one)).toEqual(pictureOf(other));
      }),
      { numRuns: 50 },
    );
  });

  test('histories are rich: there are talks, misses, pauses, rests, wrap-ups and people left waiting', async () => {
    const seen = new Set<string>();
    for (const steps of fc.sample(history, { numRuns: 200, seed: 137 })) {
      const model = fresh();
      await live(model, steps);
      for (const expert of model.experts()) {
        seen
          .add(expert.activity)
          .add(expert.intent)
          .add(`missed ${Math.min(1, expert.misses)}`);
        if (expert.restUntil !== null) seen.add('resting');
        if (expert.reason !== null) seen.add(expert.reason);
        if (available(expert)) seen.add('available');
      }
      for (const callId of CALLS) if ((model.position(callId) ?? 0) > 1) seen.add('waits behind another');
    }
    expect([...seen].sort()).toEqual(
      [
        ...['idle', 'ringing', 'talking', 'wrap-up', 'ready', 'paused', 'offline', 'missed 0', 'missed 1'],
        ...['resting', 'missed-offers', 'break', 'available', 'waits behind another'],
      ].sort(),
    );
  });
});

describe('the checks themselves', () => {
  const idle = (expertId: string) => {
    const model = fresh();
    deskOf(model, expertId, 'finance');
    return model.experts()[0]!;
  };
  const ring = (callId: string, expertId: string) => ({
    ...{ callId, expertId, offerId: `${callId}-${expertId}`, activity: 'ringing' as const },
  });
  const queued = (callId: string, score = T0) => ({ callId, specialty: 'finance', score });

  test('see what is wrong', () => {
    expect(broken({ experts: [idle('e001')], waiting: [queued('c1')], reservations: [] })).toEqual([
      'c1 waits beside e001',
    ]);
    const busy = { ...idle('e001'), activity: 'ringing' as const, callId: 'c1' };
    const both = { experts: [busy], waiting: [queued('c1'), queued('c2')] };
    expect(broken({ ...both, reservations: [ring('c1', 'e001'), ring('c2', 'e001')] })).toContain(
      'e001 has two citizens',
    );
    expect(broken({ ...both, reservations: [ring('c1', 'e001'), ring('c1', 'e002')] })).toContain(
      'c1 has two experts',
    );
    expect(broken({ ...both, reservations: [] })).toContain('e001 is ringing without a call');
    expect(broken({ ...both, waiting: [], reservations: [ring('c1', 'e001')] })).toContain(
      'c1 ringing, queued or not',
    );
  });

  test('see who went before whom', () => {
    const model = fresh();
    deskOf(model, 'e001', 'finance');
    const { offers } = model.enqueue(T0, citizen('c2'));
    const picture = { ...pictureOf(model), waiting: [queued('c1', T0 - 1), queued('c2')] };
    expect(inversions(offers, picture)).toEqual(['c2 went before c1']);
    expect(inversions(offers, pictureOf(model))).toEqual([]);
  });
});

describe('the rule', () => {
  test('a citizen back from a broken talk does not take the expert an older citizen waits for', () => {
    const model = fresh();
    deskOf(model, 'e001', 'finance', 'transport');
    const [offer] = model.enqueue(T0, citizen('c2', 'finance', T0)).offers;
    model.accept(T0, offer!.offerId);
    model.enqueue(T0 + 1, citizen('c1', 'transport', T0 - 60_000));
    const { offers } = model.requeue(T0 + 9000, citizen('c2', 'finance', T0));
    expect(offers.map((made) => `${made.callId} → ${made.expertId}`)).toEqual(['c1 → e001']);
  });

  test('refusals are named', () => {
    const model = fresh();
    const code = (act: () => unknown) => {
      try {
        return act();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(() => model.setReachable(T0, 'e404', true))).toBe('expert-unknown');
    deskOf(model, 'e001', 'finance');
    const [offer] = model.enqueue(T0, citizen('c1')).offers;
    model.accept(T0, offer!.offerId);
    expect(code(() => model.enqueue(T0, citizen('c1')))).toBe('call-talking');
  });
});
