import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '../../src/platform/pool.ts';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expectHeard, expertPhone, hears } from '../support/phones.ts';
import { queues, said, type Scene } from '../support/scenes.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Who would rather not wait: 1 asks for a call back, 2 leaves a message. Both are promises. */

let clinic: Clinic;
let pool: ReturnType<typeof createPool>;
let expertId: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1', RING_SECONDS: '90' } });
  pool = createPool(clinic.databaseUrl, silentLog);
  expertId = await addExpert(clinic, 'زهرا کریمی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await pool.end();
  await clinic.close();
});

async function promiseOf({ id }: Scene) {
  const { rows } = await pool.query<{ reason: string; number: string | null; specialty: string }>(
    'select reason, number, specialty from promises where call_id = $1',
    [id],
  );
  return rows[0] ?? null;
}

/** Reserved while the call was on. */
async function referenceTold({ id }: Scene): Promise<string | undefined> {
  const { rows } = await pool.query<{ reference: string }>(
    'select reference from case_references where call_id = $1',
    [id],
  );
  return rows[0]?.reference;
}

describe('a citizen in the queue', () => {
  it('who keys 1 is told that we will call, keeps the own number, and the row says callback', async () => {
    const first = await queues(clinic, { from: '09120003301' });
    const scene = await queues(clinic, { from: '09120003302' });
    await hears(scene.call, { key: 'queue/keys', seconds: 2 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/other-number', seconds: 2 });
    await scene.call.sendDigits('#');
    await scene.call.ended;
    const reference = await referenceTold(scene);
    const digits = (number: string) => [...number].map((digit) => ({ key: `digit/${digit}`, seconds: 0.3 }));
    const spoken = digits(reference!);
    expectHeard(
      scene.call,
      ...[{ key: 'fallback/number-is', seconds: 0.8 }, ...digits('09120003302')],
      { key: 'fallback/other-number', seconds: 2 },
      ...[
        { key: 'fallback/thanks', seconds: 1 },
        { key: 'fallback/will-call', seconds: 1 },
      ],
      ...[{ key: 'fallback/reference-is', seconds: 1 }, ...spoken],
      ...[{ key: 'fallback/reference-again', seconds: 0.5 }, ...spoken],
      { key: 'talk/goodbye', seconds: 1 },
    );
    // Staff who are told the number by the citizen find the case.
    await waitFor(async () => {
      const { body } = await clinic.api<{ items: { number: string }[] }>(`/cases?reference=${reference}`);
      return body.items[0]?.number === '+989120003302';
    });
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'callback', specialty: 'transport' });
    expect(await promiseOf(scene)).toEqual({
      ...{ reason: 'callback', number: '+989120003302', specialty: 'transport' },
    });
    void first.call.hangup();
    await callRow(clinic, first.id);
  }, 120_000);

  it('may name another number for it; who hangs up over the question is called on the own one', async () => {
    const scene = await queues(clinic, { from: '09120003303' });
    // Keyed twice in the menu it is still only the choice.
    await scene.call.sendDigits('2');
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/other-number', seconds: 2 });
    await scene.call.sendDigits('02188001122#');
    await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
    await scene.call.sendDigits('1');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promiseOf(scene)).toMatchObject({ number: '02188001122' });

    const hasty = await queues(clinic, { from: '09120003304' });
    await hears(hasty.call, { key: 'queue/please-wait', seconds: 1 });
    await hasty.call.sendDigits('1');
    await hears(hasty.call, { key: 'fallback/other-number', seconds: 1 });
    void hasty.call.hangup();
    await callRow(clinic, hasty.id, (row) => row.ending === 'callback');
    expect(await promiseOf(hasty)).toMatchObject({ reason: 'callback', number: '+989120003304' });
  }, 90_000);

  it('from abroad is asked for a number that we call, and called there', async () => {
    const scene = await queues(clinic, { from: '00442079460000' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/key-number', seconds: 1 });
    await scene.call.sendDigits('02188001123#');
    await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
    await scene.call.sendDigits('1');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promiseOf(scene)).toMatchObject({ number: '02188001123' });
  }, 60_000);

  it('who names a number that is none hears so, and is asked again', async () => {
    const scene = await queues(clinic, { from: '09120003309' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/other-number', seconds: 2 });
    await scene.call.sendDigits('0912123#');
    await hears(scene.call, [
      { key: 'fallback/not-callable', seconds: 2 },
      { key: 'fallback/key-number', seconds: 2 },
    ]);
    await scene.call.sendDigits('00442079460000#');
    await hears(
      scene.call,
      Array.from({ length: 2 }, () => ({ key: 'fallback/not-callable', seconds: 2 })),
    );
    await scene.call.sendDigits('02188001137#');
    await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
    await scene.call.sendDigits('1');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promiseOf(scene)).toMatchObject({ number: '02188001137' });
  }, 120_000);

  it('who hangs up before the number read out is confirmed is called on the own one, if it is known', async () => {
    for (const [from, asked, number] of [
      ['09120003310', 'fallback/other-number', '+989120003310'],
      ['anonymous', 'fallback/key-number', '02188001138'],
    ] as const) {
      const scene = await queues(clinic, { from });
      await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
      await scene.call.sendDigits('1');
      await hears(scene.call, { key: asked, seconds: 2 });
      await scene.call.sendDigits('02188001138#');
      await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
      void scene.call.hangup();
      await callRow(clinic, scene.id, (row) => row.ending === 'callback');
      expect(await promiseOf(scene)).toMatchObject({ reason: 'callback', number });
    }
  }, 120_000);

  it('who keys 2 while an expert is rung leaves a message, and the expert is free for the next', async () => {
    const expert = await expertPhone(clinic, expertId);
    const scene = await queues(clinic, { from: '09120003305' });
    const leg = await expert.nextCall();
    leg.ringing();
    await hears(scene.call, { key: 'talk/connecting', seconds: 2 });
    await scene.call.sendDigits('2');
    await leg.ended;
    await hears(scene.call, { key: 'fallback/message', seconds: 2 });
    await scene.call.playTone(440, 3);
    await scene.call.sendDigits('#');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'voicemail');
    expect(await promiseOf(scene)).toMatchObject({ reason: 'voicemail', number: '+989120003305' });
    expect((await callStory(clinic, scene.id)).offers).toMatchObject([{ result: 'cancelled' }]);

    const next = await queues(clinic, { from: '09120003306' });
    void (await expert.nextCall()).answer();
    await said(clinic, next, 'call.answered');
    void next.call.hangup();
    await callRow(clinic, next.id);
  }, 90_000);

  it('who has said nothing is not told a reference', async () => {
    const scene = await queues(clinic, { from: '09120003307' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('2');
    await hears(scene.call, { key: 'fallback/message-check', seconds: 2 });
    await scene.call.ended;
    expectHeard(scene.call, { key: 'fallback/thanks', seconds: 1 }, { key: 'talk/goodbye', seconds: 1 });
    expect(await referenceTold(scene)).toBeDefined();
    expect(() => expectHeard(scene.call, { key: 'fallback/reference-is', seconds: 1 })).toThrow('Not heard');
    await callRow(clinic, scene.id);
  }, 120_000);

  it('whose number is none that could be called is asked for one', async () => {
    const scene = await queues(clinic, { from: '1001' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/key-number', seconds: 2 });
    await scene.call.sendDigits('02188001133#');
    await hears(scene.call, { key: 'fallback/number-check', seconds: 1 });
    await scene.call.sendDigits('1');
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promiseOf(scene)).toMatchObject({ number: '02188001133' });
  }, 120_000);

  it('who says three times that the number is wrong is not called there', async () => {
    const scene = await queues(clinic, { from: '09120003308' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('1');
    await hears(scene.call, { key: 'fallback/other-number', seconds: 2 });
    for (const wrong of ['02188001134', '02188001135', '02188001136']) {
      await scene.call.sendDigits(`${wrong}#`);
      const checks = wrong === '02188001134' ? 1 : wrong === '02188001135' ? 2 : 3;
      await hears(
        scene.call,
        Array.from({ length: checks }, () => ({ key: 'fallback/number-check', seconds: 1 })),
      );
      await scene.call.sendDigits('2');
      if (checks < 3)
        await hears(
          scene.call,
          Array.from({ length: checks }, () => ({ key: 'fallback/key-number', seconds: 2 })),
        );
    }
    await scene.call.ended;
    await callRow(clinic, scene.id, (row) => row.ending === 'callback');
    expect(await promiseOf(scene)).toMatchObject({ number: '+989120003308' });
  }, 120_000);
});
