import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createRedis } from '../../src/platform/redis.ts';
import { callRow, callStory, rowsOf } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { endWrapUp, fillHouse, hireStaff, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expertPhone } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { silentLog } from '../support/silent-log.ts';

/** A successor of another version, which cannot read what its predecessor has saved of the calls. */

const SNAPSHOTS = '{clinic}:calls';
let clinic: Clinic;
let staff: Staff;

beforeAll(async () => {
  clinic = await startClinic({ env: { RING_SECONDS: '100', WRAP_UP_SECONDS: '600' } });
  staff = await hireStaff(clinic);
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** Every snapshot as a later version might write it. */
async function ageSnapshots(): Promise<void> {
  const redis = createRedis(clinic.redisUrl, silentLog);
  for (const callId of await redis.hkeys(SNAPSHOTS))
    await redis.hset(SNAPSHOTS, callId, JSON.stringify({ format: 99, callId, condition: 'unheard of' }));
  redis.disconnect();
}

it('is not brought down by them, and makes the calls anew from their channels', async () => {
  const { wrapUp, talking, ringing, waiting, inMenu } = await fillHouse(clinic, staff);
  await clinic.stop();
  await ageSnapshots();
  await clinic.start();
  await clinic.logged('snapshot.refused', (line) => line['callId'] === inMenu.id && line['format'] === 99);

  // The talk goes on; it ends as it would have, with the length it had.
  await said(clinic, talking.scene, 'call.rebuilt', (line) => line['state'] === 'talking');
  expect(talking.leg.state).toBe('talking');
  void talking.leg.hangup();
  await said(clinic, talking.scene, 'segment.ended');

  // Who waited keeps the place, who was being rung for is offered anew.
  for (const scene of waiting) {
    await endWrapUp(clinic, talking.expert);
    const leg = await talking.expert.nextCall();
    void leg.answer();
    await said(clinic, scene, 'call.answered');
    void leg.hangup();
    await said(clinic, scene, 'segment.ended');
  }
  await endWrapUp(clinic, talking.expert);
  expect(await ringing.leg.ended).toMatchObject({ by: 'remote' });
  void (await ringing.expert.nextCall()).answer();
  await said(clinic, ringing.scene, 'call.answered');
  void ringing.scene.call.hangup();
  await said(clinic, ringing.scene, 'segment.ended');
  await endWrapUp(clinic, ringing.expert);
  await endWrapUp(clinic, wrapUp.expert);

  // Who had not chosen yet begins anew.
  await said(clinic, inMenu, 'hours.checked', (line) => Number(line['seq']) >= 1000);
  void inMenu.call.hangup();
  expect(await callRow(clinic, inMenu.id)).toMatchObject({ ending: 'abandoned' });

  for (const { id, call } of [wrapUp.scene, talking.scene, ringing.scene, ...waiting]) {
    expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
    expect(await rowsOf(clinic, call.callId)).toHaveLength(1);
  }
  const { entries } = await callStory(clinic, talking.scene.id);
  const answeredAt = entries.find(({ kind }) => kind === 'call.answered')?.data['answeredAt'];
  const segment = entries.find(({ kind }) => kind === 'segment.ended')?.data;
  // Told by the channel, which is marked a moment after the two were joined.
  const apart = Date.parse(String(segment?.['startedAt'])) - Date.parse(String(answeredAt));
  expect(Math.abs(apart)).toBeLessThan(5000);
}, 180_000);

it('cuts off the words of its predecessor, which would stand in the way of a talk', async () => {
  const first = await queues(clinic, { from: '09120000061' });
  // The second in line is told more than who comes next.
  const second = await queues(clinic, { from: '09120000062' });
  void first.call.hangup();
  await said(clinic, first, 'call.ended');
  await clinic.stop();
  await ageSnapshots();
  await clinic.start();
  const expert = await expertPhone(clinic, staff.transport);
  void (await expert.nextCall()).answer();
  // With the words still sounding Asterisk would not join the two in time.
  const outcome = await Promise.race([
    said(clinic, second, 'call.answered'),
    said(clinic, second, 'bridge.failed'),
  ]);
  expect(outcome).toMatchObject({ msg: 'call.answered' });
  void second.call.hangup();
  await said(clinic, second, 'segment.ended');
  await endWrapUp(clinic, expert);
}, 60_000);
