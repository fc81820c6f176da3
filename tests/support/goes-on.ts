import { expect } from 'vitest';
import { callRow, callStory } from './calls.ts';
import type { Clinic } from './clinic.ts';
import { endWrapUp, type FullHouse } from './full-house.ts';
import { said, type Scene } from './scenes.ts';

/** What every expert is doing, by id. */
export async function activities(clinic: Clinic): Promise<Record<string, string>> {
  const { body } = await clinic.api<{ items: { id: string; status: { activity: string } }[] }>('/experts');
  return Object.fromEntries(body.items.map(({ id, status }) => [id, status.activity]));
}

/** How many wait for a specialty. */
export async function waitingFor(clinic: Clinic, specialty: string): Promise<number> {
  const { body } = await clinic.api<{ items: { specialty: string; waiting: number }[] }>('/queues');
  return body.items.find((queue) => queue.specialty === specialty)?.waiting ?? -1;
}

/** The one expert of their specialty ends the talk and takes the waiting one by one, in the order in which they came. */
export async function serveInOrder(
  clinic: Clinic,
  { talking, waiting }: Pick<FullHouse, 'talking' | 'waiting'>,
): Promise<void> {
  void talking.scene.call.hangup();
  await said(clinic, talking.scene, 'segment.ended');
  for (const scene of waiting) {
    await endWrapUp(clinic, talking.expert);
    void (await talking.expert.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await said(clinic, scene, 'segment.ended');
  }
  await endWrapUp(clinic, talking.expert);
}

/**
 * A full house is led to its end: the ring is answered as if nothing had been, those who wait are served in their order, every
 * expert is offered calls again, and the ledger has every entry once and in order.
 */
export async function goesOn(clinic: Clinic, house: FullHouse): Promise<void> {
  const { talking, ringing, waiting, inMenu, wrapUp } = house;
  void ringing.leg.answer();
  await said(clinic, ringing.scene, 'call.answered');
  void ringing.scene.call.hangup();
  await said(clinic, ringing.scene, 'segment.ended');
  await serveInOrder(clinic, house);
  await endWrapUp(clinic, wrapUp.expert);
  await endWrapUp(clinic, ringing.expert);
  void inMenu.call.hangup();
  await callRow(clinic, inMenu.id);
  await allAnswered(clinic, [talking.scene, ringing.scene, wrapUp.scene, ...waiting]);
}

/** Each was answered, by the first who was asked, and is told in the ledger without a gap. */
export async function allAnswered(clinic: Clinic, scenes: readonly Scene[]): Promise<void> {
  for (const { id } of scenes) {
    expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
    const { entries, offers } = await callStory(clinic, id);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.filter(({ kind }) => kind === 'call.ended')).toHaveLength(1);
    expect(offers.map(({ result }) => result)).toEqual(['answered']);
  }
}
