import { afterAll, describe, expect, test } from 'vitest';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import type { LedgerEntry, LedgerFact } from '../../src/calls/ledger.ts';
import { createMissingOutcomes } from '../../src/calls/missing-outcomes.ts';
import { callStory, findCall, listCalls } from '../../src/calls/store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createTestDatabase } from '../support/database.ts';
import { entered, entriesOf, newCallId, offered, queued, second } from '../support/ledger-entries.ts';
import { recordingLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Talks nobody has said anything of, and marks, in a real PostgreSQL. */

const { log, lines } = recordingLog();
const pool = createPool(await createTestDatabase(), log);
const writer = createLedgerWriter(pool, log);
let now = Date.parse(second(3600));
const outcomes = createMissingOutcomes({ pool, log, clock: { now: () => now, monotonic: () => now } });

afterAll(() => pool.end());

/** A call whose talk with this expert began at this second; `more`: what else happened in it. */
function talk(expertId: string, from: number, ...more: LedgerFact[]): { id: string; entries: LedgerEntry[] } {
  const id = newCallId();
  const entries = entriesOf(id, [
    entered(id),
    queued(),
    offered(`${id}-1`, expertId),
    { kind: 'call.answered', data: { offerId: `${id}-1`, expertId, answeredAt: second(from) } },
    {
      kind: 'segment.ended',
      data: { expertId, startedAt: second(from), endedAt: second(from + 30), by: 'expert' },
    },
    ...more,
    {
      kind: 'call.ended',
      data: { ending: 'answered', endedAt: second(from + 40), state: 'wrap-up', cause: 16, note: null },
    },
    { kind: 'wrap-up.ended', data: { expertId, endedAt: second(from + 60) } },
  ]);
  return { id, entries };
}

async function talked(expertId: string, from: number, ...more: LedgerFact[]): Promise<string> {
  const { id, entries } = talk(expertId, from, ...more);
  await writer.write(entries);
  return id;
}

const outcome: LedgerFact = {
  kind: 'outcome.set',
  data: { code: 'resolved', note: null, followUp: false, setAt: second(44) },
};
const codeOf = async (id: string) => (await findCall(pool, id))?.outcome?.code ?? null;
const missing = async (expertId: string) =>
  (await listCalls(pool, { expertId, outcome: 'missing', limit: 50 })).map((call) => call.id);

describe('an outcome keyed later', () => {
  test('is that of the latest talk that has none, then of the one before, then of none', async () => {
    const first = await talked('e011', 100);
    const second_ = await talked('e011', 200);
    const told = await talked('e011', 300, outcome);
    expect(await missing('e011')).toEqual([second_, first]);
    expect(await outcomes.set('e011', 'referred', told)).toBe('saved-earlier');
    expect([await codeOf(first), await codeOf(second_), await codeOf(told)]).toEqual([
      ...[null, 'referred', 'resolved'],
    ]);
    expect(await findCall(pool, second_)).toMatchObject({ outcome: { actor: 'expert:e011' } });
    expect(await missing('e011')).toEqual([first]);
    expect(await outcomes.set('e011', 'other', null)).toBe('saved-earlier');
    expect(await outcomes.set('e011', 'other', null)).toBe('none-missing');
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'outcome.set-later', callId: first }));
  });

  test("is nobody else's, and not that of a talk older than a day", async () => {
    const id = await talked('e012', 100);
    expect(await outcomes.set('e013', 'other', null)).toBe('none-missing');
    const before = now;
    now = Date.parse(second(140)) + 24 * 3_600_000 + 1;
    expect(await outcomes.set('e012', 'other', null)).toBe('none-missing');
    now -= 1;
    expect(await outcomes.set('e012', 'other', null)).toBe('saved-earlier');
    now = before;
    expect(await codeOf(id)).toBe('other');
  });

  test('is not taken for an earlier talk while the last one is not written down', async () => {
    const earlier = await talked('e014', 100);
    const { id, entries } = talk('e014', 200);
    await expect(outcomes.set('e014', 'other', id)).rejects.toMatchObject({ code: 'call-not-written' });
    await writer.write(entries.slice(0, -2));
    await expect(outcomes.set('e014', 'other', id)).rejects.toMatchObject({ code: 'call-not-written' });
    await writer.write(entries);
    expect(await outcomes.set('e014', 'other', id)).toBe('saved-earlier');
    expect([await codeOf(earlier), await codeOf(id)]).toEqual([null, 'other']);
  });

  test('is not set over one set meanwhile from a page', async () => {
    const id = await talked('e015', 100);
    const page = await pool.connect();
    await page.query('begin');
    await page.query('select pg_advisory_xact_lock(hashtextextended($1, 137))', [id]);
    const keyed = outcomes.set('e015', 'other', null).catch((error: unknown) => error);
    // The view is the whole server's, where other tests wait for locks of theirs.
    const waits = `select from pg_locks join pg_database d on d.oid = database
      where datname = current_database() and locktype = 'advisory' and not granted`;
    await waitFor(async () => (await pool.query(waits)).rowCount === 1);
    await page.query(
      `insert into outcomes (call_id, code, follow_up, set_at, actor) values ($1, 'resolved', false, now(), 'account:1')`,
      [id],
    );
    await page.query('commit');
    page.release();
    expect(await keyed).toMatchObject({ code: 'version-stale' });
    expect((await callStory(pool, id))?.outcomes).toMatchObject([{ code: 'resolved' }]);
  });

  test('is counted by specialty until it is set', async () => {
    const before = (await outcomes.count()).get('transport') ?? 0;
    await talked('e016', 100);
    await talked('e016', 200, outcome);
    expect((await outcomes.count()).get('transport')).toBe(before + 1);
    await outcomes.set('e016', 'other', null);
    expect((await outcomes.count()).get('transport') ?? 0).toBe(before);
  });
});

describe('a mark', () => {
  test('is the score of the call and of the talk it was given after', async () => {
    const mark: LedgerFact = { kind: 'survey.answered', data: { score: 4, expertId: 'e021' } };
    const id = await talked('e021', 100, mark);
    expect(await findCall(pool, id)).toMatchObject({ surveyScore: 4, ending: 'answered', talkSeconds: 30 });
    expect((await listCalls(pool, { expertId: 'e021', limit: 1 }))[0]).toMatchObject({ surveyScore: 4 });
    expect((await callStory(pool, id))?.segments).toMatchObject([{ expertId: 'e021', surveyScore: 4 }]);
    expect(await findCall(pool, await talked('e021', 200))).toMatchObject({ surveyScore: null });
  });

  test.each([0, 6])('of %i is refused by the database', async (score) => {
    const mark: LedgerFact = { kind: 'survey.answered', data: { score, expertId: 'e022' } };
    await expect(writer.write(talk('e022', 100, mark).entries)).rejects.toMatchObject({ code: '23514' });
  });
});
