import { describe, expect, it } from 'vitest';
import { fillHouse, hireStaff } from '../support/full-house.ts';
import { activities, goesOn, waitingFor } from '../support/goes-on.ts';
import { asks, onPrivateRedis } from '../support/private-redis.ts';
import { waitFor } from '../support/wait.ts';

/** Redis loses everything while a call stands in every state: nobody loses a place, nobody at work is rung. */

const scene = onPrivateRedis({ RING_SECONDS: '90', WRAP_UP_SECONDS: '90' });

describe('Redis emptied with calls up', () => {
  it('is filled again from the calls and the roster, and everything goes on where it was', async () => {
    const { clinic, redis } = scene();
    const staff = await hireStaff(clinic);
    const house = await fillHouse(clinic, staff);
    const before = { experts: await activities(clinic), waiting: await waitingFor(clinic, 'transport') };
    expect(before.experts).toMatchObject({
      [staff.transport]: 'talking',
      [staff.finance]: 'ringing',
      [staff.planning]: 'wrap-up',
    });
    await asks(redis, (connection) => connection.flushall());
    const restored = await clinic.logged('redis.restored');
    // A talk, a ring, a wrap-up; three in the queue.
    expect(restored).toMatchObject({ held: 3, waiting: 3 });
    await waitFor(async () => (await waitingFor(clinic, 'transport')) === before.waiting);
    expect(await activities(clinic)).toEqual(before.experts);
    await goesOn(clinic, house);
  }, 120_000);
});
