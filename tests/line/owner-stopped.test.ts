import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { listensOn, toneBreaks } from '../support/continuity.ts';
import { endWrapUp, fillHouse, hireStaff, type FullHouse, type Staff } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones } from '../support/phones.ts';
import { said } from '../support/scenes.ts';
import { findTone } from '../../src/stack/phone/tone.mjs';

/** The process that has the exchange is stopped, another takes over, and the first wakes up believing. */

const RING_SECONDS = 25;
const TIMES = { RING_SECONDS: String(RING_SECONDS), WRAP_UP_SECONDS: '600' };
const TONE_SECONDS = 30;

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

function startAnother(): Promise<Clinic> {
  const { databaseUrl, redisUrl } = old;
  return startClinic({ env: { ...TIMES, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl }, open: false });
}

const ledgerSize = async (clinic: Clinic, { talking, ringing, waiting, inMenu }: FullHouse) => {
  const scenes = [talking.scene, ringing.scene, ...waiting, inMenu];
  const stories = await Promise.all(scenes.map(({ id }) => callStory(clinic, id)));
  return stories.map(({ entries }) => entries.length);
};

/**
 * Until the sleeper's own clock for that ring has run out, while its successor's has not: the first thing it wakes up to is a
 * telephone to be hung up on.
 */
async function untilRingIsOverFor({ id }: FullHouse['inMenu']): Promise<number> {
  const { time } = await old.logged('offer.made', ({ callId }) => callId === id);
  return Math.max(0, Date.parse(String(time)) + RING_SECONDS * 1000 + 500 - Date.now());
}

describe('the owner of the exchange is stopped and wakes up', () => {
  it('with another owner there it changes nothing and ends; the talk was never cut, the ring is the same', async () => {
    const house = await fillHouse(old, staff);
    const { talking, ringing, waiting, inMenu, wrapUp } = house;
    const tone = talking.scene.call.playTone(440, TONE_SECONDS);
    process.kill(old.pid, 'SIGSTOP');
    const fresh = (successor = await startAnother());
    await fresh.logged('calls.reconciled');
    // What the sleeper must not answer: a key it has not heard of, a talk's end, an expert free for the next citizen.
    await said(fresh, inMenu, 'call.taken-up');
    await listensOn(inMenu.call, 3);
    await inMenu.call.sendDigits('3');
    await said(fresh, inMenu, 'call.queued');
    await pause(await untilRingIsOverFor(ringing.scene));
    const before = await ledgerSize(fresh, house);
    process.kill(old.pid, 'SIGCONT');
    await old.logged('process.drained');
    expect(await old.logged('process.gave-up')).toMatchObject({ alarm: true });
    expect(await ledgerSize(fresh, house)).toEqual(before);

    expect(ringing.leg.state).toBe('ringing');
    void ringing.leg.answer();
    await said(fresh, ringing.scene, 'call.answered');
    expect(await old.logged('test.process-exited', undefined, 20_000)).toMatchObject({ code: 1 });
    await tone;
    const { pcm } = talking.leg.recording();
    expect(findTone(pcm, 440).seconds).toBeGreaterThan(TONE_SECONDS - 1);
    expect(toneBreaks(pcm, 440)).toEqual([]);
    await serveInOrder(fresh, house);
    await endWrapUp(fresh, wrapUp.expert);
    void ringing.scene.call.hangup();
    await said(fresh, ringing.scene, 'segment.ended');
    await endWrapUp(fresh, ringing.expert);
    void inMenu.call.hangup();
    for (const { id } of [talking.scene, ringing.scene, ...waiting]) {
      expect(await callRow(fresh, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
      expect((await callStory(fresh, id)).offers.map(({ result }) => result)).toEqual(['answered']);
    }
    await callRow(fresh, inMenu.id, (row) => row.state === 'ended');
    await expectNothingLeft(fresh);
  }, 240_000);

  it('with nobody else there it goes on: nothing was lost but the time', async () => {
    const house = await fillHouse(old, staff);
    const { talking, ringing, waiting, inMenu, wrapUp } = house;
    process.kill(old.pid, 'SIGSTOP');
    await pause(6000);
    // The exchange tells it when it can hear again.
    void ringing.leg.answer();
    process.kill(old.pid, 'SIGCONT');
    await said(old, ringing.scene, 'call.answered');
    await serveInOrder(old, house);
    await endWrapUp(old, wrapUp.expert);
    void ringing.scene.call.hangup();
    await said(old, ringing.scene, 'segment.ended');
    await endWrapUp(old, ringing.expert);
    void inMenu.call.hangup();
    for (const { id } of [talking.scene, ringing.scene, ...waiting])
      expect(await callRow(old, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
    await callRow(old, inMenu.id, (row) => row.state === 'ended');
    await expectNothingLeft(old);
  }, 240_000);
});

/** The one expert of their specialty takes the waiting one by one, in the order in which they came. */
async function serveInOrder(clinic: Clinic, { talking, waiting }: FullHouse): Promise<void> {
  void talking.leg.hangup();
  await said(clinic, talking.scene, 'segment.ended');
  for (const scene of waiting) {
    await endWrapUp(clinic, talking.expert);
    const leg = await talking.expert.nextCall();
    void leg.answer();
    await said(clinic, scene, 'call.answered');
    void leg.hangup();
    await said(clinic, scene, 'segment.ended');
  }
  await endWrapUp(clinic, talking.expert);
}
