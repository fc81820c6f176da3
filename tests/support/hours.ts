import type { Clinic } from './clinic.ts';

/** Hours for tests that must not depend on the time of day they run at. */

interface Window {
  weekday: number;
  opens: string;
  closes: string;
}

/** ISO weekday of tomorrow in Tehran: the only day with hours, so that now is always outside them. */
function tomorrowAtNine(): Window[] {
  const tehran = new Date(Date.now() + 3.5 * 3_600_000 + 86_400_000);
  return [{ weekday: tehran.getUTCDay() === 0 ? 7 : tehran.getUTCDay(), opens: '09:00', closes: '10:00' }];
}

async function setWeek(clinic: Clinic, specialty: string, weekly: Window[]): Promise<void> {
  const before = await clinic.api(`/hours/${specialty}`);
  const headers = { 'if-match': before.headers.get('etag') ?? '' };
  const answer = await clinic.api(`/hours/${specialty}`, { method: 'PUT', body: { weekly }, headers });
  if (answer.status !== 200)
    throw new Error(`The hours were not set: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Closed now, whenever that is; every specialty opens tomorrow at nine. */
export async function opensTomorrow(clinic: Clinic): Promise<void> {
  // Tomorrow may be an official holiday.
  await clinic.api('/holidays/closing', { method: 'PUT', body: { closed: false } });
  for (const specialty of ['urban-planning', 'transport', 'urban-services', 'finance'])
    await setWeek(clinic, specialty, tomorrowAtNine());
}
