import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { callRoutes } from '../../src/calls/routes.ts';
import { createLedgerWriter } from '../../src/calls/ledger-writer.ts';
import type { LedgerEntry, LedgerFact } from '../../src/calls/ledger.ts';
import { casesOn, TEN, type TestCases } from '../support/cases.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog } from '../support/silent-log.ts';
import { addExpert, problemIn } from '../support/web.ts';

/** Who calls again: what the expert sees of it, and how often one talk was enough. */

const DAY = 86_400_000;
let web: RoomsWeb;
let pool: Pool;
let own: TestCases;
let now = TEN;
let citizens = 0;
const experts: Record<'ali' | 'zahra', string> = { ali: '', zahra: '' };
const clock = { now: () => now, monotonic: () => now };

beforeAll(async () => {
  web = await startRoomsWeb(async (stores) => {
    pool = stores.pool;
    own = await casesOn(pool);
    return [callRoutes({ pool, clock })];
  });
  for (const name of ['ali', 'zahra'] as const) experts[name] = await addExpert(pool, name);
});
afterAll(async () => {
  await own.hours.close();
  await web.close();
});

const citizen = () => `+98917${String(++citizens).padStart(7, '0')}`;

interface Told {
  caller: string | null;
  /** ms since the epoch: the call begins; it is answered a minute later and over after five. */
  at: number;
  specialty?: string;
  expert?: 'ali' | 'zahra' | null;
  note?: string;
  /** How far it has come. */
  until?: 'talking' | 'wrap-up' | 'ended';
}

async function call({ caller, at, specialty = 'transport', expert = 'ali', note, until = 'ended' }: Told) {
  const callId = uuidv7({ msecs: at });
  const iso = (minutes: number) => new Date(at + minutes * 60_000).toISOString();
  const expertId = expert === null ? '' : experts[expert];
  const facts: LedgerFact[] = [
    {
      kind: 'call.entered',
      data: {
        ...{ direction: 'inbound', asteriskId: 'test', channelId: callId, sipCallId: null, entry: 'menu' },
        ...{ callerReceived: caller ?? '', caller, callerReason: caller === null ? 'withheld' : null },
        enteredAt: iso(0),
      },
    },
    { kind: 'call.queued', data: { specialty, queuedAt: iso(0), score: at, position: 1 } },
  ];
  if (expert !== null)
    facts.push({ kind: 'call.answered', data: { offerId: `${callId}-1`, expertId, answeredAt: iso(1) } });
  if (until !== 'talking') {
    if (expert !== null)
      facts.push({
        ...{ kind: 'segment.ended', data: { expertId, startedAt: iso(1), endedAt: iso(5), by: 'citizen' } },
      });
    const ending = expert === null ? 'abandoned' : 'answered';
    const over = { ending, endedAt: iso(5), state: 'talking', cause: 16, note: null } as const;
    facts.push({ kind: 'call.ended', data: over });
    if (until === 'ended' && expert !== null)
      facts.push({ kind: 'wrap-up.ended', data: { expertId, endedAt: iso(6) } });
  }
  if (note !== undefined)
    facts.push({ kind: 'outcome.set', data: { code: 'resolved', note, followUp: false, setAt: iso(5) } });
  const entries: LedgerEntry[] = facts.map((fact, index) => {
    return { ...fact, callId, seq: index + 1, at: iso(0), actor: 'system' };
  });
  await createLedgerWriter(pool, silentLog).write(entries);
  return callId;
}

interface History {
  caller: string | null;
  calls: { id: string; ending: string | null; expertName: string | null; outcome: { note: string } | null }[];
  cases: { reference: string; state: string }[];
}
const asExpert = (who: 'ali' | 'zahra', id: string) =>
  web.as('expert', { method: 'GET', path: `/calls/${id}/history` }, experts[who]);
const asSupervisor = (id: string) => web.as('supervisor', { method: 'GET', path: `/calls/${id}/history` });

describe('the history of a citizen', () => {
  it('shows the expert on the line every earlier call and case of the number, the newest first', async () => {
    const caller = citizen();
    const first = await call({ caller, at: TEN - 9 * DAY, note: 'پروانه لازم است', expert: 'zahra' });
    const second = await call({ caller, at: TEN - DAY, expert: null, specialty: 'finance' });
    await call({ caller: citizen(), at: TEN - DAY });
    own.setTime(0);
    await own.cases.openDue();
    const live = await call({ caller, at: TEN, until: 'talking' });
    const later = await call({ caller, at: TEN + DAY });
    const response = await asExpert('ali', live);
    expect(response.statusCode).toBe(200);
    const history = response.json<History>();
    expect(history.calls).toMatchObject([
      { id: second, ending: 'abandoned', specialty: 'finance', expertName: null, outcome: null },
      { id: first, ending: 'answered', expertId: experts.zahra, expertName: 'zahra', talkSeconds: 240 },
    ]);
    expect(history.calls[1]!.outcome).toMatchObject({ code: 'resolved', note: 'پروانه لازم است' });
    expect(history.cases).toMatchObject([{ reason: 'abandoned', state: 'received', specialty: 'finance' }]);
    expect(history.caller).toMatch(/^\+98\*{8}\d\d$/);
    expect(response.body).not.toContain(caller.slice(1));
    expect((await asSupervisor(later)).json<History>()).toMatchObject({
      caller,
      calls: [{ id: live }, {}, {}],
    });
  });

  it('is the expert’s as long as talk and wrap-up last, and no other expert’s', async () => {
    const caller = citizen();
    const talking = await call({ caller, at: TEN, until: 'talking' });
    const wrapUp = await call({ caller, at: TEN + 1000, until: 'wrap-up' });
    const over = await call({ caller, at: TEN + 2000 });
    expect((await asExpert('ali', talking)).statusCode).toBe(200);
    expect((await asExpert('ali', wrapUp)).statusCode).toBe(200);
    expect(problemIn(await asExpert('ali', over))).toMatchObject({ status: 403, code: 'talk-over' });
    const [theirs, none] = [await asExpert('zahra', talking), await asExpert('zahra', uuidv7())].map(
      problemIn,
    );
    expect({ ...theirs, instance: '' }).toEqual({ ...none, instance: '' });
    expect(theirs).toMatchObject({ status: 403, code: 'not-yours' });
    expect((await asSupervisor(over)).statusCode).toBe(200);
    expect(problemIn(await asSupervisor(uuidv7()))).toMatchObject({ status: 404, code: 'call-not-found' });
    for (const role of ['reviewer', 'auditor', 'editor'] as const) {
      const response = await web.as(role, { method: 'GET', path: `/calls/${over}/history` });
      expect(problemIn(response).code).toBe('role-insufficient');
    }
  });

  it('is nobody’s where the number was withheld', async () => {
    await call({ caller: null, at: TEN - DAY });
    const live = await call({ caller: null, at: TEN, until: 'talking' });
    expect((await asExpert('ali', live)).json()).toEqual({
      callId: live,
      caller: null,
      calls: [],
      cases: [],
    });
  });
});

