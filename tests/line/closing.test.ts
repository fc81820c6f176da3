import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '../../src/platform/pool.ts';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { opensTomorrow } from '../support/hours.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expectHeard, expertPhone, hears } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { silentLog } from '../support/silent-log.ts';

/** The end of the hours with people in the queue: they are served or called back, and nobody is dropped. */

const WAITING = 30;
let clinic: Clinic;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  clinic = await startClinic({
    open: false,
    env: { CLOSING_GRACE_SECONDS: '0', WRAP_UP_SECONDS: '1', RING_SECONDS: '60' },
  });
  await opensTomorrow(clinic);
  pool = createPool(clinic.databaseUrl, silentLog);
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await pool.end();
  await clinic.close();
});

const at = (ms: number) => new Date(Date.now() + ms).toISOString();

async function opens(ms: number): Promise<string> {
  const body = { startsAt: at(-3_600_000), endsAt: at(ms), reason: 'آزمون' };
  const made = await clinic.api<{ id: string }>('/openings', { method: 'POST', body });
  expect(made.status).toBe(201);
  return made.body.id;
}

async function close(body: { kind: string }): Promise<string> {
  const made = await clinic.api<{ id: string }>('/closures', {
    ...{ method: 'POST', body: { ...body, reason: 'آزمون' } },
  });
  expect(made.status).toBe(201);
  return made.body.id;
}

async function promised(ids: readonly string[]) {
  const { rows } = await pool.query<{ number: string }>(
    `select number from promises where call_id = any ($1) and reason = 'callback' order by number`,
    [ids],
  );
  return rows.map(({ number }) => number);
}

describe('those who wait when it closes', () => {
  it('hear why, are promised a call, and a talk goes on', async () => {
    await opens(3_600_000);
    const expertId = await addExpert(clinic, 'زهرا کریمی', 'transport');
    const expert = await expertPhone(clinic, expertId);
    const talks = await queues(clinic, { from: '09120009801' });
    const leg = await expert.nextCall();
    void leg.answer();
    await said(clinic, talks, 'call.answered');
    const waits = await queues(clinic, { from: '09120009802' });
    await said(clinic, waits, 'call.queued');
    const closure = await close({ kind: 'snow' });
    await said(clinic, waits, 'hours.checked', (line) => line['reason'] === 'closure');
    // The words, time to key what they offer, and the own number come before.
    await hears(waits.call, { key: 'fallback/other-number', seconds: 2 }, 60_000);
    expectHeard(waits.call, 'closed/sorry', 'specialty/transport', 'closure/snow', 'closed/we-call');
    await waits.call.sendDigits('#');
    await waits.call.ended;
    await callRow(clinic, waits.id, (row) => row.ending === 'callback');
    expect(await promised([waits.id])).toEqual(['+989120009802']);
    expect(talks.call.state).toBe('talking');
    void leg.hangup();
    await said(clinic, talks, 'segment.ended');
    void talks.call.hangup();
    await callRow(clinic, talks.id);
    await clinic.api(`/closures/${closure}`, { method: 'DELETE' });
    // Out of the way of the next test.
    await clinic.api(`/experts/${expertId}/presence`, {
      ...{ method: 'PUT', body: { state: 'offline', reason: null } },
    });
  }, 90_000);

  it('by a withheld number are promised nothing before they have left one', async () => {
    const scene = await queues(clinic, { from: 'anonymous' });
    const closure = await close({ kind: 'snow' });
    await hears(scene.call, { key: 'fallback/key-number', seconds: 2 }, 60_000);
    expectHeard(scene.call, 'closed/sorry', 'specialty/transport', 'closure/snow');
    expect(() => expectHeard(scene.call, 'closed/we-call')).toThrow('Not heard');
    await scene.call.sendDigits('02188001139#');
    await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
    await scene.call.sendDigits('1');
    await scene.call.ended;
    expectHeard(scene.call, { key: 'fallback/will-call', seconds: 1 });
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promised([scene.id])).toEqual(['02188001139']);
    await clinic.api(`/closures/${closure}`, { method: 'DELETE' });
  }, 120_000);

  it('thirty of them at once are all owed a call, and none is dropped', async () => {
    const numbers = Array.from({ length: WAITING }, (_, n) => `091200098${String(n + 10)}`);
    const scenes = await Promise.all(numbers.map((from) => queues(clinic, { from })));
    // What is open closes within a moment.
    const { body } = await clinic.api<{ items: { id: string }[] }>('/openings');
    const soon = at(1500);
    await opens(1500);
    for (const { id } of body.items) await clinic.api(`/openings/${id}`, { method: 'DELETE' });
    await Promise.all(
      scenes.map((scene) => said(clinic, scene, 'wish.made', (line) => line['actor'] === 'system', 20_000)),
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(soon));
    // Some hang up over the words, the others listen to the end and key nothing.
    for (const { call } of scenes.slice(0, WAITING / 2)) void call.hangup();
    const ends = await Promise.all(scenes.slice(WAITING / 2).map(({ call }) => call.ended));
    for (const end of ends) expect(end).toMatchObject({ by: 'remote' });
    for (const { id } of scenes) await callRow(clinic, id, (row) => row.ending === 'callback');
    expect(await promised(scenes.map(({ id }) => id))).toEqual(
      numbers.map((number) => `+98${number.slice(1)}`),
    );
  }, 180_000);
});
