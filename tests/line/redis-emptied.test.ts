import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { endWrapUp, fillHouse, hireStaff, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones } from '../support/phones.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Redis loses everything while a call stands in every state: nobody loses a place, nobody at work is rung. */

let redis: PrivateServer;
let clinic: Clinic;
let staff: Staff;

beforeAll(async () => {
  redis = await startPrivateRedis();
  clinic = await startClinic({ env: { REDIS_URL: redis.url, RING_SECONDS: '90', WRAP_UP_SECONDS: '90' } });
  staff = await hireStaff(clinic);
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic.close();
  await redis.remove();
});

async function activities(): Promise<Record<string, string>> {
  const { body } = await clinic.api<{ items: { id: string; status: { activity: string } }[] }>('/experts');
  return Object.fromEntries(body.items.map(({ id, status }) => [id, status.activity]));
}

async function waitingForTransport(): Promise<number> {
  const { body } = await clinic.api<{ items: { specialty: string; waiting: number }[] }>('/queues');
  return body.items.find(({ specialty }) => specialty === 'transport')?.waiting ?? -1;
}

async function emptyRedis(): Promise<void> {
  const connection = new Redis(redis.url);
  await connection.flushall();
  await connection.quit();
}

describe('Redis emptied with calls up', () => {
  it('is filled again from the calls and the roster, and everything goes on where it was', async () => {
    const { talking, ringing, waiting, wrapUp, inMenu } = await fillHouse(clinic, staff);
    const before = { experts: await activities(), waiting: await waitingForTransport() };
    expect(before.experts).toMatchObject({
      [staff.transport]: 'talking',
      [staff.finance]: 'ringing',
      [staff.planning]: 'wrap-up',
    });
    await emptyRedis();
    const restored = await clinic.logged('redis.restored');
    // A talk, a ring, a wrap-up; three in the queue.
    expect(restored).toMatchObject({ held: 3, waiting: 3 });
    await waitFor(async () => (await waitingForTransport()) === before.waiting);
    expect(await activities()).toEqual(before.experts);

    // The ring is answered as if nothing had been.
    void ringing.leg.answer();
    await said(clinic, ringing.scene, 'call.answered');
    void ringing.scene.call.hangup();
    await said(clinic, ringing.scene, 'call.ended');

    // The talk ends, and those who wait come in the order in which they came.
    void talking.scene.call.hangup();
    await said(clinic, talking.scene, 'call.ended');
    for (const scene of waiting) {
      await endWrapUp(clinic, talking.expert);
      void (await talking.expert.nextCall()).answer();
      await said(clinic, scene, 'call.answered');
      void scene.call.hangup();
      await said(clinic, scene, 'call.ended');
    }
    await endWrapUp(clinic, talking.expert);
    await endWrapUp(clinic, wrapUp.expert);
    await endWrapUp(clinic, ringing.expert);
    void inMenu.call.hangup();
    for (const scene of [talking.scene, ringing.scene, ...waiting])
      expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
        ending: 'answered',
      });
    await callRow(clinic, inMenu.id);
  }, 120_000);
});
