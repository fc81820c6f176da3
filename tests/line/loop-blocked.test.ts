import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { toneBreaks } from '../support/continuity.ts';
import { blockLoop, startDisturbed } from '../support/disturbed.ts';
import { fillHouse, hireStaff } from '../support/full-house.ts';
import { goesOn } from '../support/goes-on.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones } from '../support/phones.ts';
import { readyz } from '../support/ready.ts';

/** The application's event loop does nothing for five seconds while a call stands in every state. */

const TONE_SECONDS = 10;
let clinic: Clinic;

beforeAll(async () => {
  clinic = await startDisturbed({ RING_SECONDS: '90', WRAP_UP_SECONDS: '600' });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('the event loop blocked for five seconds', () => {
  it('nobody is cut off or bound twice, and everything goes on', async () => {
    const house = await fillHouse(clinic, await hireStaff(clinic));
    const tone = house.talking.scene.call.playTone(440, TONE_SECONDS);
    const leaver = house.waiting.splice(1, 1)[0]!;
    blockLoop(clinic);
    const since = performance.now();
    await pause(500);
    void leaver.call.hangup();
    void house.ringing.leg.answer();
    // It answers as soon as it can: what it was asked meanwhile has waited.
    expect((await readyz(clinic)).parts).toMatchObject({ postgres: true, redis: true });
    expect(performance.now() - since).toBeGreaterThan(4500);
    expect(await callRow(clinic, leaver.id)).toMatchObject({ ending: 'abandoned' });
    await tone;
    expect(toneBreaks(house.talking.leg.recording().pcm, 440)).toEqual([]);
    await goesOn(clinic, house);
    expect(clinic.lines.filter(({ msg }) => msg === 'process.gave-up')).toEqual([]);
  }, 90_000);
});
