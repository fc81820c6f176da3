import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createCallbackDesk } from '../../src/callbacks/desk.ts';
import { createDialler } from '../../src/callbacks/dialler.ts';
import { createCallbacks, type Callbacks } from '../../src/callbacks/service.ts';
import { tellGivenUp, type GivenUp } from '../../src/callbacks/farewell.ts';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import { createHandover } from '../../src/calls/handover.ts';
import type { AttemptResult, Ending, LedgerEntry } from '../../src/calls/ledger.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import type { DueCallback } from '../../src/calls/service.ts';
import type { CaseStory } from '../../src/cases/service.ts';
import { createPool } from '../../src/platform/pool.ts';
import {
  casesOn,
  DIALLED,
  entriesOfCall,
  minute,
  TEN,
  tell,
  type TestCases,
  type ToldCall,
} from '../support/cases.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { testVault } from '../support/vault.ts';

/** Promises as rows: who is to be called when, who calls, and what comes of it; from the real ledger, on a real database. */

const HOUR_MS = 3_600_000;
const policy = { attempts: 3, busySeconds: 600, retrySeconds: 3 * 3600, postponeSeconds: 2 * 3600 };

let pool: Pool;
let own: TestCases;
let callbacks: Callbacks;
let citizens = 0;
let names = 0;
let given: GivenUp[];
const citizen = () => `+98912${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  pool = createPool(await createTestDatabase(), log);
  own = await casesOn(pool);
});
beforeEach(async () => {
  given = [];
  own.setTime(30);
  callbacks = roomOf();
  // Each test has its own promises.
  await pool.query("update callbacks set state = 'cancelled' where state in ('pending', 'live')");
});
afterAll(async () => {
  await own.hours.close();
  await pool.end();
});

const roomOf = (over: { trunk?: string; callsAbandoned?: boolean } = {}): Callbacks =>
  createCallbacks({
    ...{ pool, clock: own.clock, log, hours: own.hours, cases: own.cases, policy },
    ...DIALLED,
    areaCode: '21',
    callsAbandoned: true,
    cutOffAfterSeconds: 600,
    onGivenUp: (db, one) => (given.push(one), tellGivenUp(db, one)),
    ...over,
  });

async function storyOf(callId: string): Promise<CaseStory> {
  const { rows } = await pool.query<{ case_id: string }>(
    'select case_id from case_calls where call_id = $1',
    [callId],
  );
  return (await own.cases.find(rows[0]!.case_id))!;
}

/** A citizen is owed a call. @returns the call in which it was promised */
async function promised(told: Partial<ToldCall> = {}): Promise<string> {
  const callId = await tell(pool, { at: 0, ending: 'callback', caller: citizen(), ...told });
  await own.cases.openDue();
  await callbacks.settle();
  return callId;
}

interface Exchange {
  begun: DueCallback[];
  recalled: string[];
  live: Set<string>;
  /** Calls whose channels the exchange has, though nobody here leads them. */
  there: Set<string>;
  entries: LedgerEntry[];
}

function exchange(over: { depth?: number } = {}) {
  const seen: Exchange = { begun: [], recalled: [], live: new Set(), there: new Set(), entries: [] };
  const dialler = createDialler({
    ...{ pool, clock: own.clock, log, hours: own.hours, trunk: 'out' },
    calls: {
      nameCallback: () => ({ callId: uuidv7(), channelId: `callback-1.${++names}` }),
      callBack: (one) => {
        seen.begun.push(one);
        seen.live.add(one.callId);
      },
      recall: (callId) => void seen.recalled.push(callId),
      callingBack: () =>
        new Map(
          seen.begun.filter(({ callId }) => seen.live.has(callId)).map((one) => [one.callbackId, one.callId]),
        ),
      calledBack: () => Promise.resolve(seen.there),
    },
    ledger: {
      depth: () => over.depth ?? 0,
      append: async (entry) => {
        seen.entries.push(entry);
        await createLedgerWriter(pool, log).write([entry]);
      },
    },
  });
  return { ...seen, take: () => dialler.take() };
}

const entered = ({ callId, channelId, number }: DueCallback): LedgerEntry => ({
  ...{ callId, seq: 1, at: minute(30), actor: 'system', kind: 'call.entered' },
  data: {
    ...{ direction: 'outbound', asteriskId: 'test', channelId, sipCallId: null, entry: 'callback' },
    ...{ callerReceived: number, caller: number, callerReason: null, enteredAt: minute(30) },
  },
});

/** The attempt as the calls would tell it. */
async function ends(one: DueCallback, ending: Ending, result: AttemptResult | null, outcome?: string) {
  const stamp = { callId: one.callId, at: minute(31), actor: 'system' };
  const entries: LedgerEntry[] = [entered(one)];
  if (result !== null)
    entries.push({
      ...stamp,
      seq: 2,
      kind: 'callback.tried',
      data: { callbackId: one.callbackId, result },
    });
  if (outcome !== undefined)
    entries.push({
      ...{ ...stamp, seq: 3, kind: 'outcome.set' },
      data: { code: outcome, note: null, followUp: false, setAt: minute(31) },
    });
  entries.push({
    ...{ ...stamp, seq: 4, kind: 'call.ended' },
    data: { ending, endedAt: minute(31), state: 'dialling', cause: null, note: null },
  });
  await createLedgerWriter(pool, log).write(entries);
}

/** The citizen talks with an expert of the specialty the promise was given for. */
async function talks(one: DueCallback): Promise<void> {
  const [begins, ...rest] = entriesOfCall({ at: 32, ending: 'answered', caller: one.number, id: one.callId });
  await createLedgerWriter(pool, log).write([{ ...entered(one), at: begins!.at }, ...rest]);
}

/** What the exchange's message service hands over of whom it had. */
async function keeps({ callId, channelId, number }: DueCallback, keyed: string): Promise<void> {
  const handover = createHandover({
    telephony: {
      trust: () => true,
      setVariables: () => Promise.resolve('done'),
      continueInDialplan: () => Promise.resolve('done'),
    } as unknown as Telephony,
    ledger: {
      append: (entry) =>
        createLedgerWriter(pool, log)
          .write([{ ...entry, callId }])
          .then(() => undefined),
    },
    ...{ clock: own.clock, log, areaCode: '21', asteriskId: () => 'test', startedAt: () => 0 },
    vault: testVault('/nowhere'),
    hasEnded: () => Promise.resolve(false),
  });
  const seconds = String(Math.floor(own.clock.now() / 1000));
  await handover.take('hand-over', [
    'missed',
    channelId,
    seconds,
    number,
    '',
    '',
    keyed,
    '',
    '0',
    seconds,
    'ended',
  ]);
}

/** The promise's attempt is taken, ends so, and is settled. */
async function tries(ending: Ending, result: AttemptResult | null, outcome?: string) {
  const { take, begun } = exchange();
  await take();
  await ends(begun[0]!, ending, result, outcome);
  await callbacks.settle();
}

describe('a promise', () => {
  it('is due at once, in the place of the call it was given in', async () => {
    const callId = await promised();
    const story = await storyOf(callId);
    expect(story.callback).toMatchObject({ state: 'pending', attempts: 0, dueAt: new Date(minute(30)) });
    const { take, begun } = exchange();
    await take();
    expect(begun).toMatchObject([
      { number: story.number, specialty: 'transport', score: Date.parse(minute(-1)) },
    ]);
  });

  it('given in the evening is due when the clinic opens', async () => {
    own.setTime(12 * 60);
    const callId = await promised({ at: 12 * 60 - 1 });
    const { callback } = await storyOf(callId);
    expect(callback?.dueAt.toISOString()).toBe(minute(22 * 60));
  });

  it('is one, whoever looks for it, and however often', async () => {
    const callId = await promised();
    await Promise.all([callbacks.settle(), roomOf().settle(), callbacks.settle()]);
    const { rows } = await pool.query('select from callbacks where case_id = $1', [
      (await storyOf(callId)).id,
    ]);
    expect(rows).toHaveLength(1);
  });

  it.each<[string, Partial<ToldCall>, object, string]>([
    ['without a trunk', {}, { trunk: '' }, 'no-trunk'],
    ['to another country', { keyed: '00442079460000' }, {}, 'destination-refused'],
  ])('%s stays with the staff, and the case says so', async (_what, told, over, result) => {
    callbacks = roomOf(over);
    const story = await storyOf(await promised(told));
    expect(story).toMatchObject({ state: 'received', callback: { state: 'cancelled', result } });
    expect(story.history.at(-1)).toMatchObject({ kind: 'case.callback-told', data: { result } });
  });

  it('to a number that is listed as a nuisance stays with the staff, until it is off the list', async () => {
    const [caller, former] = [citizen(), citizen()];
    await pool.query(
      `insert into nuisance_numbers (number, reason, actor) values ($1, 'x', 'account:1'), ($2, 'x', 'account:1')`,
      [caller, former],
    );
    await pool.query(
      `update nuisance_numbers set ended_at = clock_timestamp(), ended_by = 'account:1' where number = $1`,
      [former],
    );
    expect(await storyOf(await promised({ caller }))).toMatchObject({
      ...{ state: 'received', callback: { state: 'cancelled', result: 'listed' } },
    });
    expect((await storyOf(await promised({ caller: former }))).callback).toMatchObject({ state: 'pending' });
  });

  it('is made to those who gave up waiting, a little later, where that is wanted', async () => {
    const callId = await promised({ at: 29, ending: 'abandoned' });
    expect((await storyOf(callId)).callback?.dueAt.toISOString()).toBe(minute(39));
    callbacks = roomOf({ callsAbandoned: false });
    expect((await storyOf(await promised({ at: 29, ending: 'abandoned' }))).callback).toBeNull();
  });
});

describe('taking what is due', () => {
  it('begins one attempt each, though two processes take at once', async () => {
    await promised();
    await promised();
    const [one, other] = [exchange(), exchange()];
    await Promise.all([one.take(), other.take()]);
    expect(one.begun.length + other.begun.length).toBe(2);
    await Promise.all([one.take(), other.take()]);
    expect(one.begun.length + other.begun.length).toBe(2);
  });

  it('leaves out a citizen who is on the line', async () => {
    const caller = citizen();
    await promised({ caller });
    const here = entered({
      ...{ callId: uuidv7(), channelId: 'here-1', callbackId: '', number: caller, specialty: '', score: 0 },
    });
    await createLedgerWriter(pool, log).write([here]);
    const { take, begun } = exchange();
    await take();
    expect(begun).toHaveLength(0);
  });

  it('calls a citizen who has asked twice once, and no more when they have talked', async () => {
    const caller = citizen();
    const [first, second] = [await promised({ caller }), await promised({ caller, at: 20 })];
    const [one, other] = [exchange(), exchange()];
    await Promise.all([one.take(), other.take()]);
    const begun = [...one.begun, ...other.begun];
    expect(begun).toMatchObject([{ number: caller, score: Date.parse(minute(-1)) }]);
    await one.take();
    expect([...one.begun, ...other.begun]).toHaveLength(1);
    await talks(begun[0]!);
    // What both looks find before it is settled.
    await one.take();
    expect([...one.begun, ...other.begun]).toHaveLength(1);
    await callbacks.settle();
    expect(await storyOf(first)).toMatchObject({ state: 'closed', callback: { result: 'talked' } });
    const closed = await storyOf(second);
    expect(closed).toMatchObject({ state: 'closed', callback: { state: 'cancelled', result: 'reached' } });
    expect(closed.history.at(-1)).toMatchObject({ data: { callId: begun[0]!.callId } });
  });

  it('does not call them for the second promise right after the first was of no use', async () => {
    const caller = citizen();
    const [first, second] = [await promised({ caller }), await promised({ caller, at: 20 })];
    await tries('callback', 'no-answer');
    const { take, begun } = exchange();
    await take();
    expect(begun).toHaveLength(0);
    const { callback } = await storyOf(first);
    own.setTime(30 + 180);
    await take();
    expect(begun).toMatchObject([{ score: Date.parse(minute(-1)) }]);
    await ends(begun[0]!, 'callback', 'not-needed');
    await callbacks.settle();
    expect(callback).toMatchObject({ attempts: 1 });
    await take();
    expect(begun[1]).toMatchObject({ score: Date.parse(minute(19)) });
    expect((await storyOf(second)).callback).toMatchObject({ state: 'live' });
  });

  it('puts off what is due while it is closed', async () => {
    const callId = await promised();
    own.setTime(12 * 60);
    const { take, begun } = exchange();
    await take();
    expect(begun).toHaveLength(0);
    expect((await storyOf(callId)).callback?.dueAt.toISOString()).toBe(minute(22 * 60));
  });

  it('gives back what a process claimed that died before it began', async () => {
    await promised();
    const dead = exchange();
    await dead.take();
    const heir = exchange();
    await heir.take();
    expect(heir.begun).toHaveLength(0);
    own.setTime(31);
    await heir.take();
    expect(heir.begun).toMatchObject([{ callbackId: dead.begun[0]!.callbackId }]);
  });

  /** An attempt whose process has died, and the one that comes after it. */
  async function inherited() {
    const callId = await promised();
    const dead = exchange();
    await dead.take();
    const one = dead.begun[0]!;
    await createLedgerWriter(pool, log).write([entered(one)]);
    own.setTime(32);
    return { callId, one, heir: exchange() };
  }

  it('writes off an attempt nobody leads any more, and calls again', async () => {
    const { callId, heir } = await inherited();
    await heir.take();
    expect(heir.entries).toEqual([]);
    own.setTime(33);
    await heir.take();
    expect(heir.entries.map(({ kind }) => kind)).toEqual(['callback.tried', 'call.ended']);
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending', attempts: 0, result: 'lost' });
  });

  it('waits for what the exchange tells of a citizen who has left its message service just now', async () => {
    const { callId, one, heir } = await inherited();
    await heir.take();
    await ends(one, 'callback', 'postponed');
    own.setTime(33);
    await heir.take();
    expect(heir.entries).toEqual([]);
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending', result: 'postponed' });
  });

  it('leaves alone whom the exchange’s message service has, and takes nothing from what they leave there', async () => {
    const { callId, one, heir } = await inherited();
    heir.there.add(one.callId);
    await heir.take();
    expect(heir.entries).toEqual([]);
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'live' });
    // Gone, and what the exchange has kept comes only after the look.
    heir.there.clear();
    await heir.take();
    await keeps(one, '09120009999');
    const { rows } = await pool.query('select keyed_number, ending from calls where id = $1', [one.callId]);
    expect(rows).toEqual([{ keyed_number: '09120009999', ending: 'callback' }]);
  });

  it('waits with that as long as entries are under way', async () => {
    await promised();
    await exchange().take();
    own.setTime(32);
    const heir = exchange({ depth: 1 });
    await heir.take();
    expect(heir.begun).toHaveLength(0);
  });

  it('recalls what waits beyond the closing time, or is not wanted any more', async () => {
    const caller = citizen();
    await promised({ caller });
    const { take, begun, recalled } = exchange();
    await take();
    expect(recalled).toEqual([]);
    await tell(pool, { at: 40, ending: 'answered', caller });
    await take();
    expect(recalled).toEqual([begun[0]!.callId]);
  });
});

describe('an attempt that is over', () => {
  it('with a talk closes the case, and is a call of it', async () => {
    const callId = await promised();
    await tries('answered', null, 'resolved');
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'closed', callback: { state: 'done', result: 'talked' } });
    expect(story.calls).toMatchObject([
      { direction: 'inbound' },
      { direction: 'outbound', ending: 'answered' },
    ]);
  });

  it('with a talk that needs a follow-up leaves the case to people', async () => {
    const callId = await promised();
    await tries('answered', null, 'follow-up-needed');
    await own.cases.openDue();
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'received', callback: { state: 'done' } });
    expect(story.history.at(-1)).toMatchObject({ data: { result: 'talked', outcome: 'follow-up-needed' } });
  });

  it.each<[string, number]>([
    ['after its case was closed', 45],
    // Told late: PostgreSQL was away when the expert keyed it.
    ['before its case was closed, and told afterwards', 31.5],
  ])('with a talk whose follow-up was said only %s has the case opened again', async (_when, at) => {
    const callId = await promised();
    own.setTime(32);
    await tries('answered', null);
    const { id, calls, state } = await storyOf(callId);
    expect(state).toBe('closed');
    const stamp = { callId: calls[1]!.id, seq: 9, at: minute(at), actor: 'expert:e001' };
    const data = { code: 'follow-up-needed', note: null, followUp: true, setAt: minute(at) };
    await createLedgerWriter(pool, log).write([{ ...stamp, kind: 'outcome.set', data }]);
    own.setTime(46);
    for (let look = 0; look < 2; look++) {
      await own.cases.openDue();
      await callbacks.settle();
    }
    const story = (await own.cases.find(id))!;
    expect(story).toMatchObject({ state: 'reopen-requested', callback: { state: 'done' } });
    expect(story.history.filter(({ kind }) => kind === 'case.reopen-requested')).toHaveLength(1);
  });

  it('without an answer is followed by others, over days, until it is given up', async () => {
    const callId = await promised();
    await tries('callback', 'no-answer');
    expect((await storyOf(callId)).callback).toMatchObject({
      ...{ state: 'pending', attempts: 1, dueAt: new Date(minute(30 + 180)) },
    });
    own.setTime(30 + 180);
    await tries('callback', 'no-answer');
    const { callback } = await storyOf(callId);
    expect(callback).toMatchObject({ attempts: 2, dueAt: new Date(minute(30 + 180 + 24 * 60)) });
    own.setTime(30 + 180 + 24 * 60);
    expect(given).toEqual([]);
    await tries('callback', 'busy');
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'closed', callback: { state: 'given-up', attempts: 3 } });
    expect(given).toMatchObject([{ caseId: story.id, number: story.number, reference: story.reference }]);
    expect(story.texts.map(({ template }) => template)).toEqual(['case-opened', 'not-reached']);
    await callbacks.settle();
    expect(given).toHaveLength(1);
  });

  it('in vain for who gave up waiting ends with a text, the only one they get', async () => {
    const callId = await promised({ at: 0, ending: 'abandoned' });
    for (const at of [30, 30 + 180, 30 + 180 + 24 * 60]) {
      own.setTime(at);
      await tries('callback', 'no-answer');
    }
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'closed', callback: { state: 'given-up' } });
    expect(story.texts.map(({ template }) => template)).toEqual(['not-reached']);
  });

  it('that the citizen declined withdraws the case', async () => {
    const callId = await promised();
    await tries('callback', 'not-needed');
    expect(await storyOf(callId)).toMatchObject({ state: 'withdrawn', callback: { state: 'declined' } });
  });

  it('as its number is listed by now leaves the case to people, and nobody is called again', async () => {
    const callId = await promised();
    await tries('callback', 'listed');
    await callbacks.settle();
    const story = await storyOf(callId);
    expect(story).toMatchObject({
      ...{ state: 'received', callback: { state: 'cancelled', result: 'listed', attempts: 0 } },
    });
    expect(story.history.at(-1)).toMatchObject({ kind: 'case.callback-told', data: { result: 'listed' } });
  });

  it('makes no new promise of its own', async () => {
    const callId = await promised();
    await tries('failed', null);
    await own.cases.openDue();
    const story = await storyOf(callId);
    expect(story.callback).toMatchObject({ state: 'pending', attempts: 0, result: 'lost' });
    const { rows } = await pool.query('select from promises where call_id = $1', [story.calls[1]!.id]);
    expect(rows).toHaveLength(0);
  });
});

describe('a citizen who is called and would be called at another number', () => {
  const names = async (keyed: string) => {
    const callId = await promised();
    const { take, begun } = exchange();
    await take();
    const [one] = begun;
    const { callId: attempt } = one!;
    const kept = { callId: attempt, seq: 3, at: minute(31), actor: 'system' };
    const number: LedgerEntry = { ...kept, kind: 'number.kept', data: { number: keyed } };
    await createLedgerWriter(pool, log).write([entered(one!), number]);
    await ends(one!, 'callback', 'postponed');
    await callbacks.settle();
    return callId;
  };

  it('is, and the attempt is not counted', async () => {
    const callId = await names('09120009998');
    expect((await storyOf(callId)).callback).toMatchObject({
      ...{ state: 'pending', attempts: 0, result: 'postponed', dueAt: new Date(minute(30 + 120)) },
    });
    own.setTime(30 + 120);
    const { take, begun } = exchange();
    await take();
    expect(begun).toMatchObject([{ number: '+989120009998' }]);
  });

  it('is left to people where that one may not be dialled', async () => {
    const story = await storyOf(await names('00442079460000'));
    expect(story.callback).toMatchObject({ state: 'cancelled', result: 'destination-refused' });
    expect(story.history.at(-1)).toMatchObject({ data: { result: 'destination-refused' } });
  });

  it('stays where they are when it is no number', async () => {
    const story = await storyOf(await names('12'));
    own.setTime(30 + 120);
    const { take, begun } = exchange();
    await take();
    expect(begun).toMatchObject([{ number: story.number }]);
  });
});

describe('a citizen who asks once more', () => {
  it('is called as soon as may be, at the number they name now, though another attempt stood for later', async () => {
    const caller = citizen();
    const callId = await promised({ caller, ending: 'abandoned' });
    own.setTime(31);
    await tries('callback', 'no-answer');
    expect((await storyOf(callId)).callback?.dueAt.toISOString()).toBe(minute(31 + 180));
    own.setTime(40);
    const again = await tell(pool, { at: 39, ending: 'callback', caller });
    await own.cases.openDue();
    const story = await storyOf(again);
    expect(story.calls.map(({ id }) => id)).toContain(callId);
    expect(story.callback).toMatchObject({ state: 'pending', attempts: 0, dueAt: new Date(minute(40)) });
    const { take, begun } = exchange();
    await take();
    expect(begun).toMatchObject([{ number: caller }]);
  });

  it('is called though staff had taken it back', async () => {
    const caller = citizen();
    const callId = await promised({ caller, ending: 'abandoned' });
    const { id } = await storyOf(callId);
    await pool.query("update callbacks set state = 'cancelled', result = 'taken-back' where case_id = $1", [
      id,
    ]);
    await tell(pool, { at: 20, ending: 'callback', caller });
    await own.cases.openDue();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending', result: null });
  });

  it('is called at the number left in the same call, heard of late', async () => {
    const caller = citizen();
    const callId = await promised({ caller, ending: 'abandoned' });
    const kept = { callId, seq: 90, at: minute(20), actor: 'system' };
    await createLedgerWriter(pool, log).write([
      { ...kept, kind: 'number.kept', data: { number: '09125550011' } },
    ]);
    await own.cases.openDue();
    await callbacks.settle();
    const number = '+989125550011';
    expect(await storyOf(callId)).toMatchObject({ number, callback: { state: 'pending' } });
    const { take, begun } = exchange();
    await take();
    expect(begun).toMatchObject([{ number }]);
  });
});

describe('a citizen whom a fault of ours has cut off', () => {
  it.each([true, false])('is not called at once, whether those who gave up are (%s)', async (gaveUp) => {
    callbacks = roomOf({ callsAbandoned: gaveUp });
    const callId = await promised({ at: 29, ending: 'failed' });
    expect((await storyOf(callId)).callback?.dueAt.toISOString()).toBe(minute(39));
  });

  it('is called back, a while later, unless they reach an expert by themselves', async () => {
    const caller = citizen();
    const callId = await promised({ caller, ending: 'failed' });
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending' });
    await tell(pool, { at: 5, ending: 'answered', caller });
    await callbacks.settle();
    expect(await storyOf(callId)).toMatchObject({ state: 'closed', callback: { result: 'reached' } });
  });
});

describe('a callback that staff take back while it is under way', () => {
  const takenBack = async () => {
    const callId = await promised();
    const line = exchange();
    await line.take();
    const story = await storyOf(callId);
    const desk = createCallbackDesk({ ...{ pool, ...own }, ...DIALLED });
    const who = { accountId: uuidv7(), actor: 'account:1', role: 'supervisor' } as const;
    expect(await desk.takeBack(story.id, who, () => true)).toMatchObject({ callback: { state: 'live' } });
    expect(await desk.takeBack(story.id, who, () => true)).toBe('none');
    return { callId, line, one: line.begun[0]! };
  };

  it('is recalled, and not begun anew', async () => {
    const { callId, line, one } = await takenBack();
    await line.take();
    expect(line.recalled).toEqual([one.callId]);
    await ends(one, 'callback', 'recalled');
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'cancelled', result: 'taken-back' });
  });

  it.each([
    ['not-needed', 'withdrawn', { state: 'declined' }],
    ['postponed', 'received', { state: 'pending', result: 'postponed' }],
    ['no-answer', 'received', { state: 'cancelled', result: 'taken-back' }],
  ] as const)('takes what the citizen says all the same: %s', async (result, state, callback) => {
    const { callId, one } = await takenBack();
    await ends(one, 'callback', result);
    await callbacks.settle();
    expect(await storyOf(callId)).toMatchObject({ state, callback });
  });

  it('is none when it never began', async () => {
    const { callId } = await takenBack();
    own.setTime(32);
    await exchange().take();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'cancelled', result: 'taken-back' });
  });
});

describe('a flood of promises of one specialty', () => {
  it('keeps none of another waiting', async () => {
    const flood = Array.from({ length: 55 }, (_, at) => promised({ at: at / 100 }));
    await Promise.all(flood);
    const callId = await promised({ at: 20, specialty: 'finance' });
    const { take, begun } = exchange();
    await take();
    const taken = begun.map(({ specialty }) => specialty);
    expect(taken.filter((specialty) => specialty === 'transport')).toHaveLength(50);
    expect(taken.filter((specialty) => specialty === 'finance')).toHaveLength(1);
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'live' });
    await take();
    expect(begun).toHaveLength(51);
  });
});

describe('a number whose last call has no end', () => {
  it('is called once no call can have lasted so long', async () => {
    const caller = citizen();
    await promised({ caller });
    const open = entriesOfCall({ at: 5, ending: 'abandoned', caller }).slice(0, -1);
    await createLedgerWriter(pool, log).write(open);
    const { take, begun } = exchange();
    await take();
    expect(begun).toEqual([]);
    own.setTime(24 * 60);
    await take();
    expect(begun).toMatchObject([{ number: caller }]);
  });
});

describe('a network that cannot connect', () => {
  it('is no attempt, as long as it connects nobody', async () => {
    const yesterday =
      "update calls set entered_at = entered_at - interval '1 day' where direction = 'outbound'";
    await pool.query(yesterday);
    const callId = await promised();
    await tries('callback', 'unreachable');
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('speaks of this number where another citizen was reached', async () => {
    const reached = await promised();
    const { take, begun } = exchange();
    await take();
    await talks(begun[0]!);
    await callbacks.settle();
    expect((await storyOf(reached)).callback).toMatchObject({ state: 'done' });
    const callId = await promised();
    await tries('callback', 'unreachable');
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending', attempts: 1 });
  });
});

describe('a talk whose wrap-up nobody ends', () => {
  it('settles its callback all the same, an hour later', async () => {
    const callId = await promised();
    const { take, begun } = exchange();
    await take();
    const [one] = begun;
    await ends(one!, 'answered', null);
    await pool.query("update calls set state = 'wrap-up' where id = $1", [one!.callId]);
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'live' });
    own.setTime(31 + 61);
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'done' });
  });
});

describe('one promise that PostgreSQL refuses', () => {
  it('keeps no other from being settled', async () => {
    const refused = await tell(pool, { at: 0, ending: 'callback', caller: citizen() });
    await own.cases.openDue();
    const { id } = await storyOf(refused);
    await pool.query(`alter table callbacks add constraint refused check (case_id <> '${id}')`);
    const callId = await promised();
    await pool.query('alter table callbacks drop constraint refused');
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending' });
    await callbacks.settle();
    expect((await storyOf(refused)).callback).toMatchObject({ state: 'pending' });
  });
});

describe('a promise that is not needed any more', () => {
  it('as the citizen has reached an expert, is dropped with its case', async () => {
    const caller = citizen();
    const callId = await promised({ caller });
    const reached = await tell(pool, { at: 40, ending: 'answered', caller });
    own.setTime(41);
    await callbacks.settle();
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'closed', callback: { state: 'cancelled', result: 'reached' } });
    expect(story.history.at(-1)).toMatchObject({ data: { reason: 'reached-expert', callId: reached } });
  });

  it('as the citizen has reached an expert who owes them more, is dropped, and its case is open', async () => {
    const caller = citizen();
    const callId = await promised({ caller, ending: 'abandoned' });
    const outcome = { code: 'follow-up-needed', followUp: false };
    const reached = await tell(pool, { at: 40, ending: 'answered', caller, outcome });
    own.setTime(41);
    await own.cases.openDue();
    await callbacks.settle();
    await own.cases.openDue();
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'reopen-requested', callback: { result: 'reached' } });
    expect(story.history.at(-1)).toMatchObject({ data: { reason: 'follow-up', callId: reached } });
  });

  it('as an expert was reached before it was written down, is dropped', async () => {
    const caller = citizen();
    const callId = await tell(pool, { at: 0, ending: 'callback', caller });
    await own.cases.openDue();
    await tell(pool, { at: 10, ending: 'answered', caller });
    await callbacks.settle();
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'cancelled', result: 'reached' });
  });

  const served = { at: 20, ending: 'answered', keyed: '09120007777' } as const;
  it('as whoever left a number stayed and has talked in the same call, is none', async () => {
    const callId = await promised(served);
    const story = await storyOf(callId);
    expect(story).toMatchObject({ state: 'closed', callback: { state: 'cancelled', result: 'reached' } });
    expect(story.history.at(-1)).toMatchObject({ data: { reason: 'reached-expert', callId } });
  });

  it('as they talked, but something is to be done yet, leaves the case to people', async () => {
    const outcome = { code: 'follow-up-needed', followUp: true };
    const story = await storyOf(await promised({ ...served, outcome }));
    expect(story).toMatchObject({ state: 'received', callback: { state: 'cancelled', result: 'reached' } });
    expect(story.history.at(-1)).toMatchObject({ data: { result: 'reached', outcome: outcome.code } });
  });

  it('as its case was closed, is dropped', async () => {
    const callId = await promised();
    const { id } = await storyOf(callId);
    await pool.query("update cases set state = 'answered' where id = $1", [id]);
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'cancelled', result: 'case-over' });
  });

  it('as its specialty’s expert was reached in another one, stands', async () => {
    const caller = citizen();
    const callId = await promised({ caller });
    await tell(pool, { at: 40, ending: 'answered', caller, specialty: 'finance' });
    await callbacks.settle();
    expect((await storyOf(callId)).callback).toMatchObject({ state: 'pending' });
  });
});

it('the next due time is told, for the alarm', async () => {
  await promised();
  await tries('callback', 'no-answer');
  expect((await callbacks.settle())?.getTime()).toBe(TEN + 30 * 60_000 + 3 * HOUR_MS);
});
