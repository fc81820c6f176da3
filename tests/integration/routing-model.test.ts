import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import type { AsyncTransitions, Told, Transitions } from '../../src/routing/mechanism.ts';
import { createModel } from '../../src/routing/model.ts';
import type { Intent, MissReason, Offer } from '../../src/routing/routing.ts';
import {
  broken,
  inversions,
  outcomeOf,
  POLICY,
  startMechanism,
  T0,
  takePicture,
} from '../support/routing.ts';

/** Random histories on Redis and on the model at once; after each step everything that can be seen must be the same. */

const HISTORIES = Number(process.env['ROUTING_HISTORIES'] ?? 2000);
const SEED = Number(process.env['ROUTING_SEED'] ?? Date.now() % 2 ** 31);

const SPECIALTIES = ['finance', 'transport', 'urban-planning'];
const CALLS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'];
const EXPERTS = ['e001', 'e002', 'e003', 'e004'];

type Names = keyof Transitions;
/** One step: the same transition with the same arguments, but offers are named by how recently they were told. */
interface Step {
  name: Names;
  afterMs: number;
  args: (world: { now: number; offers: readonly string[] }) => unknown[];
  said: string;
}

const callId = fc.constantFrom(...CALLS);
const expertId = fc.constantFrom(...EXPERTS);
const skills = fc.subarray(SPECIALTIES);
const afterMs = fc.constantFrom(0, 0, 1, 400, 2500, 6000, 100_000);

function step(
  name: Names,
  values: fc.Arbitrary<readonly unknown[]>,
  toArgs?: (values: unknown[], world: { now: number; offers: readonly string[] }) => unknown[],
): fc.Arbitrary<Step> {
  return fc.tuple(afterMs, values).map(([wait, given]) => ({
    name,
    afterMs: wait,
    args: (world) => toArgs?.([...given], world) ?? [...given],
    said: `+${wait} ${name}(${given.map((value) => JSON.stringify(value)).join(', ')})`,
  }));
}

const entry = fc.tuple(
  callId,
  fc.constantFrom(...SPECIALTIES),
  fc.nat(3),
  fc.constantFrom(0, 0, 700),
  fc.nat(2),
);
const toEntry = (values: unknown[], { now }: { now: number }) => {
  const [call, specialty, score, waited, attempts] = values as [string, string, number, number, number];
  return [{ callId: call, specialty, score: T0 + score, queuedAt: now - waited, attempts }];
};
/** Mostly one of the offers told last; now and then an old one, or one that never was. */
const toOffer = (values: unknown[], { offers }: { offers: readonly string[] }) => {
  const [back, ...rest] = values as [number, ...unknown[]];
  return [offers.at(-1 - back) ?? 'never', ...rest];
};
const REASONS: MissReason[] = ['no-answer', 'busy', 'declined', 'unreachable', 'lost'];
const back = fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(30) });
const wish = fc.oneof(
  { weight: 4, arbitrary: fc.constant<[Intent, string | null, number | null]>(['ready', null, null]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['offline', 'gone', 900]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['paused', 'break', null]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['paused', 'break', 3000]) },
);

const anyStep = fc.oneof(
  { weight: 8, arbitrary: step('enqueue', entry, toEntry) },
  { weight: 3, arbitrary: step('requeue', entry, toEntry) },
  { weight: 3, arbitrary: step('leave', fc.tuple(callId)) },
  { weight: 8, arbitrary: step('accept', fc.tuple(back), toOffer) },
  { weight: 6, arbitrary: step('miss', fc.tuple(back, fc.constantFrom(...REASONS)), toOffer) },
  { weight: 5, arbitrary: step('release', fc.tuple(callId, fc.constantFrom(0, 1000, 5000))) },
  { weight: 1, arbitrary: step('putExpert', fc.tuple(expertId, skills)) },
  { weight: 1, arbitrary: step('removeExpert', fc.tuple(expertId)) },
  {
    weight: 4,
    arbitrary: step('setIntent', fc.tuple(expertId, wish), (values, { now }) => {
      const [expert, [intent, reason, until]] = values as [string, [Intent, string | null, number | null]];
      return [expert, intent, reason, until === null ? null : now + until];
    }),
  },
  { weight: 4, arbitrary: step('setReachable', fc.tuple(expertId, fc.boolean())) },
  { weight: 5, arbitrary: step('expire', fc.constant([])) },
);

