import type { ClientBase } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import { isListedAt } from '../nuisance/service.ts';
import { mayBeDialled } from './rules.ts';
import * as store from './store.ts';
import { atOpening } from './timing.ts';

/** A case's citizen is to be called at a time somebody has named: staff, or the citizen who asks for it once more. */

export interface SchedulingDeps {
  clock: Clock;
  hours: Pick<Hours, 'check'>;
  trunk: string;
  destinations: string;
  defaultSpecialty: string;
}

export type Unscheduled = 'no-trunk' | 'under-way' | 'number-missing' | 'destination-refused' | 'listed';

/** wanted.atMs: earlier than now means now; number: another one than before, null: none was named. Attempts are counted anew. */
export async function schedule(
  db: ClientBase,
  wanted: { caseId: string; atMs: number; number?: string | null },
  { clock, hours, trunk, destinations, defaultSpecialty }: SchedulingDeps,
): Promise<Unscheduled | Date> {
  const { caseId, atMs } = wanted;
  if (trunk === '') return 'no-trunk';
  if ((await store.findCallback(db, caseId))?.state === 'live') return 'under-way';
  const found = await store.caseToCall(db, caseId);
  const number = wanted.number ?? found?.number ?? null;
  if (found === null || number === null) return 'number-missing';
  if (!mayBeDialled(number, destinations)) return 'destination-refused';
  if (await isListedAt(db, number, clock.now())) return 'listed';
  const specialty = found.specialty ?? defaultSpecialty;
  const wantedAt = new Date(Math.max(clock.now(), atMs));
  const dueAt = atOpening(hours, specialty, wantedAt.getTime());
  const { placeAt } = found;
  await store.callAt(db, { id: uuidv7(), caseId, number, specialty, placeAt, wantedAt, dueAt });
  return dueAt;
}

/**
 * Who had given up, or was given up, and now asks to be called is called as soon as may be, at the number they name now. A case
 * without a callback gets one like every other.
 */
export const askedAgain =
  (deps: SchedulingDeps) =>
  async (db: ClientBase, caseId: string, number: string | null): Promise<void> => {
    if ((await store.findCallback(db, caseId)) !== null)
      await schedule(db, { caseId, atMs: 0, number }, deps);
  };
