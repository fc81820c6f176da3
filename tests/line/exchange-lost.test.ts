import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/platform/pool.ts';
import { callRow, callStory, rowsOf } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { killExchange, startExchange, stopExchange } from '../support/exchange-restart.ts';
import { endWrapUp, fillHouse, hireStaff, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, dialClinic, expertPhone, hears } from '../support/phones.ts';
import { queues, said, type Scene } from '../support/scenes.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Asterisk itself ends with calls up: nobody is left without a row, and nobody is forgotten. */

let clinic: Clinic;
let staff: Staff;
let pool: ReturnType<typeof createPool>;

beforeEach(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '600' } });
  staff = await hireStaff(clinic);
  pool = createPool(clinic.databaseUrl, silentLog);
});
afterEach(async () => {
  await startExchange();
  await closePhones();
  await pool.end();
  await clinic.close();
});

/** Each is closed once, as failed, and one promise stands for it. */
async function expectPromised(scenes: readonly Scene[]): Promise<void> {
  for (const { id } of scenes) {
    expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'failed' });
    const { entries } = await callStory(clinic, id);
    expect(entries.filter(({ kind }) => kind === 'call.ended')).toHaveLength(1);
  }
  const promises = await pool.query<{ call_id: string }>('select call_id from promises where reason = $1', [
    'failed',
  ]);
  expect(promises.rows.map(({ call_id }) => call_id).toSorted()).toEqual(
    scenes.map(({ id }) => id).toSorted(),
  );
}

const timesReconciled = () => clinic.lines.filter(({ msg }) => msg === 'calls.reconciled').length;

const reachable = async (expertId: string): Promise<boolean> => {
  const { body } = await clinic.api<{ status: { reachable: boolean } }>(`/experts/${expertId}`);
  return body.status.reachable;
};

describe.each([
  ['is killed', killExchange],
  ['is stopped in order', stopExchange],
])('Asterisk %s with calls up', (_name, end) => {
  it('each lost call is closed once as failed and becomes a promise; experts are there again and are offered calls', async () => {
    const { inMenu, waiting, talking, ringing, wrapUp } = await fillHouse(clinic, staff);
    await end();
    await startExchange();
    await waitFor(() => timesReconciled() === 2, 30_000);
    await expectPromised([inMenu, ...waiting, talking.scene, ringing.scene]);
    const { entries } = await callStory(clinic, talking.scene.id);
    expect(entries.find(({ kind }) => kind === 'segment.ended')?.data).toMatchObject({ by: 'fault' });
    expect((await callStory(clinic, ringing.scene.id)).offers).toMatchObject([{ result: 'lost' }]);
    const promises = await pool.query<{ call_id: string }>(
      'select call_id, reason, number, specialty from promises order by number',
    );
    expect(promises.rows).toEqual(
      [
        { call_id: talking.scene.id, number: '+989120000020', specialty: 'transport' },
        { call_id: ringing.scene.id, number: '+989120000030', specialty: 'finance' },
        ...waiting.map(({ id }, index) => ({
          ...{ call_id: id, number: `+98912000004${index + 1}`, specialty: 'transport' },
        })),
        { call_id: inMenu.id, number: '+989120000050', specialty: null },
      ].map((row) => ({ ...row, reason: 'failed' })),
    );

    // The one who was writing goes on writing.
    await endWrapUp(clinic, wrapUp.expert);
    for (const expertId of [staff.transport, staff.finance, staff.planning])
      await waitFor(() => reachable(expertId), 60_000);
    for (const [digit, expert] of [
      ['1', wrapUp.expert],
      ['2', talking.expert],
      ['4', ringing.expert],
    ] as const) {
      const scene = await queues(clinic, { digit, from: `0912000006${digit}` });
      const leg = await expert.nextCall();
      void leg.answer();
      await said(clinic, scene, 'call.answered');
      void scene.call.hangup();
      await said(clinic, scene, 'segment.ended');
      await endWrapUp(clinic, expert);
    }
    await expectNothingLeft(clinic);
  }, 180_000);
});

/** As many at once as the line is judged by. */
const CROWD = { talking: 10, ringing: 10, waiting: 20 };

describe.each([
  ['is killed', killExchange],
  ['is stopped in order', stopExchange],
])('Asterisk %s with forty calls up', (_name, end) => {
  it('no call is forgotten, and every expert has a next one', async () => {
    const experts = [];
    for (let n = 0; n < CROWD.talking + CROWD.ringing; n += 1)
      experts.push(await expertPhone(clinic, await addExpert(clinic, `کارشناس ${n}`, 'transport')));
    const scenes: Scene[] = [];
    let answers = 0;
    const answered = experts.map(async (expert) => {
      const leg = await expert.nextCall();
      if (answers++ < CROWD.talking) void leg.answer();
      else leg.ringing();
    });
    for (let n = 0; n < CROWD.talking + CROWD.ringing + CROWD.waiting; n += 1)
      scenes.push(await queues(clinic, { from: `09120001${100 + n}` }));
    await Promise.all(answered);
    const talks = () => clinic.lines.filter(({ msg }) => msg === 'call.answered').length;
    await waitFor(() => talks() === CROWD.talking);
    // The exchange tells by the second when it was started: a call of that very second may be of before or of after.
    const last = Date.now();
    await waitFor(() => Date.now() - last > 1000);
    await end();
    await startExchange();
    await waitFor(() => timesReconciled() === 2, 30_000);
    await expectPromised(scenes);

    // Who was talking has nothing to write down either: the talk was not over.
    for (const { expertId } of experts) await waitFor(() => reachable(expertId), 60_000);
    const offered = experts.map((expert) => expert.nextCall().then((leg) => void leg.answer()));
    const next = [];
    for (let n = 0; n < experts.length; n += 1)
      next.push(await queues(clinic, { from: `09120002${100 + n}` }));
    await Promise.all(offered);
    for (const scene of next) {
      await said(clinic, scene, 'call.answered');
      void scene.call.hangup();
    }
    for (const scene of next) await said(clinic, scene, 'segment.ended');
    await expectNothingLeft(clinic);
  }, 240_000);
});

describe('Asterisk is killed with a citizen in its own hands', () => {
  it('who left neither number nor message has not given up: the call has failed, and is promised', async () => {
    await clinic.kill();
    const call = await dialClinic({ number: '1378', from: '09121110003' });
    await hears(call, { key: 'fallback/apology', seconds: 2 }, 40_000);
    await killExchange();
    await startExchange();
    await clinic.start();
    await waitFor(async () => (await rowsOf(clinic, call.callId)).length > 0, 20_000);
    const [row] = await rowsOf(clinic, call.callId);
    expect(row).toMatchObject({ ending: 'failed', caller: '+989121110003' });
    await expectPromised([{ call, id: row?.id ?? '' }]);
  }, 120_000);
});
