import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, dialClinic, expectHeard, hears } from '../support/phones.ts';
import { enters, idOf, said } from '../support/scenes.ts';

/** What a citizen keys, or does not key, in the clinic's menu. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic({ env: { MENU_TIMEOUT_SECONDS: '1' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('in the menu', () => {
  it('takes 8 and a specialty keyed in one go, over both greetings', async () => {
    const call = await dialClinic({ digits: '8' });
    const id = await idOf(clinic, call);
    await call.sendDigits('4');
    await said(clinic, { call, id }, 'call.queued', (line) => line['specialty'] === 'finance');
    void call.hangup();
    expect(await callRow(clinic, id)).toMatchObject({ specialty: 'finance', ending: 'abandoned' });
  });

  it('says that a wrong digit is no choice, and takes a right one then', async () => {
    const scene = await enters(clinic);
    await scene.call.sendDigits('7');
    await hears(scene.call, 'clinic/invalid');
    await scene.call.sendDigits('1');
    await said(clinic, scene, 'call.queued', (line) => line['specialty'] === 'urban-planning');
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    const story = await callStory(clinic, scene.id);
    expect(story.entries.find((entry) => entry.kind === 'menu.missed')?.data).toEqual({
      digit: '7',
      attempt: 1,
    });
  });

  it('says the menu again on 0', async () => {
    const scene = await enters(clinic);
    await scene.call.sendDigits('0');
    const begins = { key: 'clinic/menu', seconds: 2 };
    await hears(scene.call, begins);
    await scene.call.sendDigits('0');
    await hears(scene.call, [begins, begins]);
    void scene.call.hangup();
    const story = await callRow(clinic, scene.id).then(() => callStory(clinic, scene.id));
    expect(story.entries.map((entry) => entry.kind)).not.toContain('menu.missed');
  });

  it('takes a citizen who keys nothing at all to the experts of the default specialty', async () => {
    const scene = await enters(clinic);
    const queued = await clinic.logged('call.queued', (line) => line['callId'] === scene.id, 90_000);
    expect(queued['specialty']).toBe('urban-services');
    await hears(scene.call, 'clinic/to-default');
    expectHeard(
      scene.call,
      'clinic/greeting',
      'clinic/menu',
      'clinic/no-digit',
      'clinic/menu',
      'clinic/no-digit',
      'clinic/menu',
      'clinic/to-default',
    );
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    const { entries } = await callStory(clinic, scene.id);
    expect(entries.filter((entry) => entry.kind === 'menu.missed').map((entry) => entry.data)).toEqual([
      { digit: null, attempt: 1 },
      { digit: null, attempt: 2 },
      { digit: null, attempt: 3 },
    ]);
    expect(entries.find((entry) => entry.kind === 'menu.chosen')?.data).toEqual({
      specialty: 'urban-services',
      by: 'default',
    });
  }, 150_000);

  it.each([96, 110])('understands keys sent under payload type %i', async (dtmfPayloadType) => {
    const scene = await enters(clinic, { dtmfPayloadType });
    await scene.call.sendDigits('3');
    await said(clinic, scene, 'call.queued', (line) => line['specialty'] === 'urban-services');
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  });
});

describe('in the menu of 137', () => {
  it('tells a digit of the other platform clearly that it is not there, and still takes 8', async () => {
    const call = await dialClinic({ digits: '3' });
    await hears(call, 'm137/no-legacy');
    await call.sendDigits('8');
    const id = await idOf(clinic, call);
    void call.hangup();
    expect(await callRow(clinic, id)).toMatchObject({ ending: 'abandoned', specialty: null });
  });
});
