import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createCallbackDesk } from '../../src/callbacks/desk.ts';
import { createDialler } from '../../src/callbacks/dialler.ts';
import { followHours } from '../../src/callbacks/jobs.ts';
import { createCallbacks, type Callbacks } from '../../src/callbacks/service.ts';
import { retime as moveTo } from '../../src/callbacks/store.ts';
import { createRetiming } from '../../src/callbacks/timing.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import { addClosure, addOpening, cancelClosure, cancelOpening } from '../../src/hours/openings-store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { casesOn, DIALLED, entriesOfCall, minute, tell, type TestCases } from '../support/cases.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/** Callbacks follow the hours: what was put off for a closure is called when that is taken back, and no wish is forgotten. */

const CLOSES = 6 * 60;
const NEXT_MORNING = 22 * 60;

let pool: Pool;
let own: TestCases;
let callbacks: Callbacks;
let retime: () => Promise<number>;
let follower: { close(): Promise<void> } | null = null;
const made: (() => Promise<unknown>)[] = [];
let citizens = 0;
const citizen = () => `+98918${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  pool = createPool(await createTestDatabase(), log);
  own = await casesOn(pool);
  const { clock, hours, cases } = own;
  const policy = { attempts: 3, busySeconds: 600, retrySeconds: 3 * 3600, postponeSeconds: 2 * 3600 };
  callbacks = createCallbacks({
    ...{ pool, clock, log, hours, cases, policy },
    ...DIALLED,
    ...{ areaCode: '21', callsAbandoned: true, cutOffAfterSeconds: 600 },
    onGivenUp: () => Promise.resolve(),
  });
  retime = createRetiming({ pool, clock, log, hours });
});
beforeEach(() => own.setTime(0));
afterEach(async () => {
  await follower?.close();
  follower = null;
  for (const undo of made.splice(0)) await undo();
  await own.hours.reload();
  await pool.query("update callbacks set state = 'cancelled' where state in ('pending', 'live')");
});
afterAll(async () => {
  await own.hours.close();
  await pool.end();
});

/** Closed from that minute on, until it is taken back. */
async function closes(at: number, endsAt: Date | null = null) {
  const times = { startsAt: new Date(minute(at)), endsAt };
  const closure = { specialty: null, kind: 'air-pollution', reason: 'x', ...times } as const;
  const { id } = await addClosure(pool, closure, 'account:1');
  const takeBack = () => cancelClosure(pool, id, 'account:1');
  made.push(takeBack);
  await own.hours.reload();
  return { takeBack: async () => (await takeBack(), await own.hours.reload()) };
}

async function opens(from: number, to: number) {
  const opening = { startsAt: new Date(minute(from)), endsAt: new Date(minute(to)), reason: 'x' };
  const { id } = await addOpening(pool, { specialty: null, ...opening }, 'account:1');
  const takeBack = () => cancelOpening(pool, id, 'account:1');
  made.push(takeBack);
  await own.hours.reload();
  return { takeBack: async () => (await takeBack(), await own.hours.reload()) };
}

/** @returns the case whose citizen is owed a call */
async function promised(at: number): Promise<string> {
  own.setTime(at);
  const callId = await tell(pool, { at, ending: 'callback', caller: citizen() });
  await own.cases.openDue();
  await callbacks.settle();
  const { rows } = await pool.query<{ case_id: string }>(
    'select case_id from case_calls where call_id = $1',
    [callId],
  );
  return rows[0]!.case_id;
}

const dueAt = async (caseId: string) => (await own.cases.find(caseId))!.callback!.dueAt.toISOString();

function diallerOn(begun: { callId: string; number: string }[] = []) {
  return createDialler({
    ...{ pool, clock: own.clock, log, hours: own.hours, trunk: 'out' },
    calls: {
      nameCallback: () => ({ callId: uuidv7(), channelId: `callback-${uuidv7()}` }),
      callBack: (one) => void begun.push(one),
      recall: () => undefined,
      callingBack: () => new Map(),
      calledBack: () => Promise.resolve(new Set()),
    },
    ledger: { depth: () => 0, append: () => Promise.resolve() },
  });
}

describe('a closure that nobody has given an end', () => {
  it('lets callbacks be looked at again within minutes, and they are due once it is taken back', async () => {
    const early = await promised(-10);
    const closure = await closes(0);
    const late = await promised(10);
    expect(await dueAt(late)).toBe(minute(15));
    // Due before, and put off when its time came.
    await diallerOn().take();
    expect(await dueAt(early)).toBe(minute(15));
    own.setTime(16);
    expect(await retime()).toBe(2);
    expect(await retime()).toBe(0);
    expect(await dueAt(early)).toBe(minute(21));
    own.setTime(20);
    await closure.takeBack();
    expect(await retime()).toBe(2);
    for (const id of [early, late]) expect(await dueAt(id)).toBe(minute(20));
    const begun: { callId: string; number: string }[] = [];
    await diallerOn(begun).take();
    expect(begun).toHaveLength(2);
  });
});

describe('hours that change', () => {
  it('are followed by what is pending, without anybody asking', async () => {
    const id = await promised(CLOSES + 60);
    expect(await dueAt(id)).toBe(minute(NEXT_MORNING));
    follower = followHours({ hours: own.hours, retime, log });
    const opening = await opens(CLOSES + 120, CLOSES + 180);
    await waitFor(async () => (await dueAt(id)) === minute(CLOSES + 120));
    await opening.takeBack();
    await waitFor(async () => (await dueAt(id)) === minute(NEXT_MORNING));
    await closes(NEXT_MORNING - 60, new Date(minute(NEXT_MORNING + 30)));
    await waitFor(async () => (await dueAt(id)) === minute(NEXT_MORNING + 30));
  });

  it('are followed again after PostgreSQL was of no use', async () => {
    let failures = 1;
    let looks = 0;
    const flawed = () => {
      looks += 1;
      return failures-- > 0 ? Promise.reject(new Error('away')) : retime();
    };
    follower = followHours({ hours: own.hours, retime: flawed, log });
    const id = await promised(CLOSES + 60);
    await opens(CLOSES + 120, CLOSES + 180);
    await waitFor(async () => (await dueAt(id)) === minute(CLOSES + 120));
    expect(looks).toBeGreaterThan(1);
  });

  it('move each once, though two processes look at the same moment', async () => {
    const ids = [await promised(CLOSES + 60), await promised(CLOSES + 60), await promised(CLOSES + 60)];
    await opens(CLOSES + 60, CLOSES + 180);
    await Promise.all([retime(), retime(), retime()]);
    await retime();
    for (const id of ids) expect(await dueAt(id)).toBe(minute(CLOSES + 60));
  });
});

describe('a wish for a time', () => {
  const who = { accountId: uuidv7(), actor: 'account:1', role: 'supervisor' } as const;
  const callAt = (id: string, at: number) =>
    createCallbackDesk({ ...{ pool, ...own }, ...DIALLED }).callAt(
      id,
      Date.parse(minute(at)),
      who,
      () => true,
    );

  it('of the staff is never brought forward before it', async () => {
    const id = await promised(0);
    const closure = await closes(10);
    own.setTime(10);
    await callAt(id, 120);
    expect(await dueAt(id)).toBe(minute(125));
    own.setTime(60);
    await closure.takeBack();
    await retime();
    expect(await dueAt(id)).toBe(minute(120));
    await opens(CLOSES, CLOSES + 60);
    expect(await retime()).toBe(0);
  });

  it('of the citizen is not either, and is not lost in a closure', async () => {
    const id = await promised(0);
    const begun: Parameters<typeof endsPostponed>[0][] = [];
    await diallerOn(begun).take();
    const closure = await closes(1, new Date(minute(NEXT_MORNING)));
    own.setTime(1);
    await endsPostponed(begun[0]!);
    expect(await dueAt(id)).toBe(minute(NEXT_MORNING));
    own.setTime(30);
    await closure.takeBack();
    await retime();
    expect(await dueAt(id)).toBe(minute(121));
  });

  it('that was changed since it was read is left alone', async () => {
    const id = await promised(CLOSES + 60);
    const { rows } = await pool.query<{ id: string; wantedAt: Date }>(
      'select id, wanted_at as "wantedAt" from callbacks where case_id = $1',
      [id],
    );
    await callAt(id, NEXT_MORNING + 120);
    const stale = { ...rows[0]!, specialty: 'transport', dueAt: new Date(minute(CLOSES + 61)) };
    expect(await moveTo(pool, [stale])).toBe(0);
    expect(await dueAt(id)).toBe(minute(NEXT_MORNING + 120));
  });

  it('of a row from before wishes were kept is its due time', async () => {
    const id = await promised(CLOSES + 60);
    await pool.query('update callbacks set wanted_at = null where case_id = $1', [id]);
    const closure = await closes(NEXT_MORNING, new Date(minute(NEXT_MORNING + 60)));
    await retime();
    expect(await dueAt(id)).toBe(minute(NEXT_MORNING + 60));
    await closure.takeBack();
    await retime();
    expect(await dueAt(id)).toBe(minute(NEXT_MORNING));
  });
});

/** The attempt ends with the wish for another time. */
async function endsPostponed({ callId, number }: { callId: string; number: string }): Promise<void> {
  const entered = entriesOfCall({ at: 1, ending: 'callback', caller: number, id: callId })[0]!;
  const stamp = { callId, at: minute(1), actor: 'system' };
  await createLedgerWriter(pool, log).write([
    { ...entered, data: { ...entered.data, direction: 'outbound', entry: 'callback' } } as typeof entered,
    { ...stamp, seq: 2, kind: 'callback.tried', data: { callbackId: callId, result: 'postponed' } },
    {
      ...{ ...stamp, seq: 3, kind: 'call.ended' },
      data: { ending: 'callback', endedAt: minute(1), state: 'dialling', cause: null, note: null },
    },
  ]);
  await callbacks.settle();
}
