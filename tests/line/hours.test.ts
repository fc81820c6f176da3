import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, expectHeard } from '../support/phones.ts';
import { enters, idOf, said } from '../support/scenes.ts';

/** Outside hours: the citizen is told when the clinic opens next, and the row says closed. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic({ open: false });
  for (const specialty of ['urban-planning', 'transport', 'urban-services', 'finance'])
    await setWeek(specialty, tomorrowAtNine());
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

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

async function setWeek(specialty: string, weekly: Window[]): Promise<void> {
  const before = await clinic.api(`/hours/${specialty}`);
  const headers = { 'if-match': before.headers.get('etag') ?? '' };
  const answer = await clinic.api(`/hours/${specialty}`, { method: 'PUT', body: { weekly }, headers });
  if (answer.status !== 200)
    throw new Error(`The hours were not set: ${answer.status} ${JSON.stringify(answer.body)}`);
}

describe('a closed clinic', () => {
  it('says when it opens next, hangs up by itself, and writes the call down as closed', async () => {
    const scene = await enters(clinic);
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(scene.call, 'clinic/greeting', 'closed/clinic', 'closed/opens', 'day/tomorrow', 'hour/9');
    expect(await callRow(clinic, scene.id)).toMatchObject({
      ending: 'closed',
      specialty: null,
      queuedAt: null,
    });
    const checked = (await callStory(clinic, scene.id)).entries.find(
      (entry) => entry.kind === 'hours.checked',
    );
    expect(checked?.data).toMatchObject({ open: false, reason: 'outside-hours' });
  });

  it('tells the same over the menu of 137, and counts a citizen who hangs up meanwhile as told', async () => {
    const scene = await enters(clinic, { from: '09120009988' });
    await said(clinic, scene, 'hours.checked', (line) => line['open'] === false);
    void scene.call.hangup();
    expect(await callRow(clinic, scene.id)).toMatchObject({ ending: 'closed' });
  });

  it('opens at once when an exceptional opening is added', async () => {
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const opening = { specialty: 'finance', startsAt: at(-1), endsAt: at(1), reason: 'آزمون' };
    const added = await clinic.api('/openings', { method: 'POST', body: opening });
    expect(added.status).toBe(201);
    const open = await enters(clinic);
    await open.call.sendDigits('4');
    await said(clinic, open, 'call.queued', (line) => line['specialty'] === 'finance');
    void open.call.hangup();
    await callRow(clinic, open.id);
    const shut = await enters(clinic);
    await shut.call.sendDigits('1');
    expect(await shut.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(shut.call, 'specialty/urban-planning', 'closed/specialty', 'closed/opens', 'day/tomorrow');
    expect(await callRow(clinic, shut.id)).toMatchObject({ ending: 'closed', specialty: 'urban-planning' });
    expect(await idOf(clinic, shut.call)).toBe(shut.id);
  });
});
