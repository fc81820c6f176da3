import { describe, expect, it } from 'vitest';
import { connected, nobodyNotices, onPrivatePostgres } from '../support/private-postgres.ts';
import { mayMount } from '../support/private-servers.ts';

/** The disk with the ledger is full: its table lies on a file system of a few megabytes, which another table fills. */

const FULL_MS = 10_000;
const scene = onPrivatePostgres({ smallDiskMb: mayMount() ? 6 : 0 });

describe('PostgreSQL without room for the ledger', () => {
  it.skipIf(!mayMount())(
    'nobody notices, and what was kept is written when there is room',
    async () => {
      const { postgres, clinic } = scene();
      const client = await connected(postgres);
      await client.query(`create tablespace small location '${postgres.folder}/small'`);
      // Few rows a page: nearly each one needs room of its own.
      await client.query('alter table call_entries set (fillfactor = 10)');
      await client.query('alter table call_entries set tablespace small');
      await client.query('create table filler (line text) tablespace small');
      await client.query('alter table filler alter column line set storage plain');
      await nobodyNotices(scene(), FULL_MS, async () => {
        const fill = (rows: number) =>
          client.query(`insert into filler select repeat('x', 7000) from generate_series(1, ${rows})`);
        for (let rows = 512; rows >= 1; rows = Math.floor(rows / 2))
          while (await fill(rows).then(() => true, isFull));
        return () => client.query('drop table filler');
      });
      expect(clinic.lines).toContainEqual(expect.objectContaining({ msg: 'outbox.delayed', code: '53100' }));
      await client.end();
    },
    60_000,
  );
});

function isFull(error: unknown): false {
  expect(error).toMatchObject({ code: '53100' });
  return false;
}
