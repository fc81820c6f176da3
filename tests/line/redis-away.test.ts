import { beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { addExpert, expertPhone, hears } from '../support/phones.ts';
import { onPrivateRedis } from '../support/private-redis.ts';
import type { PrivateServer } from '../support/private-servers.ts';
import { enters, queues, said } from '../support/scenes.ts';

/** Redis blinks in the worst moment: the citizen is still served, the expert is not reserved for ever. */

const scene = onPrivateRedis({ RING_SECONDS: '3', WRAP_UP_SECONDS: '1', MISSES_BEFORE_PAUSE: '5' });
let redis: PrivateServer;
let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  ({ redis, clinic } = scene());
  e001 = await addExpert(clinic, 'لیلا قاسمی', 'transport');
});

describe('Redis away for a moment', () => {
  it('while a ring goes unanswered: the citizen is offered again', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const missed = await expert.nextCall();
    await redis.kill();
    await missed.ended;
    await redis.start();
    void (await expert.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
      expertId: e001,
    });
  }, 60_000);

  it('when a talk ends: the expert wraps up and is offered the next call', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    void (await expert.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    await redis.kill();
    void scene.call.hangup();
    await said(clinic, scene, 'call.ended');
    await redis.start();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    const next = await queues(clinic);
    void (await expert.nextCall()).answer();
    await said(clinic, next, 'call.answered');
    void next.call.hangup();
    await callRow(clinic, next.id, (row) => row.state === 'ended');
  }, 60_000);

  it('when a citizen gives up while an expert rings: the expert is free for the next', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    await redis.kill();
    void scene.call.hangup();
    await ring.ended;
    await redis.start();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'abandoned' });
    const next = await queues(clinic);
    void (await expert.nextCall()).answer();
    await said(clinic, next, 'call.answered');
    void next.call.hangup();
    await callRow(clinic, next.id, (row) => row.state === 'ended');
  }, 60_000);
});

describe('Redis away for longer than a citizen should wait', () => {
  it('the exchange takes a number and a message, and the call ends with them, once', async () => {
    const scene = await enters(clinic, { from: '09124445566' });
    await redis.kill();
    await scene.call.sendDigits('2');
    await hears(scene.call, 'fallback/apology', 40_000);
    await scene.call.sendDigits('02188334455#');
    await hears(scene.call, 'fallback/message', 60_000);
    await scene.call.playTone(440, 3);
    void scene.call.hangup();
    await scene.call.ended;
    const row = await callRow(clinic, scene.id);
    await redis.start();
    expect(row).toMatchObject({ ending: 'voicemail', specialty: 'transport', caller: '+989124445566' });
    const { entries } = await callStory(clinic, scene.id);
    expect(entries.filter((entry) => entry.kind === 'call.ended')).toHaveLength(1);
    expect(entries.map((entry) => entry.kind)).toEqual(
      expect.arrayContaining(['fault.met', 'number.kept', 'message.kept']),
    );
  }, 150_000);
});
