import { afterEach, describe, expect, test } from 'vitest';
import { createLedger, callStory, findCall, listCalls, putOutcome } from '../../src/calls/store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createRedis, closeRedis } from '../../src/platform/redis.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  answeredCall,
  entered,
  entriesOf,
  newCallId,
  offered,
  queued,
  second,
} from '../support/ledger-entries.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

const { log, lines } = recordingLog();
const pool = createPool(await createTestDatabase(), log);
const redis = createRedis(await testRedis(), log);
const ledger = createLedger({ pool, redis, log });
await ledger.start();

afterEach(() => waitFor(() => ledger.depth() === 0));

async function written(): Promise<void> {
  await waitFor(() => ledger.depth() === 0);
}

describe('a call in the ledger', () => {
  test('an answered call becomes one row with its waits, talks and outcome', async () => {
    const id = newCallId();
    for (const entry of answeredCall(id)) await ledger.append(entry);
    await written();
    expect(await findCall(pool, id)).toEqual({
      id,
      direction: 'inbound',
      entry: 'menu',
      caller: '+989121234567',
      callerReason: null,
      specialty: 'transport',
      enteredAt: new Date(second(0)),
      queuedAt: new Date(second(2)),
      answeredAt: new Date(second(12)),
      endedAt: new Date(second(42)),
      state: 'ended',
      ending: 'answered',
      expertId: 'e002',
      waitSeconds: 10,
      talkSeconds: 30,
      outcome: expect.objectContaining({
        code: 'resolved',
        note: null,
        followUp: false,
        actor: 'system',
      }) as unknown,
      outcomeVersion: 1,
      surveyScore: null,
      caseId: null,
    });
  });

  test('its story tells every entry in order, every offer with its reason, and who talked', async () => {
    const id = newCallId();
    const entries = answeredCall(id);
    for (const entry of entries) await ledger.append(entry);
    await written();
    const story = await callStory(pool, id);
    expect(story?.entries.map((entry) => entry.kind)).toEqual(entries.map((entry) => entry.kind));
    expect(story?.offers).toMatchObject([
      { expertId: 'e001', attempt: 1, result: 'no-answer', why: { rule: 'test' } },
      { expertId: 'e002', attempt: 2, result: 'answered' },
    ]);
    expect(story?.segments).toMatchObject([{ expertId: 'e002', endedBy: 'citizen' }]);
  });

  test('a message left while no application was there is kept with its number', async () => {
    const id = newCallId();
    const [first, ...rest] = entriesOf(id, [
      entered(id, { entry: 'fallback', caller: null, callerReason: 'withheld', callerReceived: '' }),
      { kind: 'number.kept', data: { number: '09121234567' } },
      {
        kind: 'message.kept',
        data: { recording: 'clinic-missed/1', seconds: 7.4, bytes: 118_000, sha256: 'ab'.repeat(32) },
      },
      {
        kind: 'call.ended',
        data: { ending: 'voicemail', endedAt: second(0), state: 'greeting', cause: null, note: null },
      },
    ]);
    await Promise.all([first!, ...rest].map((entry) => ledger.append(entry)));
    await written();
    expect(await findCall(pool, id)).toMatchObject({
      entry: 'fallback',
      ending: 'voicemail',
      callerReason: 'withheld',
      waitSeconds: null,
    });
    const { rows } = await pool.query(
      'select path, seconds, bytes::integer from recordings where call_id = $1',
      [id],
    );
    expect(rows).toEqual([{ path: 'clinic-missed/1', seconds: 7, bytes: 118_000 }]);
    const number = await pool.query('select keyed_number from calls where id = $1', [id]);
    expect(number.rows).toEqual([{ keyed_number: '09121234567' }]);
  });

  test('a waiting call has no wait yet; one that gave up has waited until it left', async () => {
    const waiting = newCallId();
    const gone = newCallId();
    const facts = (id: string) => [entered(id), queued()] as const;
    for (const entry of entriesOf(waiting, facts(waiting))) await ledger.append(entry);
    const end = {
      ending: 'abandoned',
      endedAt: second(20),
      state: 'waiting',
      cause: 16,
      note: null,
    } as const;
    for (const entry of entriesOf(gone, [...facts(gone), { kind: 'call.ended', data: end }]))
      await ledger.append(entry);
    await written();
    expect(await findCall(pool, waiting)).toMatchObject({
      state: 'queued',
      ending: null,
      waitSeconds: null,
      talkSeconds: null,
    });
    expect(await findCall(pool, gone)).toMatchObject({
      state: 'ended',
      ending: 'abandoned',
      waitSeconds: 18,
    });
  });

  test('nothing of the ledger or the audit can be changed afterwards', async () => {
    const id = newCallId();
    await ledger.append(entriesOf(id, [entered(id)])[0]!);
    await written();
    await expect(pool.query("update call_entries set actor = 'x' where call_id = $1", [id])).rejects.toThrow(
      'append-only',
    );
    await expect(pool.query('delete from call_entries where call_id = $1', [id])).rejects.toThrow(
      'append-only',
    );
  });
});

