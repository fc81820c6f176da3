import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeRedis } from '../../src/platform/redis.ts';
import { testRedis } from '../support/redis.ts';
import { history, perform, type Step } from '../support/routing-histories.ts';
import { broken, outcomeOf, startMechanism, T0, takePicture } from '../support/routing.ts';

/** Two clients at once, neither waiting for the other: each step is whole, so what must hold does after every burst. */

type Client = Awaited<ReturnType<typeof startMechanism>>;
let clients: Client[] = [];
beforeAll(async () => {
  const url = await testRedis();
  clients = [await startMechanism(url), await startMechanism(url)];
});
afterAll(async () => {
  for (const { redis } of clients) await closeRedis(redis);
});

const AT_ONCE = 12;

async function race(steps: readonly Step[]): Promise<void> {
  const [reader] = clients as [Client];
  await reader.redis.flushdb();
  let now = T0;
  const offers: string[] = [];
  const pairs = new Map<string, [string, string]>();
  for (let from = 0; from < steps.length; from += AT_ONCE) {
    const burst = steps.slice(from, from + AT_ONCE);
    now += Math.max(...burst.map((step) => step.afterMs));
    const done = await Promise.all(
      burst.map(({ name, args }, index) =>
        outcomeOf(() => perform(clients[index % 2]!.transitions, name, [now, ...args({ now, offers })])),
      ),
    );
    const told = done.flatMap((outcome) => ('refused' in outcome ? [] : outcome.offers));
    for (const { offerId, callId, expertId } of told) {
      // Told again to who joins again, an offer is still the same one.
      expect(pairs.get(offerId) ?? [callId, expertId]).toEqual([callId, expertId]);
      if (!pairs.has(offerId)) offers.push(offerId);
      pairs.set(offerId, [callId, expertId]);
    }
    const picture = await takePicture(reader.read);
    expect(broken(picture)).toEqual([]);
    // Nobody is rung or talks by an offer that was told to neither client, nor put back by one.
    const known = (id: string) => offers.includes(id) || id.startsWith('held-');
    expect(picture.reservations.filter(({ offerId }) => !known(offerId))).toEqual([]);
  }
}

test('what must hold does after every burst of two clients', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(history, race), { numRuns: 150 });
});

test('an offer answered and given up in the same instant ends in exactly one way', async () => {
  const [one, other] = clients as [Client, Client];
  const entry = { callId: 'c1', specialty: 'finance', score: T0, queuedAt: T0 };
  const ends = { accepted: 0, left: 0 };
  for (let round = 0; round < 60; round++) {
    await one.redis.flushdb();
    await one.transitions.putExpert(T0, 'e001', ['finance']);
    await one.transitions.setIntent(T0, 'e001', 'ready', null, null);
    await one.transitions.setReachable(T0, 'e001', true);
    const [offer] = (await one.transitions.enqueue(T0, entry)).offers;
    const { offerId } = offer!;
    const answer = () => one.transitions.accept(T0, offerId);
    const hangUp = () => other.transitions.leave(T0, 'c1');
    const first = round % 2 === 0 ? answer() : hangUp();
    const [a, b] = await Promise.all([first, round % 2 === 0 ? hangUp() : answer()]);
    const [accepted, left] = round % 2 === 0 ? [a, b] : [b, a];
    const wasAccepted = accepted.result === 'accepted';
    expect(left.result).toEqual({ cancelledOfferId: wasAccepted ? null : offerId });
    expect((await one.read.expert('e001'))!.activity).toBe(wasAccepted ? 'talking' : 'idle');
    ends[wasAccepted ? 'accepted' : 'left'] += 1;
  }
  expect(ends.accepted + ends.left).toBe(60);
  expect(Math.min(ends.accepted, ends.left)).toBeGreaterThan(0);
});
