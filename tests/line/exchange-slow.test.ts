import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { listensOn } from '../support/continuity.ts';
import { startFarClinic } from '../support/far-exchange.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { readyz } from '../support/ready.ts';
import { queues, said } from '../support/scenes.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

/**
 * 200 ms each way between the application and the exchange, and 5 % of what is sent lost: over TCP, which is all there is
 * between the two, a lost packet is one that comes late with everything behind it. The wire does that, not the kernel.
 */

let proxy: TcpProxy;
let clinic: Clinic;

beforeAll(async () => {
  ({ clinic, proxy } = await startFarClinic({ WRAP_UP_SECONDS: '1' }));
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic.close();
  await proxy.close();
});

describe('200 ms and 5 % loss to the exchange', () => {
  it('calls are served as ever, only later; the link is never taken for lost', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'آرش نادری', 'transport'));
    proxy.slow({ delayMs: 200, stalls: 0.05 });
    for (const from of ['09120001111', '09120002222', '09120003333']) {
      const scene = await queues(clinic, { from });
      const leg = await expert.nextCall();
      void leg.answer();
      await said(clinic, scene, 'call.answered');
      void scene.call.playTone(440, 2);
      await listensOn(leg, 2);
      void scene.call.hangup();
      expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
        ending: 'answered',
      });
      const { offers } = await callStory(clinic, scene.id);
      expect(offers.map(({ result }) => result)).toEqual(['answered']);
    }
    expect((await readyz(clinic)).status).toBe(200);
    expect(clinic.lines.filter(({ msg }) => msg === 'link.lost')).toEqual([]);
  }, 90_000);
});