describe('entries that come twice or not at all as they should', () => {
  test('the same entry twice is one entry', async () => {
    const id = newCallId();
    const entries = answeredCall(id);
    await Promise.all([...entries, ...entries].map((entry) => ledger.append(entry)));
    await written();
    await Promise.all(entries.map((entry) => ledger.append(entry)));
    await written();
    const { rows } = await pool.query('select count(*)::integer as n from call_entries where call_id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ n: entries.length }]);
    expect((await callStory(pool, id))?.outcomes).toHaveLength(1);
  });

  test('one that can never be written is put aside with an alarm, and holds up nobody', async () => {
    const good = newCallId();
    const bad = newCallId();
    const poison = entriesOf(bad, [
      entered(bad),
      {
        kind: 'outcome.set',
        data: { code: 'no-such-outcome', note: null, followUp: false, setAt: second(1) },
      },
      queued(),
    ]);
    await Promise.all([...poison, ...answeredCall(good)].map((entry) => ledger.append(entry)));
    await written();
    expect(await findCall(pool, good)).toMatchObject({ state: 'ended', ending: 'answered' });
    expect(await findCall(pool, bad)).toMatchObject({ state: 'queued' });
    const { rows } = await pool.query<{ seq: string; entry: string }>(
      'select seq, reason, kind, entry from ledger_rejects where call_id = $1',
      [bad],
    );
    expect(rows).toEqual([
      { seq: '2', reason: 'refused', kind: 'outcome.set', entry: JSON.stringify(poison[1]) },
    ]);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'ledger-entry.rejected', level: 50, alarm: true, callId: bad, seq: 2 }),
    );
  });

  test.each([
    ['a call id that is none', { ...entriesOf('not-a-uuid', [entered('x')])[0]! }],
    [
      'a text PostgreSQL cannot hold',
      { ...entriesOf(newCallId(), [entered('nul', { callerReceived: 'a\0b' })])[0]! },
    ],
    [
      'a time that is none',
      { ...entriesOf(newCallId(), [entered('time', { enteredAt: 'no time at all' })])[0]! },
    ],
  ])('%s is put aside as it came', async (_, entry) => {
    await ledger.append(entry);
    await written();
    const { rows } = await pool.query<{ entry: string }>(
      'select entry from ledger_rejects where call_id = $1',
      [entry.callId],
    );
    expect(rows.map((row) => JSON.parse(row.entry) as unknown)).toEqual([entry]);
  });

  test('a channel imported under a second call id is known already: nothing is written, nobody alarmed', async () => {
    const first = newCallId();
    const again = newCallId();
    await ledger.append(entriesOf(first, [entered(first, { channelId: 'same.1' })])[0]!);
    await written();
    const imported = entriesOf(again, [entered(again, { channelId: 'same.1' }), queued()]);
    for (const entry of imported) await ledger.append(entry);
    await written();
    expect(await findCall(pool, again)).toBeNull();
    expect(await callStory(pool, again)).toBeNull();
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'ledger-entry.known', level: 30, callId: again }),
    );
    expect(
      lines.filter((line) => line['msg'] === 'ledger-entry.rejected' && line['callId'] === again),
    ).toEqual([]);
  });
});

