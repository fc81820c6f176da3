import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_RULES, type Rules } from '../../src/routing/mechanism.ts';
import { createModel, type Model } from '../../src/routing/model.ts';
import {
  available,
  broken,
  inversions,
  outcomeOf,
  POLICY,
  stranded,
  T0,
  takenFromOwn,
} from '../support/routing.ts';
import { CALLS, history, perform, rules, type Step } from '../support/routing-histories.ts';

/** The model by itself: it must keep what must hold, or it would be no oracle; and it is what simulations run on. */

const fresh = (inForce: Rules = NO_RULES): Model => {
  let made = 0;
  return createModel(POLICY, () => `o${++made}`, inForce);
};

const pictureOf = (model: Model) => ({
  experts: model.experts(),
  waiting: model.waiting(),
  reservations: model.reservations(),
});

async function live(model: Model, steps: readonly Step[], inForce: Rules = NO_RULES): Promise<string[]> {
  let now = T0;
  const offers: string[] = [];
  const faults: string[] = [];
  const levels = new Map<string, Record<string, number>>();
  for (const { name, args, afterMs } of steps) {
    now += afterMs;
    const values = args({ now, offers });
    const done = await outcomeOf(() => perform(model, name, [now, ...values]));
    if (name === 'putExpert') {
      const [id, skills, known] = values as [string, string[], number[]];
      levels.set(id, Object.fromEntries(skills.map((skill, index) => [skill, known[index]!])));
    }
    const told = 'refused' in done ? [] : done.offers.filter((offer) => !offers.includes(offer.offerId));
    offers.push(...told.map((offer) => offer.offerId));
    const picture = pictureOf(model);
    faults.push(...broken(picture, inForce), ...inversions(told, picture));
    // A refused transition looks at nothing, whatever time has brought; the timer does.
    if ('refused' in done) continue;
    faults.push(...stranded(picture, levels, inForce, now), ...takenFromOwn(told, picture));
    // Who may be served by the mere passing of time is waited for by the timer.
    const idle = picture.experts.some((expert) => available(expert));
    const later = idle && waitsForTime(picture, levels, inForce, now);
    if (later && done.nextDeadline === null) faults.push('nobody is woken');
  }
  return faults;
}

