import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expertPhone } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';

/** Better experts first, weaker ones and another specialty's after a while. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', LEVEL_STEP_SECONDS: '2' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

async function expertOf(specialty: string, level: number): Promise<string> {
  const body = { name: `${specialty} ${level}`, skills: [{ specialty, level }] };
  const { body: added } = await clinic.api<{ id: string }>('/experts', { method: 'POST', body });
  return added.id;
}

describe('a citizen whose best experts are at work', () => {
  it('is offered to a weaker one after a step for each level, and to another specialty as its supervisor allows', async () => {
    const best = await expertPhone(clinic, await expertOf('transport', 5));
    const weaker = await expertOf('transport', 3);
    const other = await expertOf('finance', 5);
    const weakerPhone = await expertPhone(clinic, weaker);
    const first = await queues(clinic, { from: '09120005501' });
    void (await best.nextCall()).answer();
    await said(clinic, first, 'call.answered');

    const second = await queues(clinic, { from: '09120005502' });
    void (await weakerPhone.nextCall()).answer();
    await said(clinic, second, 'call.answered', (line) => line['expertId'] === weaker);
    const row = await callRow(clinic, second.id, ({ state }) => state === 'talking');
    // Two levels below: twice two seconds.
    expect(row.waitSeconds).toBeGreaterThan(3.9);
    expect(row.waitSeconds).toBeLessThan(7);

    const otherPhone = await expertPhone(clinic, other);
    const third = await queues(clinic, { from: '09120005503' });
    const { headers } = await clinic.api('/overflow/transport');
    const helpers = [{ specialty: 'finance', afterSeconds: 0 }];
    const put = {
      method: 'PUT',
      body: { helpers },
      headers: { 'if-match': headers.get('etag') ?? '' },
    } as const;
    expect((await clinic.api('/overflow/transport', put)).status).toBe(200);
    void (await otherPhone.nextCall()).answer();
    await said(clinic, third, 'call.answered', (line) => line['expertId'] === other);
    for (const { call, id } of [first, second, third]) {
      void call.hangup();
      await callRow(clinic, id);
    }
    expect((await callStory(clinic, third.id)).offers).toMatchObject([{ rule: 'overflow', expertId: other }]);
  }, 60_000);
});
