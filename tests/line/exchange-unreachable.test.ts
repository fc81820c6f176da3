import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { toneBreaks } from '../support/continuity.ts';
import { startFarClinic } from '../support/far-exchange.ts';
import { endWrapUp, fillHouse, hireStaff, type Staff } from '../support/full-house.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expertPhone, setPresence, type InboundCall } from '../support/phones.ts';
import { missing, ready } from '../support/ready.ts';
import { queues, said } from '../support/scenes.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';
import { findTone } from '../../src/stack/phone/tone.mjs';

/** Packets between the application and the exchange are lost, and nobody closes anything: what was sent meanwhile comes late. */

const NOTICED_MS = 5000;
const LOST_MS = 8000;
const TONE_SECONDS = 16;

let proxy: TcpProxy;
let clinic: Clinic;
let staff: Staff;

beforeAll(async () => {
  ({ clinic, proxy } = await startFarClinic({ RING_SECONDS: '90', WRAP_UP_SECONDS: '600' }));
  staff = await hireStaff(clinic);
});
afterEach(async () => {
  proxy.freeze(false);
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic.close();
  await proxy.close();
});

describe('packets to the exchange are lost for some seconds', () => {
  it('it is noticed and said, and afterwards what happened meanwhile is made good', async () => {
    const { talking, ringing, waiting, inMenu, wrapUp } = await fillHouse(clinic, staff);
    const [first, second, third] = waiting;
    const tone = talking.scene.call.playTone(440, TONE_SECONDS);
    proxy.freeze(true);
    const since = performance.now();
    // Of all this the application hears nothing.
    void second!.call.hangup();
    void ringing.leg.hangup();
    expect(await missing(clinic, 'calls.asterisk')).toBeLessThan(NOTICED_MS);
    await pause(LOST_MS - (performance.now() - since));
    proxy.freeze(false);
    await ready(clinic);

    expect(await callRow(clinic, second!.id)).toMatchObject({ ending: 'abandoned' });
    const again = await ringing.expert.nextCall();
    void again.answer();
    await said(clinic, ringing.scene, 'call.answered');
    await tone;
    const { pcm } = talking.leg.recording();
    expect(findTone(pcm, 440).seconds).toBeGreaterThan(TONE_SECONDS - 1);
    expect(toneBreaks(pcm, 440)).toEqual([]);

    void talking.leg.hangup();
    await said(clinic, talking.scene, 'segment.ended');
    for (const scene of [first!, third!]) {
      await endWrapUp(clinic, talking.expert);
      const leg = await talking.expert.nextCall();
      void leg.answer();
      await said(clinic, scene, 'call.answered');
      void leg.hangup();
      await said(clinic, scene, 'segment.ended');
    }
    void again.hangup();
    await said(clinic, ringing.scene, 'segment.ended');
    for (const { expert } of [talking, ringing, wrapUp]) await endWrapUp(clinic, expert);
    void inMenu.call.hangup();
    for (const { id } of [talking.scene, ringing.scene, first!, third!])
      expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
    await callRow(clinic, inMenu.id);
    const { offers } = await callStory(clinic, ringing.scene.id);
    expect(offers.map(({ result }) => result)).toEqual(['lost', 'answered']);
  }, 90_000);

  it('a ring asked for meanwhile and carried out too late is not left ringing, and the citizen is served', async () => {
    const expert = await expertPhone(clinic, staff.transport, { ready: 'none' });
    await setPresence(clinic, staff.transport, 'paused');
    const scene = await queues(clinic);
    proxy.freeze(true);
    await setPresence(clinic, staff.transport, 'ready');
    await said(clinic, scene, 'offer.ended', ({ result }) => result === 'lost');
    await missing(clinic, 'calls.asterisk');
    // Later than all is compared: what is there then is nobody's.
    proxy.freeze(false, 4000);
    const legs: InboundCall[] = [];
    expert.phone.onInvite((leg) => {
      leg.ringing();
      legs.push(leg);
    });
    await ready(clinic);
    await waitFor(() => legs.some(({ state }) => state === 'ended'), 20_000);
    await waitFor(() => legs.some(({ state }) => state !== 'ended'), 20_000);
    expect(await ringingInExchange()).toBe(1);
    void legs.find(({ state }) => state !== 'ended')!.answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'answered' });
    await endWrapUp(clinic, expert);
  }, 60_000);
});

const ringingInExchange = async (): Promise<number> =>
  (await ari<{ id: string }[]>('/channels')).filter(({ id }) => id.startsWith('exp-')).length;
