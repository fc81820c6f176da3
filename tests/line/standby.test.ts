import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { endWrapUp, fillHouse, hireStaff, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones } from '../support/phones.ts';
import { said } from '../support/scenes.ts';

/** A second process waits beside the one that has the exchange. */

const TIMES = { RING_SECONDS: '100', WRAP_UP_SECONDS: '600' };

let owner: Clinic;
let standby: Clinic;
let staff: Staff;

beforeEach(async () => {
  owner = await startClinic({ env: TIMES });
  staff = await hireStaff(owner);
  const env = { DATABASE_URL: owner.databaseUrl, REDIS_URL: owner.redisUrl, CLINIC_STANDBY: 'true' };
  standby = await startClinic({ env: { ...TIMES, ...env }, open: false });
  await standby.logged('standby.waiting');
});
afterEach(async () => {
  await closePhones();
  await standby.close();
  await owner.close();
});

const tookOver = (): boolean => standby.lines.some(({ msg }) => msg === 'standby.takes-over');

describe('a process that stands by', () => {
  it('takes the calls up when the owner is killed: queue, ring, talk and wrap-up go on', async () => {
    const { talking, ringing, waiting, inMenu, wrapUp } = await fillHouse(owner, staff);
    expect(tookOver()).toBe(false);
    await owner.kill();
    await standby.logged('calls.reconciled');
    void ringing.leg.answer();
    await said(standby, ringing.scene, 'call.answered');
    void talking.leg.hangup();
    await said(standby, talking.scene, 'segment.ended');
    for (const scene of waiting) {
      await endWrapUp(standby, talking.expert);
      void (await talking.expert.nextCall()).answer();
      await said(standby, scene, 'call.answered');
      void scene.call.hangup();
      await said(standby, scene, 'call.ended');
    }
    await endWrapUp(standby, talking.expert);
    await endWrapUp(standby, wrapUp.expert);
    void ringing.scene.call.hangup();
    await said(standby, ringing.scene, 'call.ended');
    await endWrapUp(standby, ringing.expert);
    void inMenu.call.hangup();
    for (const { id } of [talking.scene, ringing.scene, ...waiting]) {
      expect(await callRow(standby, id, (row) => row.state === 'ended')).toMatchObject({
        ending: 'answered',
      });
      expect((await callStory(standby, id)).offers.map(({ result }) => result)).toEqual(['answered']);
    }
    await callRow(standby, inMenu.id, (row) => row.state === 'ended');
    await expectNothingLeft(standby);
  }, 120_000);

  it('stays where it is while the owner lives, though its heartbeat is gone from Redis', async () => {
    const redis = new Redis(owner.redisUrl);
    // Longer than it looks twice: the owner answers by itself.
    const until = Date.now() + 4000;
    while (Date.now() < until) await redis.del('{clinic}:heartbeat:calls');
    await redis.quit();
    await standby.logged('owner.answered');
    expect(tookOver()).toBe(false);
  }, 30_000);
});
