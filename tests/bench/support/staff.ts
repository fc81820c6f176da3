import type { Clinic } from '../../support/clinic.ts';
import { addExpert, setPresence } from '../../support/phones.ts';
import type { Account } from './load.ts';

/** Experts of these specialties on the roster, ready, with accounts for their telephones. */
export async function staffed(clinic: Clinic, count: number, ...specialties: string[]): Promise<Account[]> {
  const accounts: Account[] = [];
  for (let i = 1; i <= count; i += 1) {
    const id = await addExpert(clinic, `کارشناس ${i.toLocaleString('fa')}`, ...specialties);
    const answer = await clinic.api<Account>(`/experts/${id}/softphone`, { method: 'POST' });
    if (answer.status >= 300) throw new Error(`No softphone for ${id}: ${answer.status}`);
    accounts.push({ username: answer.body.username, password: answer.body.password });
    await setPresence(clinic, id, 'ready');
  }
  return accounts;
}
