import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { openLine, type Line } from '../support/exchange.ts';
import { startFarClinic } from '../support/far-exchange.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { ready } from '../support/ready.ts';
import { queues, said } from '../support/scenes.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

/** Six hundred reconnections at once: sockets that open and are cut in the same breath, the application's among them. */

const CUTS = 600;
/** Beside the application; each under a name of its own, as Asterisk knows them. */
const OTHERS = 40;

let proxy: TcpProxy;
let clinic: Clinic;
let others: Line[] = [];

beforeAll(async () => {
  ({ clinic, proxy } = await startFarClinic({ WRAP_UP_SECONDS: '0' }));
  others = Array.from({ length: OTHERS }, () => openLine({ url: `http://127.0.0.1:${proxy.port}` }));
  await Promise.all(others.map((line) => line.ready()));
});
afterEach(async () => {
  await Promise.all(others.map(({ telephony }) => telephony.close()));
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic.close();
  await proxy.close();
});

describe('a storm of reconnections', () => {
  it('ends with sockets that hear, and the calls go on', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'شیرین رستمی', 'transport'));
    const talking = await queues(clinic, { from: '09120001111' });
    const leg = await expert.nextCall();
    void leg.answer();
    await said(clinic, talking, 'call.answered');
    const waiting = await queues(clinic, { from: '09120002222' });

    const since = clinic.lines.length;
    proxy.cutUpgrades(CUTS);
    proxy.cut();
    await waitFor(() => proxy.cutUpgrades() === 0, 60_000);
    await ready(clinic);
    await Promise.all(others.map((line) => waitFor(() => line.telephony.link() === 'ready')));
    // Not only open: what happens on the line is heard.
    void leg.hangup();
    await said(clinic, talking, 'segment.ended');
    void (await expert.nextCall()).answer();
    await said(clinic, waiting, 'call.answered');
    void waiting.call.hangup();
    for (const { id } of [talking, waiting])
      expect(await callRow(clinic, id)).toMatchObject({ ending: 'answered' });
    expect(clinic.lines.length - since).toBeLessThan(200);
  }, 90_000);
});
