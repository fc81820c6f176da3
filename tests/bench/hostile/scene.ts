import { startClinic, type Clinic } from '../../support/clinic.ts';
import { goodCall } from '../../support/hostile/good-call.ts';
import { witness, type Witness } from '../../support/hostile/witness.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../../support/phones.ts';

/** The application, one expert who answers, and a witness: what every part of the benchmark stands on. */
export interface Scene {
  clinic: Clinic;
  expert: ExpertPhone;
  seen: Witness;
  /** An account whose telephone is off: what guessers are after. */
  spare: { username: string; password: string };
}

/** Sources of this network are not blocked: for attacks that are to get past the door. */
export const UNBLOCKED = '127.66.1.';
/** Sources of this one are. */
export const BLOCKED = '127.66.5.';

export async function withScene<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const env = { WRAP_UP_SECONDS: '0', NEVER_BLOCK: `127.0.0.1,${UNBLOCKED}0/24` };
  const clinic = await startClinic({ env });
  try {
    const ids = [
      await addExpert(clinic, 'الهام نوری', 'transport'),
      await addExpert(clinic, 'علی موسوی', 'finance'),
    ];
    const expert = await expertPhone(clinic, ids[0]!, { expires: 3_600 });
    const account = await clinic.api<Scene['spare']>(`/experts/${ids[1]}/softphone`, { method: 'POST' });
    return await work({ clinic, expert, spare: account.body, seen: await witness() });
  } finally {
    await closePhones();
    await clinic.close();
  }
}

export interface GoodCalls {
  answered: number;
  failed: number;
  /** From dialling to the end of a whole call, milliseconds. */
  p50: number;
  p95: number;
}

/** One good call after the other until `over` settles. */
export async function goodCallsUntil(over: Promise<unknown>, { clinic, expert }: Scene): Promise<GoodCalls> {
  let going = true;
  void over.finally(() => (going = false));
  const took: number[] = [];
  let failed = 0;
  while (going) {
    const began = performance.now();
    const row = await goodCall(clinic, expert).catch(() => null);
    if (row?.ending === 'answered') took.push(performance.now() - began);
    else failed += 1;
  }
  return { answered: took.length, failed, p50: quantile(took, 0.5), p95: quantile(took, 0.95) };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    Math.round(
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN) * 1000,
    ) / 1000
  );
}
