import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { LedgerEntry } from '../../src/calls/ledger.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import { createPool } from '../../src/platform/pool.ts';
import { callHistory } from '../support/call-history.ts';
import { createTestDatabase } from '../support/database.ts';
import { newCallId } from '../support/ledger-entries.ts';
import { silentLog } from '../support/silent-log.ts';

const pool = createPool(await createTestDatabase(), silentLog);
const writer = createLedgerWriter(pool, silentLog);
afterAll(() => pool.end());

/** Every row that follows from the entries, without what is the database's own (identities, times of writing). */
async function rowsOf(callIds: readonly string[]): Promise<unknown> {
  const tables = {
    entries:
      'select call_id, seq, kind, at, actor, data from call_entries where call_id = any ($1) order by call_id, seq',
    calls: 'select * from call_overview where id = any ($1) order by id',
    offers: 'select * from offers where call_id = any ($1) order by id',
    segments: 'select * from segments where call_id = any ($1) order by call_id, position',
    outcomes:
      'select call_id, seq, code, note, follow_up, set_at, actor from outcomes where call_id = any ($1) order by call_id, seq',
  };
  const rows: Record<string, unknown[]> = {};
  for (const [table, text] of Object.entries(tables))
    rows[table] = (await pool.query<object>(text, [callIds])).rows;
  // The copies differ by their ids alone.
  const anonymous = callIds.reduce(
    (text, id, index) => text.replaceAll(id, `call-${index}`),
    JSON.stringify(rows),
  );
  return JSON.parse(anonymous);
}

/** Entries of several calls as they would come: each call's in order, the calls among each other in any. */
function interleave(histories: readonly LedgerEntry[][], picks: readonly number[]): LedgerEntry[] {
  const left = histories.map((entries) => [...entries]);
  const mixed: LedgerEntry[] = [];
  for (let turn = 0; left.some((entries) => entries.length > 0); turn++) {
    const open = left.filter((entries) => entries.length > 0);
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) mixed.push(next);
  }
  return mixed;
}

const SAME = '00000000-0000-7000-8000-000000000000';

function renamed(histories: readonly LedgerEntry[][], ids: readonly string[]): LedgerEntry[][] {
  return histories.map(
    (entries, index) =>
      JSON.parse(JSON.stringify(entries).replaceAll(SAME, ids[index] ?? '')) as LedgerEntry[],
  );
}

test('one by one, in batches of any size, and twice: the same rows', async () => {
  const history = callHistory(SAME);
  await fc.assert(
    fc.asyncProperty(
      fc.array(history, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      async (histories, picks, sizes) => {
        const make = () => histories.map(() => newCallId());
        const [single, batched, twice] = [make(), make(), make()];

        for (const entry of renamed(histories, single).flat()) await writer.write([entry]);

        let rest = interleave(renamed(histories, batched), picks);
        for (let turn = 0; rest.length > 0; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          await writer.write(rest.slice(0, size));
          rest = rest.slice(size);
        }

        const again = interleave(renamed(histories, twice), picks);
        await Promise.all([writer.write(again), writer.write(again)]);
        for (const entry of again) await writer.write([entry]);

        const expected = await rowsOf(single);
        expect(await rowsOf(batched)).toEqual(expected);
        expect(await rowsOf(twice)).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});
