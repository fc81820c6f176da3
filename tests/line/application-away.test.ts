import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory, rowsOf, storyKinds } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft, leftInExchange } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  dialClinic,
  expectHeard,
  expertPhone,
  hears,
  setPresence,
} from '../support/phones.ts';
import { idOf, queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** The application is not there, or dies and comes back: nobody hears a dead line, nobody loses the place. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1' } });
  e001 = await addExpert(clinic, 'حسین مرادی', 'transport');
});
afterEach(async () => {
  await closePhones();
  if (clinic.pid === 0) await clinic.start();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('while no application is there', () => {
  it('a citizen hears an apology, leaves a number and a message, and it is imported once', async () => {
    await clinic.kill();
    const call = await dialClinic({ number: '1378', from: '09121110001' });
    await hears(call, 'fallback/apology', 40_000);
    await hears(call, 'fallback/other-number', 40_000);
    await call.sendDigits('02188001122#');
    await hears(call, 'fallback/number-check', 40_000);
    await hears(call, 'fallback/message', 40_000);
    await call.playTone(440, 4);
    void call.hangup();
    await call.ended;
    await waitFor(async () => (await leftInExchange()).length === 0);
    await clinic.start();
    await waitFor(async () => (await rowsOf(clinic, call.callId)).length > 0);
    await clinic.stop();
    await clinic.start();
    const rows = await rowsOf(clinic, call.callId);
    expect(rows).toHaveLength(1);
    const row = await callRow(clinic, rows[0]?.id ?? '');
    expect(row).toMatchObject({ ending: 'voicemail', caller: '+989121110001' });
    const { entries } = await callStory(clinic, row.id);
    expect(entries.map((entry) => entry.kind)).toEqual([
      'call.entered',
      'number.kept',
      'message.kept',
      'call.ended',
    ]);
    expect(entries[2]?.data['seconds']).toBeGreaterThanOrEqual(3);
  }, 200_000);

  it('a citizen who leaves a message, is taken back and leaves another one has both kept', async () => {
    await clinic.kill();
    const call = await dialClinic({ number: '1378', from: '09121110003' });
    await hears(call, 'fallback/other-number', 40_000);
    await call.sendDigits('#');
    await hears(call, 'fallback/message', 40_000);
    await call.playTone(440, 4);
    await call.sendDigits('#');
    await hears(call, { key: 'fallback/message-check', seconds: 1 });
    await clinic.start();
    const id = await idOf(clinic, call);
    await hears(call, 'clinic/greeting');
    await call.sendDigits('2');
    await said(clinic, { call, id }, 'call.queued');
    await hears(call, { key: 'queue/please-wait', seconds: 1 });
    await call.sendDigits('2');
    await hears(call, [{ key: 'queue/please-wait', seconds: 1 }, 'fallback/message']);
    await call.playTone(880, 3);
    await call.sendDigits('#');
    await call.ended;
    await callRow(clinic, id, ({ ending }) => ending === 'voicemail');
    const { entries } = await callStory(clinic, id);
    const messages = entries.filter(({ kind }) => kind === 'message.kept');
    expect(messages).toHaveLength(1);
    // The beep and the key take some of the four and three.
    expect(messages[0]?.data['seconds']).toBeGreaterThanOrEqual(5);
  }, 200_000);

  it('a citizen who gives up is a row all the same', async () => {
    await clinic.kill();
    const call = await dialClinic({ number: '1378', from: '09121110002' });
    await call.playTone(440, 1);
    void call.hangup();
    await call.ended;
    await clinic.start();
    await waitFor(async () => (await rowsOf(clinic, call.callId)).length > 0);
    const [row] = await rowsOf(clinic, call.callId);
    expect(row).toMatchObject({ ending: 'abandoned', caller: '+989121110002', specialty: null });
  }, 60_000);

  it('a citizen who holds on is served when it is back', async () => {
    await clinic.kill();
    const call = await dialClinic({ number: '1378' });
    await clinic.start();
    const id = await idOf(clinic, call);
    await hears(call, 'clinic/greeting');
    await call.sendDigits('2');
    await said(clinic, { call, id }, 'call.queued');
    void call.hangup();
    expect(await callRow(clinic, id)).toMatchObject({ ending: 'abandoned', specialty: 'transport' });
    expect(await rowsOf(clinic, call.callId)).toHaveLength(1);
  }, 60_000);
});

describe('when the application is killed and comes back', () => {
  it('a talk goes on, and its end is written down', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, scene, 'call.answered');
    await clinic.kill();
    expect(ring.state).toBe('talking');
    await clinic.start();
    await said(clinic, scene, 'call.taken-up');
    expect(ring.state).toBe('talking');
    void ring.hangup();
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
      expertId: e001,
    });
  }, 60_000);

  it('those who wait keep their order', async () => {
    const early = await queues(clinic, { from: '09120000001' });
    const late = await queues(clinic, { from: '09120000002' });
    // Not rung while the telephone still registers: such a ring may be taken back and made anew.
    await setPresence(clinic, e001, 'paused');
    await clinic.kill();
    await clinic.start();
    await said(clinic, late, 'call.taken-up');
    const expert = await expertPhone(clinic, e001);
    const first = await expert.nextCall();
    void first.answer();
    await said(clinic, early, 'call.answered');
    void first.hangup();
    void (await expert.nextCall()).answer();
    await said(clinic, late, 'call.answered');
    void late.call.hangup();
    for (const { id } of [early, late]) await callRow(clinic, id, (row) => row.state === 'ended');
  }, 60_000);

  it('a ring goes on, and who answers then has the citizen', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    ring.ringing();
    await clinic.kill();
    await clinic.start();
    await said(clinic, scene, 'call.taken-up');
    void ring.answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    const { offers } = await callStory(clinic, scene.id);
    expect(offers.map((offer) => offer.result)).toEqual(['answered']);
  }, 60_000);

  it('a ring answered while nobody was there is not silence: the citizen is offered anew', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const orphan = await expert.nextCall();
    await clinic.kill();
    void orphan.answer();
    expect(await orphan.ended).toMatchObject({ by: 'remote' });
    await clinic.start();
    void (await expert.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    const { offers } = await callStory(clinic, scene.id);
    expect(offers.map((offer) => offer.result)).toEqual(['lost', 'answered']);
  }, 60_000);

  it('a citizen who hung up meanwhile is a row that says so, and nobody is rung', async () => {
    const scene = await queues(clinic);
    await clinic.kill();
    void scene.call.hangup();
    await scene.call.ended;
    await clinic.start();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'abandoned' });
  }, 60_000);

  it('a citizen in the menu hears it again', async () => {
    const call = await dialClinic({ number: '1378' });
    const id = await idOf(clinic, call);
    await clinic.kill();
    await clinic.start();
    await said(clinic, { call, id }, 'call.taken-up');
    await hears(call, { key: 'clinic/menu', seconds: 2 });
    await call.sendDigits('2');
    await said(clinic, { call, id }, 'call.queued');
    expectHeard(call, { key: 'clinic/menu', seconds: 2 });
    void call.hangup();
    await callRow(clinic, id);
    expect(await storyKinds(clinic, id)).toContain('call.ended');
  }, 60_000);
});
