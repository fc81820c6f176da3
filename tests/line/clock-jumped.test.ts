import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { setClock, startDisturbed } from '../support/disturbed.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** The wall clock of the application is set by an hour, both ways, with calls up. The stores keep theirs. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startDisturbed({ RING_SECONDS: '4', WRAP_UP_SECONDS: '2', MISSES_BEFORE_PAUSE: '5' });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

async function jump(): Promise<void> {
  const seen = clinic.lines.length;
  setClock(clinic);
  await waitFor(() => clinic.lines.slice(seen).some(({ msg }) => msg === 'clock.jumped'));
}

describe.each(['back', 'forward'])('the clock set by an hour or two, %s', () => {
  it('the order stays, rings and wrap-ups last as long as ever, and no time in the ledger goes back', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'سمیه فلاح', 'transport'));
    const talking = await queues(clinic, { from: '09120001111' });
    const leg = await expert.nextCall();
    void leg.answer();
    await said(clinic, talking, 'call.answered');
    const first = await queues(clinic, { from: '09120002222' });
    await jump();
    const second = await queues(clinic, { from: '09120003333' });
    void leg.hangup();
    // The wrap-up ends by itself, and a ring that is not answered is over in time: the same expert is offered again.
    const missed = await expert.nextCall();
    await missed.ended;
    for (const scene of [first, second]) {
      void (await expert.nextCall()).answer();
      await said(clinic, scene, 'call.answered');
      void scene.call.hangup();
      await callRow(clinic, scene.id, (row) => row.state === 'ended');
    }
    for (const { id } of [talking, first, second]) {
      const row = await callRow(clinic, id, ({ state }) => state === 'ended');
      expect(row).toMatchObject({ ending: 'answered' });
      expect(row.waitSeconds).toBeLessThan(120);
      const { entries } = await callStory(clinic, id);
      const times = entries.map(({ at }) => Date.parse(at));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.at(-1)! - times[0]!).toBeLessThan(120_000);
    }
  }, 60_000);
});
