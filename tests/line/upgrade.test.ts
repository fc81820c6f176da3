import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callRow, callStory, rowsOf } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { listensOn, longestGap, toneBreaks } from '../support/continuity.ts';
import { endWrapUp, fillHouse, hireStaff, type FullHouse, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, dialClinic, expectHeard, type OutboundCall } from '../support/phones.ts';
import { idOf, said } from '../support/scenes.ts';
import { findTone } from '../../src/stack/phone/tone.mjs';

/** A new version takes over with calls up, whichever of the two processes is there first. Nobody on the line notices. */

const TONE_SECONDS = 12;
/** A ring and a wrap-up that the test does not outlast: only the telephone and the expert end them. */
const TIMES = { RING_SECONDS: '100', WRAP_UP_SECONDS: '600' };

let old: Clinic;
let successor: Clinic | null = null;
let staff: Staff;

beforeEach(async () => {
  old = await startClinic({ env: TIMES });
  staff = await hireStaff(old);
});
afterEach(async () => {
  await closePhones();
  await successor?.close();
  await old.close();
  successor = null;
});

function startSuccessor(): Promise<Clinic> {
  const { databaseUrl, redisUrl } = old;
  const env = { ...TIMES, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  // The same port: the new process takes it when the old one leaves it.
  return startClinic({ env: { ...env, HTTP_PORT: new URL(old.url).port }, open: false });
}

/** Who dials while the old process goes and the new one is not there yet. */
const dialMeanwhile = (): Promise<OutboundCall[]> =>
  Promise.all(
    ['09120000061', '09120000062', '09120000063'].map((from) => dialClinic({ number: '1378', from })),
  );

const ORDERS = {
  'the new process starts first': async () => {
    const starting = startSuccessor();
    await old.logged('exchange.yielded', undefined, 30_000);
    const arrived = await dialMeanwhile();
    const fresh = await starting;
    return { fresh, arrived };
  },
  'the old process ends first': async () => {
    const ending = old.stop();
    await old.logged('process.closing');
    const arrived = await dialMeanwhile();
    await ending;
    return { fresh: await startSuccessor(), arrived };
  },
};

describe.each(Object.entries(ORDERS))('%s', (order, handOver) => {
  it('talks, rings, queue, wrap-up and menu go on; who arrives meanwhile gets through', async () => {
    const house = await fillHouse(old, staff);
    const { talking, ringing, waiting, wrapUp, inMenu } = house;
    const tones = [talking.scene.call.playTone(440, TONE_SECONDS), talking.leg.playTone(620, TONE_SECONDS)];
    const since = Date.now();
    const { fresh, arrived } = await handOver();
    successor = fresh;
    expect(await old.logged('test.process-exited')).toMatchObject({ code: 0, signal: null });
    await fresh.logged('calls.reconciled');
    await checkPast(fresh, house);

    // The expert who was being rung answers that very ring.
    expect(ringing.leg.state).toBe('ringing');
    void ringing.leg.answer();
    await said(fresh, ringing.scene, 'call.answered');
    await said(fresh, inMenu, 'call.taken-up');
    await listensOn(inMenu.call, 3);
    await inMenu.call.sendDigits('3');
    await said(fresh, inMenu, 'call.queued');

    await Promise.all(tones);
    expectUnbroken(talking.scene.call, 620);
    expectUnbroken(talking.leg, 440);
    for (const { call } of waiting) expect(longestGap(call.recording(), since)).toBeLessThan(2);

    await serveInOrder(fresh, house);
    await endWrapUp(fresh, wrapUp.expert);
    await endAll(fresh, house, arrived);
    expect(order in ORDERS).toBe(true);
  }, 240_000);
});

/** What the old process did last, and what the new one found. */
async function checkPast(fresh: Clinic, house: FullHouse): Promise<void> {
  const drained = await old.logged('process.drained');
  expect(drained).toMatchObject({ live: { talking: 1, ringing: 1, 'wrap-up': 1 }, outbox: 0 });
  const reconciled = await fresh.logged('calls.reconciled');
  expect(reconciled['takenUp']).toBeGreaterThanOrEqual(7);
  const fatal = [...old.lines, ...fresh.lines].filter(({ level }) => Number(level) >= 60);
  expect(fatal).toEqual([]);
  const { status } = (await fresh.api<{ status: { activity: string } }>(`/experts/${staff.planning}`)).body;
  expect(status.activity).toBe('wrap-up');
  expect((await callRow(fresh, house.wrapUp.scene.id)).state).toBe('wrap-up');
}

function expectUnbroken(call: { recording: OutboundCall['recording'] }, frequencyHz: number): void {
  const { pcm } = call.recording();
  expect(findTone(pcm, frequencyHz).seconds).toBeGreaterThan(TONE_SECONDS - 1);
  expect(toneBreaks(pcm, frequencyHz)).toEqual([]);
}

/** The one expert of their specialty takes the waiting one by one. */
async function serveInOrder(fresh: Clinic, { talking, waiting }: FullHouse): Promise<void> {
  void talking.leg.hangup();
  await said(fresh, talking.scene, 'segment.ended');
  for (const scene of waiting) {
    await endWrapUp(fresh, talking.expert);
    const leg = await talking.expert.nextCall();
    void leg.answer();
    await said(fresh, scene, 'call.answered');
    void leg.hangup();
    await said(fresh, scene, 'segment.ended');
  }
  await endWrapUp(fresh, talking.expert);
}

/** Everyone goes; each citizen is one row with one end, and each was rung for once. */
async function endAll(fresh: Clinic, house: FullHouse, arrived: readonly OutboundCall[]): Promise<void> {
  const { ringing, wrapUp, talking, waiting, inMenu } = house;
  void ringing.scene.call.hangup();
  await said(fresh, ringing.scene, 'segment.ended');
  await endWrapUp(fresh, ringing.expert);
  for (const call of [inMenu.call, ...arrived]) void call.hangup();
  const answered = [wrapUp, talking, ringing].map(({ scene }) => scene).concat(waiting);
  for (const { id, call } of answered) {
    expect(await callRow(fresh, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
    expect(await rowsOf(fresh, call.callId)).toHaveLength(1);
    const { offers, entries } = await callStory(fresh, id);
    expect(offers.map(({ result }) => result)).toEqual(['answered']);
    for (const kind of ['call.entered', 'call.queued', 'call.answered', 'segment.ended', 'call.ended'])
      expect(entries.filter((entry) => entry.kind === kind)).toHaveLength(1);
  }
  const ids = await Promise.all(arrived.map((call) => Promise.any([idOf(fresh, call), idOf(old, call)])));
  for (const id of [inMenu.id, ...ids])
    expect(await callRow(fresh, id)).toMatchObject({ ending: 'abandoned', state: 'ended' });
  for (const call of arrived) expect(await rowsOf(fresh, call.callId)).toHaveLength(1);
  // Asked again after the hand-over, or for the first time.
  for (const call of [inMenu.call, ...arrived]) expectHeard(call, { key: 'clinic/menu', seconds: 2 });
  await expectNothingLeft(fresh);
}
