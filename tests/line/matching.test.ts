import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears, setPresence } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Who is rung for whom, and what happens when nobody takes the call. */

let clinic: Clinic;
let first: string;
let second: string;

beforeAll(async () => {
  clinic = await startClinic({
    env: { WRAP_UP_SECONDS: '0', RING_SECONDS: '3', MISSES_BEFORE_PAUSE: '2', MISS_PAUSE_SECONDS: '5' },
  });
});
beforeEach(async () => {
  first = await addExpert(clinic, 'نرگس رضایی', 'transport');
  second = await addExpert(clinic, 'علی حسینی', 'transport');
});
afterEach(async () => {
  await closePhones();
  for (const id of [first, second]) await setPresence(clinic, id, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

interface Status {
  status: { state: string; reason: string | null; reachable: boolean; activity: string };
}
const status = async (id: string) => (await clinic.api<Status>(`/experts/${id}`)).body.status;

describe('two experts and one citizen', () => {
  it('rings the one who has been idle longest, and only that one', async () => {
    const longer = await expertPhone(clinic, first);
    const shorter = await expertPhone(clinic, second);
    const scene = await queues(clinic);
    const ring = await longer.nextCall();
    void ring.answer();
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === first);
    expect(shorter.phone.liveCalls()).toBe(0);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    const [offer] = (await callStory(clinic, scene.id)).offers;
    expect(offer?.candidates).toMatchObject([{ expertId: first }, { expertId: second }]);
  });
});

describe('one expert and two citizens', () => {
  it('serves them in the order of their coming, the second as soon as the first is done', async () => {
    const early = await queues(clinic, { from: '09120000001' });
    const late = await queues(clinic, { from: '09120000002' });
    await hears(late.call, 'ordinal/2');
    const expert = await expertPhone(clinic, first);
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, early, 'call.answered');
    expect(clinic.lines.some((line) => line.msg === 'offer.made' && line['callId'] === late.id)).toBe(false);
    void ring.hangup();
    const next = await expert.nextCall();
    void next.answer();
    await said(clinic, late, 'call.answered');
    void next.hangup();
    for (const { call, id } of [early, late]) {
      // The citizen hears the goodbye and is hung up by us.
      expect(await call.ended).toMatchObject({ by: 'remote' });
      expect(await callRow(clinic, id)).toMatchObject({ ending: 'answered', expertId: first });
    }
  });

  it('shows the expert no number of the citizen', async () => {
    const expert = await expertPhone(clinic, first);
    const scene = await queues(clinic, { from: '09123334455' });
    const ring = await expert.nextCall();
    expect(JSON.stringify(ring.invite)).not.toContain('3334455');
    expect(ring.header('From')).toContain('137');
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  });
});

describe('an expert who does not take the call', () => {
  it.each([
    ['is busy', 486, 'busy'],
    ['declines', 603, 'declined'],
  ] as const)('and %s: the next one is rung at once', async (_what, code, result) => {
    const refusing = await expertPhone(clinic, first);
    const taking = await expertPhone(clinic, second);
    const scene = await queues(clinic);
    (await refusing.nextCall()).reject(code);
    void (await taking.nextCall()).answer();
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === second);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    const { offers } = await callStory(clinic, scene.id);
    expect(offers.map((offer) => [offer.expertId, offer.result])).toEqual([
      [first, result],
      [second, 'answered'],
    ]);
  });

  it('and lets it ring: the call goes on to the next, the ring stops', async () => {
    const silent = await expertPhone(clinic, first);
    const taking = await expertPhone(clinic, second);
    const scene = await queues(clinic);
    const unanswered = await silent.nextCall();
    unanswered.ringing();
    void (await taking.nextCall()).answer();
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === second);
    expect(await unanswered.ended).toMatchObject({ by: 'remote', status: 487 });
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    expect((await callStory(clinic, scene.id)).offers[0]).toMatchObject({
      expertId: first,
      result: 'no-answer',
    });
  });

  it('twice is paused, with the reason and an end, and is offered calls again after it', async () => {
    const silent = await expertPhone(clinic, first);
    const scene = await queues(clinic);
    await (
      await silent.nextCall()
    ).ended;
    await (
      await silent.nextCall()
    ).ended;
    await waitFor(async () => (await status(first)).reason === 'missed-offers');
    expect(await status(first)).toMatchObject({ state: 'paused', reachable: true, activity: 'idle' });
    const again = await silent.nextCall();
    void again.answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'answered' });
  }, 60_000);

  it('and whose telephone unregisters while it rings: the next one is rung at once', async () => {
    const vanishing = await expertPhone(clinic, first);
    const taking = await expertPhone(clinic, second);
    const scene = await queues(clinic);
    (await vanishing.nextCall()).ringing();
    await vanishing.phone.unregister();
    void (await taking.nextCall()).answer();
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === second);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    expect((await callStory(clinic, scene.id)).offers[0]).toMatchObject({
      expertId: first,
      result: 'unreachable',
    });
    expect((await status(first)).reachable).toBe(false);
  });

  it('and is the only one: the citizen keeps waiting and is served when one comes', async () => {
    const busy = await expertPhone(clinic, first);
    const scene = await queues(clinic);
    (await busy.nextCall()).reject(486);
    const taking = await expertPhone(clinic, second);
    void (await taking.nextCall()).answer();
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === second);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  });
});
