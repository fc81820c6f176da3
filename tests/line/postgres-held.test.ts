import { Redis } from 'ioredis';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { connected, nobodyNotices, onPrivatePostgres } from '../support/private-postgres.ts';
import type { PrivateServer } from '../support/private-servers.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** PostgreSQL is there and does not serve: its tables are locked, its connections are all taken. */

const HELD_MS = 10_000;
const scene = onPrivatePostgres({ settings: ['max_connections=24'] });

describe('PostgreSQL that does not serve', () => {
  it('the ledger locked: nobody notices', async () => {
    const client = await connected(scene().postgres);
    await nobodyNotices(scene(), HELD_MS, async () => {
      await client.query('begin');
      await client.query(
        'lock table call_entries, calls, offers, segments, outcomes in access exclusive mode',
      );
      return () => client.query('rollback');
    });
    await client.end();
  }, 60_000);

  it('the roster locked while it is read: a process that ends saves its calls all the same, and they go on', async () => {
    const { clinic, expert, postgres } = scene();
    const talking = await queues(clinic, { from: '09120004444' });
    void (await expert.nextCall()).answer();
    await said(clinic, talking, 'call.answered');
    const waiting = await queues(clinic, { from: '09120005555' });
    const client = await connected(postgres);
    await client.query('begin');
    await client.query('lock table experts in access exclusive mode');
    // Whoever finds Redis again after it was away reads the roster.
    const redis = new Redis(clinic.redisUrl);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await redis.quit();
    await waitFor(async () => {
      const { rowCount } = await client.query('select from pg_locks where not granted');
      return (rowCount ?? 0) > 0;
    });
    await clinic.stop();
    const drained = await clinic.logged('process.drained');
    // The other one may still be told the place.
    expect(drained['live']).toMatchObject({ talking: 1 });
    expect(Object.values(drained['live'] as Record<string, number>)).toEqual([1, 1]);
    await client.query('rollback');
    await client.end();
    await clinic.start();
    await said(clinic, waiting, 'call.taken-up');
    void talking.call.hangup();
    void (await expert.nextCall()).answer();
    await said(clinic, waiting, 'call.answered');
    void waiting.call.hangup();
    for (const { id } of [talking, waiting])
      expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
  }, 60_000);

  it('every connection taken by others: nobody notices', async () => {
    const taken: pg.Client[] = [];
    await nobodyNotices(scene(), HELD_MS, async () => {
      await takeAll(scene().postgres, taken);
      return () => Promise.all(taken.map((client) => client.end()));
    });
  }, 60_000);
});

/** Puts the application's connections to an end and takes their places, until it has none. */
async function takeAll(postgres: PrivateServer, taken: pg.Client[]): Promise<void> {
  taken.push(await connected(postgres));
  const theirs = "application_name like 'clinic-137%'";
  for (let left = 1; left > 0;) {
    await taken[0]!.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${theirs}`);
    await fill(postgres, taken);
    const { rows } = await taken[0]!.query<{ left: number }>(
      `select count(*)::int as left from pg_stat_activity where ${theirs}`,
    );
    left = rows[0]?.left ?? 0;
  }
  await expect(connected(postgres)).rejects.toThrow(/too many clients|reserved/);
}

async function fill(postgres: PrivateServer, taken: pg.Client[]): Promise<void> {
  for (let full = false; !full;)
    await connected(postgres).then(
      (client) => taken.push(client),
      () => (full = true),
    );
}
