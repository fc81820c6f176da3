import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, storyKinds } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expectHeard, hears } from '../support/phones.ts';
import { enters, queues, said } from '../support/scenes.ts';

/** As many wait as may: an offer instead of a busy tone. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ env: { QUEUE_CAP: '1' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

async function turnedAway(from: string) {
  const scene = await enters(clinic, { from });
  await scene.call.sendDigits('2');
  await said(clinic, scene, 'queue.full');
  await hears(scene.call, 'queue/full');
  return scene;
}

describe('a full queue', () => {
  it('says so and takes a number or a message; those who wait keep their place', async () => {
    const first = await queues(clinic, { from: '09120006601' });
    const silent = await turnedAway('09120006602');
    await hears(silent.call, { key: 'fallback/other-number', seconds: 2 });
    await silent.call.sendDigits('#');
    await silent.call.ended;
    expectHeard(silent.call, { key: 'fallback/thanks', seconds: 1 });
    expect(await callRow(clinic, silent.id)).toMatchObject({ ending: 'callback', queuedAt: null });
    expect(await storyKinds(clinic, silent.id)).not.toContain('call.queued');

    const speaks = await turnedAway('09120006603');
    await speaks.call.sendDigits('2');
    await hears(speaks.call, { key: 'fallback/message', seconds: 2 });
    await speaks.call.playTone(440, 3);
    await speaks.call.sendDigits('#');
    await speaks.call.ended;
    expect(await callRow(clinic, speaks.id)).toMatchObject({ ending: 'voicemail' });
    expect(await clinic.api('/queues')).toMatchObject({ status: 200 });
    void first.call.hangup();
    await callRow(clinic, first.id);
    // There is room again.
    const next = await queues(clinic, { from: '09120006604' });
    void next.call.hangup();
    await callRow(clinic, next.id);
  }, 180_000);
});
