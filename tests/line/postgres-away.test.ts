import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { migrate } from '../../src/platform/migrate.ts';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { startPrivatePostgres, type PrivateServer } from '../support/private-servers.ts';
import { enters, queues, said } from '../support/scenes.ts';

/** PostgreSQL goes away for ten seconds in mid-call: callers notice nothing, every entry arrives once and in order. */

const AWAY_MS = 10_000;
let postgres: PrivateServer;
let clinic: Clinic;
let expert: ExpertPhone;

beforeAll(async () => {
  postgres = await startPrivatePostgres();
  await migrate(postgres.url, pino({ level: 'silent' }));
  clinic = await startClinic({ env: { DATABASE_URL: postgres.url, WRAP_UP_SECONDS: '0' } });
  expert = await expertPhone(clinic, await addExpert(clinic, 'زهرا نوری', 'transport'));
});
afterEach(() => expectNothingLeft(clinic));
afterAll(async () => {
  await closePhones();
  await clinic.close();
  await postgres.remove();
});

describe('PostgreSQL away', () => {
  it('neither a talk under way nor a new call notices', async () => {
    const talking = await queues(clinic, { from: '09120001111' });
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, talking, 'call.answered');

    await postgres.kill();
    const gone = performance.now();
    // A whole call comes, waits and is answered while nothing can be written.
    const fresh = await queues(clinic, { from: '09120002222' });
    void ring.hangup();
    const next = await expert.nextCall();
    void next.answer();
    await said(clinic, fresh, 'call.answered');
    const quick = await enters(clinic, { from: '09120003333' });
    void quick.call.hangup();
    await said(clinic, quick, 'call.ended');
    void fresh.call.hangup();
    await said(clinic, fresh, 'call.ended');
    await talking.call.ended;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, AWAY_MS - (performance.now() - gone))));
    await postgres.start();

    expect(await callRow(clinic, talking.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
    });
    expect(await callRow(clinic, fresh.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
    });
    expect(await callRow(clinic, quick.id)).toMatchObject({ ending: 'abandoned' });
    for (const { id } of [talking, fresh, quick]) {
      const { entries } = await callStory(clinic, id);
      expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
    }
  }, 90_000);
});
