import type { Clinic } from '../clinic.ts';
import { callRow, type ApiCall } from '../calls.ts';
import type { ExpertPhone } from '../phones.ts';
import { enters, said } from '../scenes.ts';

/**
 * The next good call: a citizen enters, chooses transport, is answered by this expert, talks and hangs up.
 * @returns the call's row, ended
 */
export async function goodCall(clinic: Clinic, expert: ExpertPhone): Promise<ApiCall> {
  const scene = await enters(clinic);
  await scene.call.sendDigits('2');
  const offered = await expert.nextCall();
  offered.ringing();
  void offered.answer();
  await said(clinic, scene, 'call.answered');
  void scene.call.hangup();
  await offered.ended;
  return await callRow(clinic, scene.id, (row) => row.state === 'ended');
}