/** Whether somebody waits whom time alone would serve. */
function waitsForTime(
  picture: Parameters<typeof stranded>[0],
  levels: Parameters<typeof stranded>[1],
  inForce: Rules,
  now: number,
): boolean {
  return stranded(picture, levels, inForce, now + 3_600_000).length > 0;
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
      fc.asyncProperty(history, rules, async (steps, inForce) => {
        expect(await live(fresh(inForce), steps, inForce)).toEqual([]);
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
    for (const steps of fc.sample(history, { numRuns: 400, seed: 137 })) {
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
      for (const { onlyExpert } of model.waiting()) if (onlyExpert !== undefined) seen.add('kept');
    }
    expect([...seen].sort()).toEqual(
      [
        ...['idle', 'ringing', 'talking', 'wrap-up', 'ready', 'paused', 'offline', 'missed 0', 'missed 1'],
        ...['resting', 'missed-offers', 'break', 'available', 'waits behind another', 'kept'],
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

  describe('of levels', () => {
    const step = { ...NO_RULES, levelStepMs: 30_000 };
    const pairs = (offers: readonly { callId: string; expertId: string }[]) =>
      offers.map(({ callId, expertId }) => `${callId} → ${expertId}`);
    /** e001 is of level 5 and in a talk, e002 of level 4 and idle. */
    function betterBusy() {
      const model = fresh(step);
      deskOf(model, 'e001', 'finance');
      const [offer] = model.enqueue(T0, citizen('c0')).offers;
      model.accept(T0, offer!.offerId);
      deskOf(model, 'e002', 'finance');
      model.putExpert(T0, 'e002', ['finance'], [4]);
      return model;
    }

    test('the better is asked first, though the other has been idle for longer', () => {
      const model = fresh(step);
      deskOf(model, 'e002', 'finance');
      model.putExpert(T0, 'e002', ['finance'], [4]);
      deskOf(model, 'e001', 'finance');
      expect(pairs(model.enqueue(T0 + 1, citizen('c1')).offers)).toEqual(['c1 → e001']);
    });

    test('the weaker is asked when the citizen has waited a step a level, at that very moment', () => {
      const model = betterBusy();
      const told = model.enqueue(T0, citizen('c1'));
      expect(told).toMatchObject({ offers: [], nextDeadline: T0 + 30_000 });
      expect(model.expire(T0 + 29_999).offers).toEqual([]);
      expect(pairs(model.expire(T0 + 30_000).offers)).toEqual(['c1 → e002']);
    });

    test('and at once where nobody better is at work: none but on a pause, or about to go there', () => {
      const model = betterBusy();
      model.enqueue(T0, citizen('c1'));
      expect(pairs(model.setIntent(T0 + 5, 'e001', 'paused', 'break', null).offers)).toEqual(['c1 → e002']);
    });
  });

  describe('of overflow', () => {
    const overflow = { finance: [{ helper: 'transport', afterMs: 60_000 }] };
    const helped = { ...NO_RULES, overflow };

    test('another specialty helps after a while, and says so', () => {
      const model = fresh(helped);
      deskOf(model, 'e001', 'transport');
      expect(model.enqueue(T0, citizen('c1'))).toMatchObject({ offers: [], nextDeadline: T0 + 60_000 });
      const [offer] = model.expire(T0 + 60_000).offers;
      expect(offer).toMatchObject({ expertId: 'e001', specialty: 'finance', why: { rule: 'overflow' } });
    });

    test('a flood keeps nobody of the helping queue waiting for longer than the talks that have begun', () => {
      const model = fresh(helped);
      deskOf(model, 'e001', 'transport');
      for (let count = 0; count < 50; count += 1) model.enqueue(T0, citizen(`f${count}`));
      const [offer] = model.expire(T0 + 60_000).offers;
      model.accept(T0 + 60_000, offer!.offerId);
      // Comes long after all of them, and is the next for whom the expert is free.
      model.enqueue(T0 + 90_000, citizen('t1', 'transport', T0 + 90_000));
      const { offers } = model.release(T0 + 120_000, offer!.callId, 0);
      expect(offers.map(({ callId }) => callId)).toEqual(['t1']);
    });
  });

  describe('of the same expert first', () => {
    /** Both at their desks; c2 has been cut off from e001, whose telephone is gone, and is kept for them for 20 s. */
    function cutOff() {
      const model = fresh();
      deskOf(model, 'e001', 'finance');
      const [offer] = model.enqueue(T0, citizen('c2')).offers;
      model.accept(T0, offer!.offerId);
      model.setReachable(T0 + 9000, 'e001', false);
      const window = { expertId: 'e001', until: T0 + 29_000 };
      expect(model.requeue(T0 + 9000, { ...citizen('c2'), window }).offers).toEqual([]);
      deskOf(model, 'e002', 'finance');
      return model;
    }
    const pairs = ({ offers }: { offers: { callId: string; expertId: string; why: { rule: string } }[] }) =>
      offers.map(({ callId, expertId, why }) => `${callId} → ${expertId}: ${why.rule}`);

    test('who is back is asked, though another has been idle for longer', () => {
      const back = cutOff().setReachable(T0 + 15_000, 'e001', true);
      expect(pairs(back)).toEqual(['c2 → e001: same-expert-again']);
      expect(back.offers[0]?.why.candidates.map(({ expertId }) => expertId)).toEqual(['e001', 'e002']);
    });

    test('others go on meanwhile, and nobody of them takes the place', () => {
      const model = cutOff();
      const rule = 'longest-waiting-to-longest-idle';
      const later = model.enqueue(T0 + 10_000, citizen('c3', 'finance', T0 + 10_000));
      expect(pairs(later)).toEqual([`c3 → e002: ${rule}`]);
      expect(model.position('c2')).toBe(1);
      expect(later.nextDeadline).toBe(T0 + 29_000);
    });

    test('after the window anybody is asked', () => {
      const model = cutOff();
      expect(pairs(model.expire(T0 + 28_999))).toEqual([]);
      expect(pairs(model.expire(T0 + 29_000))).toEqual(['c2 → e002: longest-waiting-to-longest-idle']);
    });

    test.each([
      ['takes a break', (model: Model) => model.setIntent(T0 + 9001, 'e001', 'paused', 'break', null)],
      ['goes home', (model: Model) => model.setIntent(T0 + 9001, 'e001', 'offline', null, null)],
      ['is off the roster', (model: Model) => model.removeExpert(T0 + 9001, 'e001')],
    ])('nobody waits for who %s', (_what, act) => {
      expect(pairs(act(cutOff()))).toEqual(['c2 → e002: longest-waiting-to-longest-idle']);
    });

    test.each(['declined', 'no-answer', 'busy', 'lost'] as const)(
      'who is back and %s: the next',
      (reason) => {
        const model = cutOff();
        const [again] = model.setReachable(T0 + 15_000, 'e001', true).offers;
        expect(pairs(model.miss(T0 + 16_000, again!.offerId, reason))).toEqual([
          'c2 → e002: longest-waiting-to-longest-idle',
        ]);
      },
    );

    test('a telephone that vanishes again is still waited for until the window is over', () => {
      const model = cutOff();
      const [again] = model.setReachable(T0 + 15_000, 'e001', true).offers;
      expect(pairs(model.miss(T0 + 16_000, again!.offerId, 'unreachable'))).toEqual([]);
      expect(pairs(model.setReachable(T0 + 17_000, 'e001', true))).toEqual(['c2 → e001: same-expert-again']);
      expect(pairs(model.setReachable(T0 + 18_000, 'e001', false))).toEqual([]);
      expect(pairs(model.expire(T0 + 29_000))).toEqual(['c2 → e002: longest-waiting-to-longest-idle']);
    });
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
