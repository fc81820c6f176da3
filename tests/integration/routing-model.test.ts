import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import type { Rules, Told } from '../../src/routing/mechanism.ts';
import { createModel } from '../../src/routing/model.ts';
import type { Held, Offer } from '../../src/routing/routing.ts';
import {
  broken,
  inversions,
  outcomeOf,
  POLICY,
  startMechanism,
  T0,
  takePicture,
} from '../support/routing.ts';
import { CALLS, history, perform, rules, SPECIALTIES, type Step } from '../support/routing-histories.ts';

/** Random histories on Redis and on the model at once; after each step everything that can be seen must be the same. */

const HISTORIES = Number(process.env['ROUTING_HISTORIES'] ?? 2000);
const SEED = Number(process.env['ROUTING_SEED'] ?? Date.now() % 2 ** 31);

/** The ids of real offers, replaced by the order in which they were first told. */
function renaming() {
  const names = new Map<string, string>();
  const name = (id: string | null): string | null => {
    // What was put back has brought its name along.
    if (id === null || id.startsWith('held-')) return id;
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

/** Deep equality; vitest's own, with its telling difference, is too slow to ask a hundred thousand times. */
function same(real: unknown, imagined: unknown): void {
  if (!isDeepStrictEqual(real, imagined)) expect(real).toEqual(imagined);
}

async function replay(steps: readonly Step[], inForce: Rules): Promise<void> {
  await mechanism.redis.flushdb();
  const { transitions, read, state } = mechanism;
  state.now = T0;
  state.rules = inForce;
  let counted = 0;
  let place = 0;
  const model = createModel(POLICY, () => `o${++counted}`, inForce);
  const real = renaming();
  const offers: string[] = [];
  for (const { name, afterMs: wait, args } of steps) {
    state.now += wait;
    const { now } = state;
    const values = args({ now, offers });
    const done = await outcomeOf(() => perform(transitions, name, [now, ...values]));
    const imagined = await outcomeOf(() =>
      perform(model, name, [now, ...values.map((value) => real.name(asOffer(value, offers)) ?? value)]),
    );
    same(real.told(done), imagined);
    const told = 'refused' in done ? [] : done.offers;
    // Others may have come to stand before an offer that is only told again.
    const made = told.filter((offer) => !offers.includes(offer.offerId));
    offers.push(...made.map((offer) => offer.offerId));
    if (name === 'resume') offers.push((values[0] as Held).offerId);

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
    same([...broken(picture, inForce), ...inversions(made, picture)], []);
  }
}

const asOffer = (value: unknown, offers: readonly string[]): string | null =>
  typeof value === 'string' && offers.includes(value) ? value : null;
const sorted = <T extends { callId: string }>(rows: T[]) =>
  rows.sort((a, b) => (a.callId < b.callId ? -1 : 1));

test(`Redis and the model agree in ${HISTORIES} random histories`, { timeout: 600_000 }, async () => {
  process.stdout.write(`routing histories: ROUTING_SEED=${SEED}\n`);
  const property = fc.asyncProperty(history, rules, replay);
  await fc.assert(property, { numRuns: HISTORIES, seed: SEED });
});
