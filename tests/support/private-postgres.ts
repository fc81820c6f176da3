import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { migrate } from '../../src/platform/migrate.ts';
import { callRow, callStory } from './calls.ts';
import { startClinic, type Clinic } from './clinic.ts';
import { expectNothingLeft } from './leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from './phones.ts';
import { startPrivatePostgres, type PostgresOptions, type PrivateServer } from './private-servers.ts';
import { staysQuiet } from './quiet.ts';
import { enters, queues, said } from './scenes.ts';

/** A clinic with one expert on a PostgreSQL of the test file's own. */
export interface PostgresScene {
  postgres: PrivateServer;
  clinic: Clinic;
  expert: ExpertPhone;
}

/** Starts it all before the tests of this file; nothing may be left over after each. */
export function onPrivatePostgres(options: PostgresOptions = {}): () => PostgresScene {
  let scene: PostgresScene | null = null;
  beforeAll(async () => {
    const postgres = await startPrivatePostgres(options);
    await migrate(postgres.url, pino({ level: 'silent' }));
    const clinic = await startClinic({ env: { DATABASE_URL: postgres.url, WRAP_UP_SECONDS: '0' } });
    const expert = await expertPhone(clinic, await addExpert(clinic, 'زهرا نوری', 'transport'));
    scene = { postgres, clinic, expert };
  });
  afterEach(() => expectNothingLeft(scene?.clinic));
  afterAll(async () => {
    await closePhones();
    await scene?.clinic.close();
    await scene?.postgres.remove();
  });
  return () => {
    if (scene === null) throw new Error('The clinic has not been started yet');
    return scene;
  };
}

/** A connection of the test's own. */
export async function connected({ url }: PrivateServer): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * A talk is under way when PostgreSQL begins to fail, a whole call comes and is answered, and a third citizen hangs up in the
 * greeting: none of them notices, nothing spins, and when it works again every entry of all three is there once and in order.
 * begin: makes it fail, and returns what makes it work again
 */
export async function nobodyNotices(
  { clinic, expert }: PostgresScene,
  lastsMs: number,
  begin: () => Promise<() => Promise<unknown>>,
): Promise<void> {
  const talking = await queues(clinic, { from: '09120001111' });
  const ring = await expert.nextCall();
  void ring.answer();
  await said(clinic, talking, 'call.answered');

  const end = await begin();
  const since = performance.now();
  const isQuiet = staysQuiet(clinic);
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
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, lastsMs - (performance.now() - since))));
  isQuiet();
  await end();

  for (const { id } of [talking, fresh])
    expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
  expect(await callRow(clinic, quick.id)).toMatchObject({ ending: 'abandoned' });
  for (const { id } of [talking, fresh, quick]) {
    const { entries } = await callStory(clinic, id);
    expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
  }
}
