import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '../../src/platform/pool.ts';
import { callRow, storyKinds } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { createTestDatabase } from '../support/database.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expectHeard, expertPhone, hears } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { silentLog } from '../support/silent-log.ts';

/** How long it will take, as the citizen hears it. */

let clinic: Clinic;

beforeAll(async () => {
  const databaseUrl = await createTestDatabase();
  await tellOfThePast(databaseUrl);
  clinic = await startClinic({ env: { DATABASE_URL: databaseUrl, WRAP_UP_SECONDS: '0' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** A hundred talks of ten minutes, more or less, an hour ago. */
async function tellOfThePast(databaseUrl: string): Promise<void> {
  const pool = createPool(databaseUrl, silentLog);
  for (let talk = 0; talk < 100; talk += 1)
    await pool.query(
      `insert into calls (id, direction, entry, caller, caller_received, specialty, entered_at, queued_at, answered_at, ended_at, state, ending)
       select $1, 'inbound', 'menu', '+989121234567', '', 'transport', began, began, began, ended, 'ended', 'answered'
       from (select now() - interval '1 hour' as ended, now() - interval '1 hour' - make_interval(secs => $2) as began) as talk`,
      [uuidv7(), 550 + talk],
    );
  await pool.end();
}

describe('who has to wait', () => {
  it('hears between how many minutes, and the ledger keeps what was said', async () => {
    const expert = await expertPhone(clinic, await addExpert(clinic, 'نرگس رضایی', 'transport'));
    const first = await queues(clinic, { from: '09120004401' });
    void (await expert.nextCall()).answer();
    await said(clinic, first, 'call.answered');

    const second = await queues(clinic, { from: '09120004402' });
    const third = await queues(clinic, { from: '09120004403' });
    const told = await said(clinic, third, 'wait.told');
    expect(told).toMatchObject({ place: 2, staffed: 1, reason: null });
    const { lowMinutes, highMinutes } = told as unknown as { lowMinutes: number; highMinutes: number };
    expect(lowMinutes).toBeGreaterThan(4);
    expect(highMinutes).toBeLessThan(41);
    await hears(third.call, { key: 'queue/please-wait', seconds: 1 });
    expectHeard(
      third.call,
      ...[
        'ordinal/2',
        'wait/between',
        `count/${lowMinutes}`,
        'wait/to',
        `count/${highMinutes}`,
        'wait/minutes',
      ],
    );
    // The first in line is not said to be connected at once where nobody is free.
    expect(await said(clinic, second, 'wait.told')).toMatchObject({ place: 1 });
    for (const { call, id } of [third, second, first]) {
      void call.hangup();
      await callRow(clinic, id);
    }
    expect((await storyKinds(clinic, third.id)).filter((kind) => kind === 'wait.told')).toHaveLength(1);
  }, 60_000);
});