describe('first-contact resolution', () => {
  const START = Date.parse('2026-06-01T00:00:00+03:30');
  const at = (day: number) => START + day * DAY;
  const span = `from=${new Date(at(0)).toISOString()}&to=${new Date(at(30)).toISOString()}`;
  interface Counts {
    specialty: string;
    resolved: number;
    repeated: number;
    undecided: number;
    withoutNumber: number;
    share: number | null;
  }
  interface Answer {
    definition: string;
    days: number;
    total: Counts;
    items: Counts[];
  }
  const read = async (query = ''): Promise<Answer> => {
    const path = `/reports/first-contact?${span}${query}`;
    const response = await web.as('auditor', { method: 'GET', path });
    if (response.statusCode !== 200) throw new Error(response.body);
    return response.json<Answer>();
  };
  const of = ({ items }: Answer, specialty: string) => items.find((one) => one.specialty === specialty)!;

  beforeAll(async () => {
    const finance = { specialty: 'finance' };
    const [once, again, gaveUpAgain, elsewhere, muchLater, triedFirst] = Array.from({ length: 6 }, citizen);
    // Settled by one talk.
    await call({ caller: once!, at: at(1), ...finance });
    // Called again on the sixth day: one concern, repeated; the second talk begins none.
    await call({ caller: again!, at: at(1), ...finance });
    await call({ caller: again!, at: at(6), ...finance });
    // A call that nobody answers says as well that it was not settled.
    await call({ caller: gaveUpAgain!, at: at(2), ...finance });
    await call({ caller: gaveUpAgain!, at: at(3), ...finance, expert: null });
    // Another specialty is another concern.
    await call({ caller: elsewhere!, at: at(2), ...finance });
    await call({ caller: elsewhere!, at: at(3), specialty: 'urban-planning' });
    // After the days it is a new concern: both settled.
    await call({ caller: muchLater!, at: at(1), ...finance });
    await call({ caller: muchLater!, at: at(10), ...finance });
    // Who gave up first and then reached somebody had one talk.
    await call({ caller: triedFirst!, at: at(4), ...finance, expert: null });
    await call({ caller: triedFirst!, at: at(4) + 600_000, ...finance });
    await call({ caller: null, at: at(5), ...finance });
  });

  it('is the share of concerns that one talk has settled, by specialty', async () => {
    now = at(60);
    const report = await read();
    expect(of(report, 'finance')).toEqual({
      ...{ specialty: 'finance', resolved: 5, repeated: 2, undecided: 0, withoutNumber: 1, share: 5 / 7 },
    });
    expect(of(report, 'urban-planning')).toMatchObject({ resolved: 1, repeated: 0, share: 1 });
    expect(of(report, 'transport')).toMatchObject({ resolved: 0, repeated: 0, share: null });
    expect(report.total).toMatchObject({ resolved: 6, repeated: 2, share: 0.75, withoutNumber: 1 });
    expect(report).toMatchObject({ days: 7 });
    expect(report.definition).toMatch(/concern/);
  });

  it('goes by as many days as wanted', async () => {
    now = at(60);
    expect(of(await read('&days=4'), 'finance')).toMatchObject({ resolved: 7, repeated: 1 });
    expect(of(await read('&days=30'), 'finance')).toMatchObject({ resolved: 3, repeated: 3 });
    const response = await web.as('auditor', {
      method: 'GET',
      path: `/reports/first-contact?${span}&days=0`,
    });
    expect(problemIn(response).status).toBe(400);
  });

  it('leaves undecided what may still be repeated', async () => {
    now = at(10.5);
    // Of the tenth day one, of the fourth another: seven days after both are not over.
    expect(of(await read(), 'finance')).toMatchObject({ resolved: 3, repeated: 2, undecided: 2, share: 0.6 });
  });

  it('comes as a table, and is no matter of experts', async () => {
    now = at(60);
    const csv = await web.as('supervisor', {
      method: 'GET',
      path: `/reports/first-contact?${span}&format=csv`,
    });
    expect(csv.body).toContain('specialty,resolved,repeated,undecided,withoutNumber,share\r\n');
    expect(csv.body).toContain('urban-planning,1,0,0,0,1\r\n');
    const refused = await web.as('expert', { method: 'GET', path: '/reports/first-contact' }, experts.ali);
    expect(problemIn(refused).status).toBe(403);
  });
});
