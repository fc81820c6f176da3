import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory, storyKinds } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expertPhone,
  hears,
  setPresence,
  type ExpertPhone,
} from '../support/phones.ts';
import { enters, queues, ringsOff, said } from '../support/scenes.ts';

/** The citizen hangs up: in every state, and in the same instant as the expert's answer. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'رضا احمدی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

async function lastRow(): Promise<string | undefined> {
  const answer = await clinic.api<{ items: { id: string }[] }>('/calls?limit=1');
  return answer.body.items[0]?.id;
}

describe('a citizen who hangs up', () => {
  it('before 137 has answered leaves nothing: nobody had pressed 8', async () => {
    const before = await lastRow();
    await ringsOff('137');
    expect(await lastRow()).toBe(before);
  });

  it('in the greeting is a row that says so', async () => {
    const { call, id } = await enters(clinic);
    void call.hangup();
    expect(await callRow(clinic, id)).toMatchObject({ ending: 'abandoned', specialty: null, expertId: null });
  });

  it('in the menu is a row that says so', async () => {
    const { call, id } = await enters(clinic);
    await call.sendDigits('0');
    await hears(call, { key: 'clinic/menu', seconds: 1 });
    void call.hangup();
    await callRow(clinic, id);
    const ended = (await callStory(clinic, id)).entries.at(-1);
    expect(ended).toMatchObject({ kind: 'call.ended', data: { state: 'menu', ending: 'abandoned' } });
  });

  it('while the place is told, and while music plays, leaves the queue', async () => {
    const first = await queues(clinic);
    void first.call.hangup();
    const second = await queues(clinic);
    await hears(second.call, 'queue/in-line');
    void second.call.hangup();
    for (const { id } of [first, second])
      expect(await callRow(clinic, id)).toMatchObject({ ending: 'abandoned', specialty: 'transport' });
  });

  it('while an expert rings stops the ringing at once', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    ring.ringing();
    void scene.call.hangup();
    const { by, status } = await ring.ended;
    expect({ by, status }).toEqual({ by: 'remote', status: 487 });
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'abandoned' });
    const [offer] = (await callStory(clinic, scene.id)).offers;
    expect(offer).toMatchObject({ expertId: e001, result: 'cancelled' });
  });

  it('in a talk ends it for the expert too', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    expect(await ring.ended).toMatchObject({ by: 'remote' });
    expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
      expertId: e001,
    });
    expect(await storyKinds(clinic, scene.id)).toContain('segment.ended');
  });

  it('in the goodbye, after the expert has hung up, is an answered call like any other', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, scene, 'call.answered');
    void ring.hangup();
    await hears(scene.call, { key: 'talk/goodbye', seconds: 0.5 });
    void scene.call.hangup();
    const row = await callRow(clinic, scene.id, (one) => one.state === 'ended');
    expect(row).toMatchObject({ ending: 'answered', expertId: e001 });
    const kinds = await storyKinds(clinic, scene.id);
    expect(kinds.filter((kind) => kind === 'segment.ended' || kind === 'call.ended')).toEqual([
      'segment.ended',
      'call.ended',
    ]);
  });

  it('hears the goodbye however soon after the answer the expert has hung up, again and again', async () => {
    const expert = await expertPhone(clinic, e001);
    // At once, one in ten came while the bridge was just being left.
    for (const delayMs of [...Array<number>(25).fill(0), 2, 5, 10, 20]) {
      const scene = await queues(clinic);
      const ring = await expert.nextCall();
      void ring.answer();
      await said(clinic, scene, 'call.answered');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      void ring.hangup();
      await hears(scene.call, { key: 'talk/goodbye', seconds: 0.3 });
      void scene.call.hangup();
      expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
        ending: 'answered',
      });
    }
  }, 120_000);

  it('in the same instant as the answer ends in one known way, again and again', async () => {
    const expert = await expertPhone(clinic, e001);
    // From before the answer to after the two were joined, a few milliseconds apart.
    for (const delayMs of [0, 0, 1, 2, 3, 4, 6, 8, 12, 20]) await atTheAnswer(expert, delayMs);
  });

  async function atTheAnswer(expert: ExpertPhone, delayMs: number): Promise<void> {
    const scene = await queues(clinic);
    const ring = await expert.nextCall();
    void ring.answer();
    if (delayMs === 0) void scene.call.hangup();
    else await new Promise<void>((resolve) => setTimeout(() => resolve(void scene.call.hangup()), delayMs));
    await ring.ended;
    const row = await callRow(clinic, scene.id, (one) => one.state === 'ended');
    const { offers, entries } = await callStory(clinic, scene.id);
    const talked = entries.some((entry) => entry.kind === 'call.answered');
    expect(row.ending).toBe(talked ? 'answered' : 'abandoned');
    expect(offers.map((offer) => offer.result)).toEqual([talked ? 'answered' : 'cancelled']);
    expect(entries.filter((entry) => entry.kind === 'call.ended')).toHaveLength(1);
    await setPresence(clinic, e001, 'ready');
  }
});
