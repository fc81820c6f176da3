import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears } from '../support/phones.ts';
import { enters, queues, said } from '../support/scenes.ts';

/** Who has waited in vain comes back to a place as much earlier. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('a citizen who waited and hung up', () => {
  it('calls again and is offered before one who came in between', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'نرگس رضایی', 'transport'));
    const talks = await queues(clinic, { from: '09120007701' });
    void (await expert.nextCall()).answer();
    await said(clinic, talks, 'call.answered');

    const inVain = await queues(clinic, { from: '09120007702' });
    await hears(inVain.call, { key: 'talk/connecting', seconds: 1 });
    void inVain.call.hangup();
    const { queuedAt, endedAt } = await callRow(clinic, inVain.id);
    const waited = Math.floor((Date.parse(endedAt ?? '') - Date.parse(queuedAt ?? '')) / 1000);
    expect(waited).toBeGreaterThan(1);

    const again = await enters(clinic, { from: '09120007702' });
    const between = await queues(clinic, { from: '09120007703' });
    await again.call.sendDigits('2');
    const queued = await said(clinic, again, 'call.queued');
    expect(queued).toMatchObject({ position: 1, headStartSeconds: waited });
    void talks.call.hangup();
    void (await expert.nextCall()).answer();
    await said(clinic, again, 'call.answered');
    void again.call.hangup();
    void (await expert.nextCall()).answer();
    await said(clinic, between, 'call.answered');
    void between.call.hangup();

    for (const { id } of [talks, again, between]) await callRow(clinic, id, ({ state }) => state === 'ended');
    const { entries } = await callStory(clinic, again.id);
    const { data } = entries.find(({ kind }) => kind === 'call.queued')!;
    expect(Number(data['score'])).toBe(Date.parse(String(data['queuedAt'])) - waited * 1000);
    const others = (await callStory(clinic, between.id)).entries;
    expect(others.find(({ kind }) => kind === 'call.queued')?.data).not.toHaveProperty('headStartSeconds');
  }, 90_000);
});
