import type { Clinic } from '../clinic.ts';
import { callRow, type ApiCall } from '../calls.ts';
import type { ExpertPhone } from '../phones.ts';
import { enters, said } from '../scenes.ts';

const OFFERED_WITHIN_MS = 20_000;

/**
 * The next good call: a citizen enters, chooses transport, is answered by this expert, talks and hangs up.
 * @returns the call's row, ended
 */
export async function goodCall(clinic: Clinic, expert: ExpertPhone): Promise<ApiCall> {
  const scene = await enters(clinic);
  await scene.call.sendDigits('2');
  const offered = await within(expert.nextCall());
  offered.ringing();
  void offered.answer();
  await said(clinic, scene, 'call.answered');
  void scene.call.hangup();
  await offered.ended;
  return await callRow(clinic, scene.id, (row) => row.state === 'ended');
}

/** An expert whose telephone was lost or paused is never rung: that is told, not waited for. */
function within<T>(offer: Promise<T>): Promise<T> {
  const tooLong = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('The expert was not rung')), OFFERED_WITHIN_MS).unref();
  });
  return Promise.race([offer, tooLong]);
}
