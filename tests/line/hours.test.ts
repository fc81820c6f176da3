import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { opensTomorrow } from '../support/hours.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expectHeard, hears } from '../support/phones.ts';
import { enters, idOf, said, type Scene } from '../support/scenes.ts';

/** Outside hours: the citizen is told when the clinic opens next and what there is instead; who wants neither, the row says closed. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic({ open: false, env: { MENU_TIMEOUT_SECONDS: '2' } });
  await opensTomorrow(clinic);
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

const MESSAGE = { key: 'fallback/message', seconds: 2 };
const CHECK = { key: 'fallback/message-check', seconds: 2 };

/** Skips what is left of the instruction, speaks a message and hears what can be done with it. */
async function speak(scene: Scene, frequency: number, seconds: number): Promise<void> {
  await hears(scene.call, MESSAGE);
  await scene.call.sendDigits('5');
  await scene.call.playTone(frequency, seconds);
  await scene.call.sendDigits('#');
  await hears(scene.call, [MESSAGE, CHECK]);
}

describe('a closed clinic', () => {
  it('says when it opens next and what there is instead, hangs up by itself, and writes the call down as closed', async () => {
    const scene = await enters(clinic);
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(scene.call, 'clinic/greeting', 'closed/clinic', 'closed/opens', 'day/tomorrow', 'hour/9');
    expectHeard(scene.call, 'hour/9', 'closed/keys', 'closed/keys', 'talk/goodbye');
    expect(await callRow(clinic, scene.id)).toMatchObject({
      ending: 'closed',
      specialty: null,
      queuedAt: null,
    });
    const checked = (await callStory(clinic, scene.id)).entries.find(
      (entry) => entry.kind === 'hours.checked',
    );
    expect(checked?.data).toMatchObject({ open: false, reason: 'outside-hours' });
  });

  it('promises to call back who keys 1', async () => {
    const scene = await enters(clinic, { from: '09120009901' });
    await hears(scene.call, { key: 'closed/keys', seconds: 3 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/other-number', seconds: 2 });
    await scene.call.sendDigits('#');
    await scene.call.ended;
    expectHeard(
      scene.call,
      { key: 'fallback/thanks', seconds: 1 },
      { key: 'fallback/will-call', seconds: 1 },
    );
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
  }, 120_000);

  it('takes a message of who keys 2, who may hear it and speak it again', async () => {
    const scene = await enters(clinic, { from: '09120009902' });
    await hears(scene.call, { key: 'closed/keys', seconds: 3 });
    await scene.call.sendDigits('2');
    await speak(scene, 440, 6);
    await scene.call.sendDigits('2');
    // Heard to its end, it is asked about again.
    await hears(scene.call, [CHECK, CHECK]);
    await scene.call.sendDigits('3');
    await speak(scene, 700, 2);
    await scene.call.sendDigits('1');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'voicemail');
    const kept = (await callStory(clinic, scene.id)).entries.find(({ kind }) => kind === 'message.kept');
    // The second take, not the first.
    expect(Number(kept?.data['seconds'])).toBeLessThan(4);
  }, 90_000);

  it('keeps the message there is where the citizen hangs up in speaking it again', async () => {
    const scene = await enters(clinic, { from: '09120009903' });
    await hears(scene.call, { key: 'closed/keys', seconds: 3 });
    await scene.call.sendDigits('2');
    await speak(scene, 440, 6);
    await scene.call.sendDigits('3');
    await hears(scene.call, [MESSAGE, CHECK, MESSAGE]);
    await scene.call.sendDigits('5');
    await scene.call.playTone(700, 2);
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.ending === 'voicemail');
    const kept = (await callStory(clinic, scene.id)).entries.find(({ kind }) => kind === 'message.kept');
    expect(Number(kept?.data['seconds'])).toBeGreaterThanOrEqual(4);
  }, 90_000);

  it('tells the same over the menu of 137, and counts a citizen who hangs up meanwhile as told', async () => {
    const scene = await enters(clinic, { from: '09120009988' });
    await said(clinic, scene, 'hours.checked', (line) => line['open'] === false);
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'closed' });
  });

  it('opens at once when an exceptional opening is added', async () => {
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const opening = { specialty: 'finance', startsAt: at(-1), endsAt: at(1), reason: 'آزمون' };
    const added = await clinic.api('/openings', { method: 'POST', body: opening });
    expect(added.status).toBe(201);
    const open = await enters(clinic);
    await open.call.sendDigits('4');
    await said(clinic, open, 'call.queued', (line) => line['specialty'] === 'finance');
    void open.call.hangup();
    await callRow(clinic, open.id);
    const shut = await enters(clinic);
    await shut.call.sendDigits('1');
    await hears(shut.call, { key: 'closed/keys', seconds: 3 });
    void shut.call.hangup();
    await shut.call.ended;
    expectHeard(shut.call, 'specialty/urban-planning', 'closed/specialty', 'closed/opens', 'day/tomorrow');
    expect(await callRow(clinic, shut.id)).toMatchObject({ ending: 'closed', specialty: 'urban-planning' });
    expect(await idOf(clinic, shut.call)).toBe(shut.id);
  });

  it('is closed on the spot for the next caller, who hears why, and open when that is taken back', async () => {
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const opening = { startsAt: at(-1), endsAt: at(1), reason: 'آزمون' };
    await clinic.api('/openings', { method: 'POST', body: opening });
    const closure = { kind: 'air-pollution', reason: 'شاخص آلودگی' };
    const made = await clinic.api<{ id: string }>('/closures', { method: 'POST', body: closure });
    const shut = await enters(clinic);
    await hears(shut.call, { key: 'closed/keys', seconds: 3 });
    void shut.call.hangup();
    await shut.call.ended;
    // Nobody knows when it ends.
    expectHeard(shut.call, 'clinic/greeting', 'closure/air-pollution', 'closed/unknown');
    expect(await callRow(clinic, shut.id)).toMatchObject({ ending: 'closed' });
    await clinic.api(`/closures/${made.body.id}`, { method: 'DELETE' });
    const open = await enters(clinic);
    await open.call.sendDigits('2');
    await said(clinic, open, 'call.queued');
    void open.call.hangup();
    await callRow(clinic, open.id);
  });
});
