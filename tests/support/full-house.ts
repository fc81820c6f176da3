import type { Clinic } from './clinic.ts';
import { addExpert, expertPhone, type ExpertPhone, type InboundCall } from './phones.ts';
import { enters, queues, said, type Scene } from './scenes.ts';
import { waitFor } from './wait.ts';

/** A clinic in which a call stands in every state that lasts. */
export interface FullHouse {
  /** Has heard the greeting, and the menu begins. */
  inMenu: Scene;
  /** In the order in which they came. */
  waiting: Scene[];
  talking: { scene: Scene; expert: ExpertPhone; leg: InboundCall };
  ringing: { scene: Scene; expert: ExpertPhone; leg: InboundCall };
  /** The citizen has hung up, the expert writes. */
  wrapUp: { scene: Scene; expert: ExpertPhone };
}

export interface Staff {
  transport: string;
  finance: string;
  planning: string;
}

export async function hireStaff(clinic: Clinic): Promise<Staff> {
  return {
    transport: await addExpert(clinic, 'حسین مرادی', 'transport'),
    finance: await addExpert(clinic, 'مریم کاظمی', 'finance'),
    planning: await addExpert(clinic, 'رضا احمدی', 'urban-planning'),
  };
}

async function talk(clinic: Clinic, expertId: string, digit: string, from: string) {
  const expert = await expertPhone(clinic, expertId);
  const scene = await queues(clinic, { digit, from });
  const leg = await expert.nextCall();
  void leg.answer();
  await said(clinic, scene, 'call.answered');
  return { scene, expert, leg };
}

/** Fills the clinic. Needs a wrap-up that outlasts what the test does. */
export async function fillHouse(clinic: Clinic, staff: Staff): Promise<FullHouse> {
  const wrapUp = await talk(clinic, staff.planning, '1', '09120000010');
  void wrapUp.scene.call.hangup();
  await said(clinic, wrapUp.scene, 'segment.ended');
  const talking = await talk(clinic, staff.transport, '2', '09120000020');
  const finance = await expertPhone(clinic, staff.finance);
  const rung = await queues(clinic, { digit: '4', from: '09120000030' });
  const leg = await finance.nextCall();
  leg.ringing();
  const waiting: Scene[] = [];
  for (const from of ['09120000041', '09120000042', '09120000043'])
    waiting.push(await queues(clinic, { digit: '2', from }));
  const inMenu = await enters(clinic, { from: '09120000050' });
  // The greeting is over. Not by ear: what is heard meanwhile must be recorded without a hitch.
  await said(clinic, inMenu, 'hours.checked');
  return { inMenu, waiting, talking, ringing: { scene: rung, expert: finance, leg }, wrapUp };
}

/** The expert is ready for the next call, as soon as there is a wrap-up to end. */
export async function endWrapUp(clinic: Clinic, expert: ExpertPhone): Promise<void> {
  await waitFor(async () => {
    const { body } = await clinic.api<{ status: { activity: string } }>(`/experts/${expert.expertId}`);
    return body.status.activity === 'wrap-up';
  });
  await expert.dial('*45');
}
