import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';

/** Many of one specialty do not keep the other's waiting for all of them, where one expert serves both. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', EQUITY_BOUND_SECONDS: '2' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('an expert of two specialties, of which one is flooded', () => {
  it('next takes the citizen of the other who has waited for the bound, and then the flood goes on', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'نرگس رضایی', 'transport', 'finance'));
    const talks = await queues(clinic, { from: '09120008801' });
    void (await expert.nextCall()).answer();
    await said(clinic, talks, 'call.answered');

    const second = await queues(clinic, { from: '09120008802' });
    const third = await queues(clinic, { from: '09120008803' });
    const other = await queues(clinic, { from: '09120008804', digit: '4' });
    await hears(other.call, { key: 'talk/connecting', seconds: 1 });

    let before = talks;
    for (const next of [other, second, third]) {
      void before.call.hangup();
      void (await expert.nextCall()).answer();
      await said(clinic, next, 'call.answered');
      before = next;
    }
    void before.call.hangup();
    for (const { id } of [talks, second, third, other])
      await callRow(clinic, id, ({ state }) => state === 'ended');
    expect((await callStory(clinic, other.id)).offers).toMatchObject([{ rule: 'equity' }]);
    expect((await callStory(clinic, second.id)).offers).toMatchObject([
      { rule: 'longest-waiting-to-longest-idle' },
    ]);
  }, 60_000);
});
