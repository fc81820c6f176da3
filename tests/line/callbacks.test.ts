import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  asksToBeCalled,
  callsBack,
  caseOf,
  citizensTelephone,
  decide,
  isNext,
} from '../support/called-back.ts';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expectHeard,
  expertPhone,
  hears,
  hearsOneOf,
  setPresence,
  type ExpertPhone,
} from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Who asked to be called back is called, in the place of the first call and only when an expert is kept for it. */

let clinic: Clinic;
let expertId: string;

beforeAll(async () => {
  clinic = await startClinic({
    env: { WRAP_UP_SECONDS: '1', CALLBACK_ATTEMPTS: '2', CALLBACK_BUSY_MINUTES: '0', ...callsBack() },
  });
  expertId = await addExpert(clinic, 'نرگس احمدی', 'transport');
});
afterEach(async () => {
  await closePhones();
  if (clinic.pid === 0) await clinic.start();
  await setPresence(clinic, expertId, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

const activity = async () =>
  (await clinic.api<{ status: { activity: string } }>(`/experts/${expertId}`)).body.status.activity;
const ready = (): Promise<ExpertPhone> => expertPhone(clinic, expertId);
const free = () => waitFor(async () => (await activity()) === 'idle');

describe('a callback', () => {
  it('comes before who called later, when an expert is kept for it, and leads to a talk', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005101');
    await isNext(clinic, promised);
    const later = await queues(clinic, { from: '09120005102' });
    expect(telephone.calls()).toBe(0);

    const expert = await ready();
    let rung = false;
    const leg = expert.nextCall().then((call) => ((rung = true), call));
    const citizen = await telephone.nextCall();
    expect(citizen.target).toBe('09120005101');
    expect(citizen.from.number).toBe('137');
    citizen.ringing();
    expect(await activity()).toBe('ringing');
    await citizen.answer();
    await hears(citizen, { key: 'callback/who', seconds: 2 });
    expect(rung).toBe(false);
    await citizen.sendDigits('1');
    const ring = await leg;
    await ring.answer();
    await clinic.logged('call.answered');
    void ring.playTone(1150, 3);
    await ring.hangup();
    await citizen.ended;

    const next = await expert.nextCall();
    await next.answer();
    await said(clinic, later, 'call.answered');
    await next.hangup();
    await later.call.ended;
    await callRow(clinic, later.id);
    const closed = await caseOf(clinic, promised, ({ state }) => state === 'closed');
    expect(closed).toMatchObject({ callback: { state: 'done', attempts: 0, result: 'talked' } });
    expect(closed.calls).toMatchObject([
      { id: promised.id, direction: 'inbound', ending: 'callback' },
      { direction: 'outbound', ending: 'answered' },
    ]);
    const attempt = await callRow(clinic, closed.calls[1]!.id);
    expect(attempt).toMatchObject({ caller: '+989120005101', expertId, caseId: closed.id });
    const { entries } = await callStory(clinic, attempt.id);
    const queued = entries.find(({ kind }) => kind === 'call.queued');
    const first = await callRow(clinic, promised.id);
    expect(queued?.data['score']).toBe(Date.parse(first.queuedAt ?? ''));
    expect(entries.some(({ kind, data }) => kind === 'hours.checked' && data['open'] === true)).toBe(true);
  }, 120_000);

  it('that is not needed any more withdraws the case, and the expert is free for the next', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005103');
    const expert = await ready();
    const citizen = await telephone.nextCall();
    await citizen.answer();
    await hears(citizen, { key: 'callback/keys', seconds: 2 });
    await citizen.sendDigits('3');
    await free();
    await citizen.ended;
    expectHeard(citizen, { key: 'callback/not-needed', seconds: 1 });
    const withdrawn = await caseOf(clinic, promised, ({ state }) => state === 'withdrawn');
    expect(withdrawn.callback).toMatchObject({ state: 'declined', result: 'not-needed' });

    const other = await queues(clinic, { from: '09120005104' });
    void (await expert.nextCall()).answer();
    await said(clinic, other, 'call.answered');
    await other.call.hangup();
    await callRow(clinic, other.id, ({ state }) => state === 'ended');
  }, 120_000);

  it('may be put off by the citizen, and by staff', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005105');
    await ready();
    const citizen = await telephone.nextCall();
    await citizen.answer();
    await hears(citizen, { key: 'callback/who', seconds: 2 });
    await citizen.sendDigits('2');
    await citizen.ended;
    const later = await caseOf(clinic, promised, ({ callback }) => callback?.state === 'pending');
    expect(later).toMatchObject({ state: 'received', callback: { attempts: 0, result: 'postponed' } });
    const inHours = (Date.parse(later.callback!.dueAt) - Date.now()) / 3_600_000;
    expect(inHours).toBeGreaterThan(1.9);
    expect(inHours).toBeLessThan(2.1);

    expect((await decide(clinic, promised, 'PUT', {})).status).toBe(200);
    const again = await telephone.nextCall();
    await again.answer();
    await hears(again, { key: 'callback/who', seconds: 2 });
    await again.sendDigits('3');
    await again.ended;
    await caseOf(clinic, promised, ({ state }) => state === 'withdrawn');
  }, 120_000);

  it('to a busy line is tried again, and after the last attempt the case says so', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005106');
    await ready();
    for (const attempt of [1, 2]) {
      const citizen = await telephone.nextCall();
      citizen.reject(486);
      await caseOf(clinic, promised, ({ callback }) => callback?.attempts === attempt);
    }
    await free();
    const closed = await caseOf(clinic, promised, ({ state }) => state === 'closed');
    expect(closed.callback).toMatchObject({ state: 'given-up', attempts: 2, result: 'busy' });
    expect(closed.calls.slice(1)).toMatchObject([{ ending: 'callback' }, { ending: 'callback' }]);
    expect(closed.history.at(-1)?.data).toMatchObject({ reason: 'given-up', result: 'busy' });
    const offers = (await callStory(clinic, closed.calls[1]!.id)).offers;
    expect(offers).toMatchObject([{ expertId, result: 'cancelled' }]);
    await clinic.logged('callback.given-up');
  }, 120_000);

  it('that a machine answers is an attempt without an answer', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005107');
    await ready();
    const machine = await telephone.nextCall();
    await machine.answer();
    await machine.ended;
    const later = await caseOf(clinic, promised, ({ callback }) => callback?.state === 'pending');
    expect(later.callback).toMatchObject({ attempts: 1, result: 'silent' });
    expect(Date.parse(later.callback!.dueAt)).toBeGreaterThan(Date.now() + 2.9 * 3_600_000);
    const taken = await decide(clinic, promised, 'DELETE');
    expect(taken.body).toMatchObject({ callback: { state: 'cancelled', result: 'taken-back' } });
  }, 120_000);

  it('is not dialled when the clinic was closed meanwhile', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005108');
    await isNext(clinic, promised);
    const closure = await clinic.api<{ id: string }>('/closures', {
      method: 'POST',
      body: { specialty: null, kind: 'snow', reason: 'آزمون' },
    });
    expect(closure.status).toBe(201);
    await ready();
    // Closed at the dial, or before by who looks whether it is still open.
    const put = await caseOf(clinic, promised, ({ callback }) => callback?.state === 'pending');
    expect(put.callback?.attempts).toBe(0);
    expect(['closed', 'recalled']).toContain(put.callback?.result);
    // Nobody knows when it opens again: it is asked about in some minutes.
    expect(Date.parse(put.callback!.dueAt)).toBeGreaterThan(Date.now() + 60_000);
    expect(telephone.calls()).toBe(0);
    await decide(clinic, promised, 'DELETE');
    await clinic.api(`/closures/${closure.body.id}`, { method: 'DELETE' });
  }, 120_000);

  it('is never dialled to a number that may not be, where no other was named, and the case says so', async () => {
    const scene = await queues(clinic, { from: '00442079460000' });
    await hearsOneOf(scene.call, ['talk/connecting', 'queue/please-wait'], 1);
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/key-number', seconds: 1 });
    void scene.call.hangup();
    const found = await caseOf(clinic, scene);
    expect(found).toMatchObject({
      state: 'received',
      callback: { state: 'cancelled', result: 'destination-refused', attempts: 0 },
    });
    expect(await decide(clinic, scene, 'PUT', {})).toMatchObject({
      status: 409,
      body: { code: 'callback-destination-refused' },
    });
  }, 60_000);

  it('is dialled once, though the application is killed while the telephone rings', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005110');
    const expert = await ready();
    const citizen = await telephone.nextCall();
    citizen.ringing();
    await clinic.kill();
    await clinic.start();
    await clinic.logged('call.taken-up', ({ state }) => state === 'dialling');
    expect(citizen.state).toBe('ringing');
    await citizen.answer();
    await hears(citizen, { key: 'callback/who', seconds: 2 });
    await citizen.sendDigits('1');
    const ring = await expert.nextCall();
    await ring.answer();
    await citizen.playTone(440, 1);
    await citizen.hangup();
    await caseOf(clinic, promised, ({ state }) => state === 'closed');
    expect(telephone.calls()).toBe(1);
  }, 120_000);

  it('whose citizen is gone when the application comes back is owed another call, and that was no attempt', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005113');
    await ready();
    const citizen = await telephone.nextCall();
    await citizen.answer();
    await hears(citizen, { key: 'callback/who', seconds: 2 });
    await clinic.kill();
    await citizen.hangup();
    await clinic.start();
    const later = await caseOf(clinic, promised, ({ callback }) => callback?.state === 'pending');
    expect(later).toMatchObject({ state: 'received', callback: { attempts: 0, result: 'lost' } });
    expect((await decide(clinic, promised, 'DELETE')).status).toBe(200);
  }, 120_000);

  it('whose citizen is with the message service outlives the application, and goes on at the number they name', async () => {
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005111');
    const expert = await ready();
    const citizen = await telephone.nextCall();
    await citizen.answer();
    await hears(citizen, { key: 'callback/who', seconds: 2 });
    await citizen.sendDigits('1');
    const since = Date.now();
    const ring = await expert.nextCall();
    ring.ringing();
    // Before that the key is taken for the first one, pressed twice.
    await waitFor(() => Date.now() - since > 2500);
    await citizen.sendDigits('1');
    await hears(citizen, { key: 'fallback/other-number', seconds: 1 });
    await citizen.sendDigits('09120005112#');
    await hears(citizen, { key: 'fallback/number-check', seconds: 1 });
    await clinic.kill();
    await clinic.start();
    await hears(citizen, { key: 'fallback/thanks', seconds: 1 });
    await citizen.ended;
    const later = await caseOf(clinic, promised, ({ callback }) => callback?.state === 'pending');
    expect(later).toMatchObject({ state: 'received', callback: { attempts: 0, result: 'postponed' } });

    expect((await decide(clinic, promised, 'PUT', {})).status).toBe(200);
    const again = await telephone.nextCall();
    expect(again.target).toBe('09120005112');
    await again.answer();
    await hears(again, { key: 'callback/who', seconds: 2 });
    await again.sendDigits('3');
    await again.ended;
    await caseOf(clinic, promised, ({ state }) => state === 'withdrawn');
  }, 120_000);
});
