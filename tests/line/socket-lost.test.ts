import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { listensOn } from '../support/continuity.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears } from '../support/phones.ts';
import { enters, queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

/** The application's connection to the exchange breaks for some seconds: what was not heard of meanwhile is made good. */

let proxy: TcpProxy;
let clinic: Clinic;
let expertId: string;

beforeAll(async () => {
  const { hostname, port } = new URL(testStack().ari.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  clinic = await startClinic({
    env: { ARI_URL: `http://127.0.0.1:${proxy.port}`, RING_SECONDS: '90', WRAP_UP_SECONDS: '1' },
  });
  expertId = await addExpert(clinic, 'زهرا کریمی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic.close();
  await proxy.close();
});

/** As long as the longest words, while a citizen hears them. */
const LOST_MS = 8000;
const SHORT_MS = 3000;

async function loseSocket(meanwhile: () => Promise<unknown> = () => pause(LOST_MS)): Promise<void> {
  proxy.refuse(true);
  proxy.cut();
  await meanwhile();
  proxy.refuse(false);
  await waitFor(async () => (await fetch(`${clinic.url}/readyz`)).status === 200);
}

/** The exchange lets go whoever was left alone (role `watch`), with some last words. */
const letGo = () => clinic.logged('channel.taken-on', (line) => line['to'] === 'left-alone', 15_000);

describe('without a connection to the exchange', () => {
  it('a greeting ends unheard: the menu follows as soon as the connection is back', async () => {
    const scene = await enters(clinic);
    // It sounds by now, and not for as long as the connection is lost.
    await listensOn(scene.call, 1);
    await loseSocket();
    await hears(scene.call, { key: 'clinic/menu', seconds: 2 }, 20_000);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  }, 60_000);

  it.each([
    ['come when it is back', () => pause(SHORT_MS)],
    ['are being said by the exchange as it comes back', letGo],
  ])(
    'the last words %s: the citizen is hung up on, and the expert is free',
    async (_words, meanwhile) => {
      const expert = await expertPhone(clinic, expertId);
      const scene = await queues(clinic);
      const leg = await expert.nextCall();
      void leg.answer();
      await said(clinic, scene, 'call.answered');
      void leg.hangup();
      await said(clinic, scene, 'segment.ended');
      await loseSocket(meanwhile);
      await scene.call.ended;
      expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
        ending: 'answered',
      });
    },
    60_000,
  );

  it('a ring is answered meanwhile: the two talk, or the citizen is offered anew', async () => {
    const expert = await expertPhone(clinic, expertId);
    const scene = await queues(clinic);
    const leg = await expert.nextCall();
    proxy.refuse(true);
    proxy.cut();
    void leg.answer();
    await pause(1000);
    proxy.refuse(false);
    // Asterisk cuts off a leg that answers while nobody is there; another ring follows then.
    void expert.nextCall().then((next) => void next.answer());
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
  }, 60_000);
});
