import { describe, expect, it } from 'vitest';
import { fillHouse, hireStaff } from '../support/full-house.ts';
import { activities, goesOn, waitingFor } from '../support/goes-on.ts';
import { cutAppendOnlyFile, onPrivateRedis } from '../support/private-redis.ts';
import { ready } from '../support/ready.ts';
import { waitFor } from '../support/wait.ts';

/** Redis comes back with an older picture: the last part of its file is gone, and with it the latest of every call. */

const REBUILT_MS = 5000;
const scene = onPrivateRedis({ RING_SECONDS: '90', WRAP_UP_SECONDS: '90' });

describe('Redis started again on a file that was cut short', () => {
  it.each([0.02, 0.5])(
    'a share of %f is lost: all of it is put back',
    async (share) => {
      const { clinic, redis } = scene();
      const staff = await hireStaff(clinic);
      const house = await fillHouse(clinic, staff);
      const before = { experts: await activities(clinic), waiting: await waitingFor(clinic, 'transport') };
      const since = clinic.lines.length;
      await redis.kill();
      cutAppendOnlyFile(redis, share);
      await redis.start();
      const back = performance.now();
      await waitFor(() => clinic.lines.slice(since).some(({ msg }) => msg === 'redis.restored'));
      await ready(clinic);
      await waitFor(async () => (await waitingFor(clinic, 'transport')) === before.waiting);
      await waitFor(async () => JSON.stringify(await activities(clinic)) === JSON.stringify(before.experts));
      expect(performance.now() - back).toBeLessThan(REBUILT_MS);
      await goesOn(clinic, house);
    },
    90_000,
  );
});
