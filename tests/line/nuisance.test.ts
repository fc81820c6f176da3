import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, storyKinds } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expectHeard, expertPhone, hears } from '../support/phones.ts';
import { enters, queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** A listed number calls: a row as ever, polite words, a message if wanted, and no expert is rung; taken off, one is. */

let clinic: Clinic;
let expertId: string;
beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1' } });
  expertId = await addExpert(clinic, 'زهرا کریمی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

const FROM = '09120004401';

async function list(number: string): Promise<string> {
  const body = { number, reason: 'مزاحمت مکرر' };
  const made = await clinic.api<{ id: string }>('/nuisance-numbers', { method: 'POST', body });
  expect(made.status).toBe(201);
  return made.body.id;
}
const isTold = (line: Record<string, unknown>) => line['specialty'] === 'transport';

describe('a listed citizen', () => {
  it('leaves a message that becomes a case with a text, while the expert stays free, and is rung for again once taken off', async () => {
    const expert = await expertPhone(clinic, expertId);
    const id = await list(FROM);

    const scene = await enters(clinic, { from: FROM });
    await scene.call.sendDigits('2');
    await said(clinic, scene, 'caller.listed', isTold);
    await hears(scene.call, { key: 'clinic/message-only', seconds: 3 });
    await hears(scene.call, { key: 'fallback/message', seconds: 2 });
    await scene.call.playTone(440, 3);
    await scene.call.sendDigits('#');
    await scene.call.ended;
    expectHeard(scene.call, { key: 'fallback/thanks', seconds: 1 });
    // Not promised what will not be.
    expect(() => expectHeard(scene.call, { key: 'fallback/will-call', seconds: 1 })).toThrow('will-call');
    const row = await callRow(clinic, scene.id, ({ ending }) => ending === 'voicemail');
    expect(row).toMatchObject({ specialty: 'transport', queuedAt: null, answeredAt: null, expertId: null });
    expect(await storyKinds(clinic, scene.id)).not.toContain('offer.made');
    await waitFor(async () => (await callRow(clinic, scene.id)).caseId !== null);
    const { caseId } = await callRow(clinic, scene.id);
    // Without a gateway the text is written down: the sending itself is tried in the tests of the room.
    await waitFor(async () => {
      const found = await clinic.api<{ texts: { template: string; state: string }[] }>(`/cases/${caseId!}`);
      return found.body.texts.some(({ template, state }) => template === 'case-opened' && state === 'kept');
    });

    expect((await clinic.api(`/nuisance-numbers/${id}`, { method: 'DELETE' })).status).toBe(204);
    const again = await queues(clinic, { from: FROM });
    void (await expert.nextCall()).answer();
    await said(clinic, again, 'call.answered');
    void again.call.hangup();
    await callRow(clinic, again.id, ({ state }) => state === 'ended');
  }, 120_000);

  it('hears outside of the hours why nobody answers, and is offered no call back', async () => {
    const id = await list(FROM);
    const body = { specialty: null, kind: 'snow', reason: 'آزمون' };
    const closure = await clinic.api<{ id: string }>('/closures', { method: 'POST', body });
    expect(closure.status).toBe(201);
    const scene = await enters(clinic, { from: FROM });
    await said(clinic, scene, 'caller.listed');
    await hears(scene.call, { key: 'clinic/message-only', seconds: 3 });
    await hears(scene.call, { key: 'fallback/message', seconds: 2 });
    expectHeard(scene.call, 'closure/snow');
    await scene.call.hangup();
    expect(await callRow(clinic, scene.id, ({ state }) => state === 'ended')).toMatchObject({
      queuedAt: null,
    });
    await clinic.api(`/closures/${closure.body.id}`, { method: 'DELETE' });
    await clinic.api(`/nuisance-numbers/${id}`, { method: 'DELETE' });
  });

  it('who hangs up over the words is a row, and nobody’s case', async () => {
    const id = await list(FROM);
    const scene = await enters(clinic, { from: FROM });
    await scene.call.sendDigits('2');
    await said(clinic, scene, 'caller.listed');
    await hears(scene.call, { key: 'clinic/message-only', seconds: 1 });
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'abandoned', specialty: 'transport' });
    await clinic.logged('cases.settled', (line) => line['waived'] === 1);
    expect(await callRow(clinic, scene.id)).toMatchObject({ caseId: null });
    await clinic.api(`/nuisance-numbers/${id}`, { method: 'DELETE' });
  });
});