/** Experts at their desks, so that histories are about calls and not about an empty room. */
const opening = fc
  .tuple(...EXPERTS.map(() => fc.subarray(SPECIALTIES, { minLength: 1 })))
  .map((all): Step[] =>
    all.flatMap((specialties, index) => {
      const expert = EXPERTS[index]!;
      const now = (name: Names, ...args: unknown[]): Step => ({
        ...{ name, afterMs: 0, args: () => args },
        said: `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
      });
      return [
        now('putExpert', expert, specialties),
        now('setIntent', expert, 'ready', null, null),
        now('setReachable', expert, true),
      ];
    }),
  );
const history = fc
  .tuple(opening, fc.array(anyStep, { minLength: 5, maxLength: 40, size: 'max' }))
  .map(([first, then]) => [...first.slice(0, then.length % 5 === 0 ? 6 : 12), ...then]);

/** The ids of real offers, replaced by the order in which they were first told. */
function renaming() {
  const names = new Map<string, string>();
  const name = (id: string | null): string | null => {
    if (id === null) return null;
    if (!names.has(id)) names.set(id, `o${names.size + 1}`);
    return names.get(id) ?? null;
  };
  const inOffer = (offer: Offer) => ({ ...offer, offerId: name(offer.offerId) });
  return {
    name,
    told: (told: Told<unknown> | { refused: string }) => {
      if ('refused' in told) return told;
      const result = told.result;
      const renamed =
        typeof result === 'object' && result !== null && 'cancelledOfferId' in result
          ? { cancelledOfferId: name(result.cancelledOfferId as string | null) }
          : result;
      return { ...told, offers: told.offers.map(inOffer), result: renamed };
    },
  };
}

let mechanism: Awaited<ReturnType<typeof startMechanism>>;
beforeAll(async () => {
  mechanism = await startMechanism();
});
afterAll(() => mechanism && closeRedis(mechanism.redis));

const call = (target: Transitions | AsyncTransitions, name: Names, args: unknown[]) =>
  (target[name] as (...args: unknown[]) => Told<unknown> | Promise<Told<unknown>>)(...args);

/** Deep equality; vitest's own, with its telling difference, is too slow to ask a hundred thousand times. */
function same(real: unknown, imagined: unknown): void {
  if (!isDeepStrictEqual(real, imagined)) expect(real).toEqual(imagined);
}

async function replay(steps: readonly Step[]): Promise<void> {
  await mechanism.redis.flushdb();
  const { transitions, read, state } = mechanism;
  state.now = T0;
  let counted = 0;
  let place = 0;
  const model = createModel(POLICY, () => `o${++counted}`);
  const real = renaming();
  const offers: string[] = [];
  for (const { name, afterMs: wait, args } of steps) {
    state.now += wait;
    const { now } = state;
    const values = args({ now, offers });
    const done = await outcomeOf(() => call(transitions, name, [now, ...values]));
    const imagined = await outcomeOf(() =>
      call(model, name, [now, ...values.map((value) => real.name(asOffer(value, offers)) ?? value)]),
    );
    same(real.told(done), imagined);
    const told = 'refused' in done ? [] : done.offers;
    // Others may have come to stand before an offer that is only told again.
    const made = told.filter((offer) => !offers.includes(offer.offerId));
    offers.push(...made.map((offer) => offer.offerId));

    const one = CALLS[place++ % CALLS.length]!;
    const [picture, queues, position] = await Promise.all([
      takePicture(read),
      read.queues(SPECIALTIES),
      read.position(one),
    ]);
    const reservations = picture.reservations.map((row) => ({ ...row, offerId: real.name(row.offerId) }));
    same(
      { ...picture, reservations: sorted(reservations), queues, position },
      {
        experts: model.experts(),
        waiting: model.waiting(),
        reservations: sorted(model.reservations()),
        queues: model.queues(now, SPECIALTIES),
        position: model.position(one),
      },
    );
    same([...broken(picture), ...inversions(made, picture)], []);
  }
}

const asOffer = (value: unknown, offers: readonly string[]): string | null =>
  typeof value === 'string' && offers.includes(value) ? value : null;
const sorted = <T extends { callId: string }>(rows: T[]) =>
  rows.sort((a, b) => (a.callId < b.callId ? -1 : 1));

test(`Redis and the model agree in ${HISTORIES} random histories`, { timeout: 300_000 }, async () => {
  process.stdout.write(`routing histories: ROUTING_SEED=${SEED}\n`);
  const property = fc.asyncProperty(
    history.map((steps) => Object.assign(steps, { [fc.toStringMethod]: () => tellStory(steps) })),
    replay,
  );
  await fc.assert(property, { numRuns: HISTORIES, seed: SEED });
});

const tellStory = (steps: readonly Step[]): string => `\n${steps.map(({ said }) => said).join('\n')}\n`;