describe('reading calls', () => {
  test('pages run newest first without gaps, filters narrow them', async () => {
    const ids = Array.from({ length: 5 }, () => newCallId());
    const answered = ids[1]!;
    for (const id of ids) {
      const direction = id === ids[4] ? 'outbound' : 'inbound';
      const facts =
        id === answered
          ? answeredCall(id)
          : entriesOf(id, [entered(id, { direction, asteriskId: 'list' }), queued('finance')]);
      for (const entry of facts) await ledger.append(entry);
    }
    await written();
    const page = await listCalls(pool, { limit: 3, direction: 'inbound' });
    expect(page.map((call) => call.id)).toEqual([ids[3], ids[2], answered]);
    const next = await listCalls(pool, { limit: 1, direction: 'inbound', after: answered });
    expect(next.map((call) => call.id)).toEqual([ids[0]]);
    const byExpert = await listCalls(pool, {
      limit: 200,
      expertId: 'e002',
      ending: 'answered',
      specialty: 'transport',
    });
    expect(byExpert[0]?.id).toBe(answered);
    expect(await listCalls(pool, { limit: 200, from: new Date(second(1)) })).toEqual([]);
    expect(await listCalls(pool, { limit: 200, to: new Date(second(0)) })).toEqual([]);
    expect(
      (await listCalls(pool, { limit: 200, from: new Date(second(0)), specialty: 'finance' })).map(
        (call) => call.id,
      ),
    ).toEqual([0, 2, 3, 4].map((n) => ids[n]).reverse());
  });

  test('an unknown call has no story', async () => {
    expect(await findCall(pool, newCallId())).toBeNull();
    expect(await callStory(pool, newCallId())).toBeNull();
  });
});

describe('an outcome set over HTTP', () => {
  const change = { code: 'referred', note: 'به منطقه', followUp: true, actor: 'account:1', version: null };

  test('counts from then on; those before are kept', async () => {
    const id = newCallId();
    for (const entry of answeredCall(id)) await ledger.append(entry);
    await written();
    expect(await putOutcome(pool, { ...change, callId: id, version: 1 })).toMatchObject({
      outcome: { code: 'referred', note: 'به منطقه', followUp: true, actor: 'account:1' },
      outcomeVersion: 2,
    });
    expect((await callStory(pool, id))?.outcomes.map((outcome) => outcome.code)).toEqual([
      'resolved',
      'referred',
    ]);
  });

  test('is refused for a stale version, an unknown code, an unknown call', async () => {
    const id = newCallId();
    await ledger.append(entriesOf(id, [entered(id)])[0]!);
    await written();
    expect(await putOutcome(pool, { ...change, callId: id, version: 1 })).toBe('version-stale');
    expect(await putOutcome(pool, { ...change, callId: id, code: 'nonsense' })).toBe('outcome-unknown');
    expect(await putOutcome(pool, { ...change, callId: newCallId() })).toBe('call-unknown');
    expect((await findCall(pool, id))?.outcome).toBeNull();
  });

  test('two at once on the same version: one is stale', async () => {
    const id = newCallId();
    await ledger.append(entriesOf(id, [entered(id)])[0]!);
    await written();
    const both = await Promise.all([0, 1].map(() => putOutcome(pool, { ...change, callId: id, version: 0 })));
    expect(both.filter((result) => result === 'version-stale')).toHaveLength(1);
    expect((await findCall(pool, id))?.outcomeVersion).toBe(1);
  });
});

test('an offer belongs to its call: another call naming it changes nothing', async () => {
  const owner = newCallId();
  const other = newCallId();
  for (const entry of entriesOf(owner, [entered(owner), queued(), offered('offer-of-owner')]))
    await ledger.append(entry);
  await written();
  const end = { offerId: 'offer-of-owner', result: 'lost', endedAt: second(9) } as const;
  const facts = [
    entered(other),
    queued(),
    offered('offer-of-owner'),
    { kind: 'offer.ended', data: end },
  ] as const;
  for (const entry of entriesOf(other, facts)) await ledger.append(entry);
  await written();
  expect((await callStory(pool, owner))?.offers).toMatchObject([{ offerId: 'offer-of-owner', result: null }]);
});

test('closing waits for what is left to be written', async () => {
  const second = createLedger({ pool, redis, log });
  await second.start();
  const id = newCallId();
  const appended = Promise.all(answeredCall(id).map((entry) => second.append(entry)));
  await second.close();
  await appended;
  expect(await findCall(pool, id)).toMatchObject({ ending: 'answered' });
  expect(await redis.xlen('{ledger}:entries')).toBe(0);
  await ledger.close();
  await closeRedis(redis);
  await pool.end();
});
