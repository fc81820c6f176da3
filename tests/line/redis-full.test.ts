import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { toneBreaks } from '../support/continuity.ts';
import { fillHouse, hireStaff } from '../support/full-house.ts';
import { activities, goesOn, waitingFor } from '../support/goes-on.ts';
import { asks, onPrivateRedis } from '../support/private-redis.ts';
import { missing, ready } from '../support/ready.ts';
import { enters, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Redis has no memory left for some seconds: it answers what is read and refuses what is written. */

const FULL_MS = 6000;
const REBUILT_MS = 5000;
const TONE_SECONDS = 12;
const scene = onPrivateRedis({ RING_SECONDS: '90', WRAP_UP_SECONDS: '90' });

describe('Redis without memory for some seconds', () => {
  it('nobody is cut off, and when it has room again everything is as it should be', async () => {
    const { clinic, redis } = scene();
    const house = await fillHouse(clinic, await hireStaff(clinic));
    const before = { experts: await activities(clinic), waiting: await waitingFor(clinic, 'transport') };
    const leaver = house.waiting.splice(1, 1)[0]!;
    const tone = house.talking.scene.call.playTone(440, TONE_SECONDS);
    const since = clinic.lines.length;

    await asks(redis, (connection) => connection.config('SET', 'maxmemory', '1'));
    const full = performance.now();
    void leaver.call.hangup();
    const passing = await enters(clinic, { from: '09120000060' });
    void passing.call.hangup();
    await said(clinic, passing, 'call.ended');
    await missing(clinic, 'calls');
    await pause(FULL_MS - (performance.now() - full));
    const lines = clinic.lines.length - since;
    await asks(redis, (connection) => connection.config('SET', 'maxmemory', '0'));
    const back = performance.now();
    await ready(clinic);
    await waitFor(async () => (await waitingFor(clinic, 'transport')) === before.waiting - 1);
    expect(await activities(clinic)).toEqual(before.experts);
    expect(performance.now() - back).toBeLessThan(REBUILT_MS);
    expect(lines).toBeLessThan((FULL_MS / 1000) * 20);

    expect(await callRow(clinic, leaver.id)).toMatchObject({ ending: 'abandoned' });
    expect(await callRow(clinic, passing.id)).toMatchObject({ ending: 'abandoned' });
    await tone;
    expect(toneBreaks(house.talking.leg.recording().pcm, 440)).toEqual([]);
    await goesOn(clinic, house);
  }, 90_000);
});
