import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { findCall } from '../../src/calls/store.ts';
import { readReference } from '../../src/cases/reference.ts';
import { createReferences, type References } from '../../src/cases/references.ts';
import type { CaseStory } from '../../src/cases/service.ts';
import { createPool } from '../../src/platform/pool.ts';
import { casesOn, tell, TEN, type TestCases, type ToldCall } from '../support/cases.ts';
import { createTestDatabase } from '../support/database.ts';
import { silentLog as log } from '../support/silent-log.ts';

/** A reference told on the telephone leads to the case that is made of the call afterwards, whichever that is. */

let pool: Pool;
let own: TestCases;
let references: References;
let citizens = 0;
const citizen = () => `+98916${String(++citizens).padStart(7, '0')}`;

beforeAll(async () => {
  pool = createPool(await createTestDatabase(), log);
  own = await casesOn(pool);
  own.setTime(30);
  references = createReferences({ pool, log });
});
afterAll(async () => {
  await own.hours.close();
  await pool.end();
});

async function after(told: Omit<ToldCall, 'at'>): Promise<CaseStory> {
  const id = await tell(pool, { at: 0, ...told });
  await own.cases.openDue();
  return (await own.cases.find((await findCall(pool, id))!.caseId!))!;
}
const found = async (reference: string) =>
  (await own.cases.list({ after: null, limit: 10, reference })).map(({ id }) => id);
const texted = async (caseId: string) => {
  const { rows } = await pool.query<{ parameters: { reference: string } }>(
    `select parameters from text_messages where case_id = $1 and template = 'case-opened' order by created_at`,
    [caseId],
  );
  return rows.map(({ parameters }) => parameters.reference);
};

describe('told in a call', () => {
  test('it is the same as often as it is asked for, and that of the case which the call opens', async () => {
    const id = uuidv7();
    const told = await references.of(id);
    expect(readReference(told!)).toBe(told);
    expect(await references.of(id)).toBe(told);
    const story = await after({ id, caller: citizen(), ending: 'callback', keyed: '09161112233' });
    expect(story).toMatchObject({ reference: told, calls: [{ id, reference: told }] });
    expect(await texted(story.id)).toEqual([told]);
    expect(await references.of(id)).toBe(told);
  });

  test('it leads to the case of another reference which the call joins, and is the one that is texted', async () => {
    const caller = citizen();
    const first = await after({ caller, ending: 'abandoned' });
    const id = uuidv7();
    const told = await references.of(id);
    expect(await found(told!)).toEqual([]);
    const joined = await after({ id, caller, ending: 'voicemail', message: true });
    expect(joined).toMatchObject({ id: first.id, reference: first.reference });
    expect(joined.calls.map(({ reference }) => reference)).toEqual([first.reference, told]);
    expect(told).not.toBe(first.reference);
    expect(await found(told!)).toEqual([first.id]);
    expect(await found(first.reference)).toEqual([first.id]);
    expect(await texted(first.id)).toEqual([told]);
  });

  test('a call whose case is known, or that calls its citizen back, is told of that case', async () => {
    const id = uuidv7();
    const story = await after({ id, caller: citizen(), ending: 'failed' });
    expect(await references.of(id)).toBe(story.reference);
    const attempt = uuidv7();
    await pool.query(
      `insert into callbacks (id, case_id, number, specialty, place_at, state, due_at, call_id)
       values ($1, $2, $3, 'transport', now(), 'done', now(), $4)`,
      [uuidv7(), story.id, story.number, attempt],
    );
    expect(await references.of(attempt)).toBe(story.reference);
  });

  test('asked for while the case is opened there is but one', async () => {
    const ids = Array.from({ length: 20 }, () => uuidv7());
    for (const id of ids) await tell(pool, { id, at: 0, caller: citizen(), ending: 'failed' });
    const [told] = await Promise.all([Promise.all(ids.map((id) => references.of(id))), own.cases.openDue()]);
    const stories = await Promise.all(
      ids.map(async (id) => (await own.cases.find((await findCall(pool, id))!.caseId!))!.reference),
    );
    // On a busy machine some are not told in time, and so not told at all.
    const inTime = told.flatMap((reference, at) => (reference === null ? [] : [[reference, stories[at]]]));
    expect(inTime.length).toBeGreaterThan(0);
    for (const [reference, story] of inTime) expect(reference).toBe(story);
  });
});

test('a reference that came to nothing is free again after a month; one that leads somewhere stays', async () => {
  const id = uuidv7();
  const used = await references.of(id);
  await after({ id, caller: citizen(), ending: 'failed' });
  const idle = await references.of(uuidv7());
  const left = async () => {
    const { rows } = await pool.query<{ reference: string }>(
      'select reference from case_references where reference = any ($1) order by 1',
      [[used, idle]],
    );
    return rows.map(({ reference }) => reference);
  };
  await pool.query('update case_references set made_at = $1', [new Date(TEN)]);
  own.setTime(60 * 24 * 29);
  expect(await own.cases.purgeReferences()).toBe(0);
  expect(await left()).toEqual([used, idle].toSorted());
  own.setTime(60 * 24 * 31);
  expect(await own.cases.purgeReferences()).toBeGreaterThan(0);
  expect(await left()).toEqual([used]);
});

test('a database that is held or gone tells none, and keeps nobody waiting', async () => {
  const holder = await pool.connect();
  await holder.query('begin; lock table case_references in access exclusive mode');
  const id = uuidv7();
  expect(await references.of(id)).toBeNull();
  await holder.query('rollback');
  holder.release();
  expect(await references.of(id)).not.toBeNull();
  const gone = createPool('postgresql://nobody@127.0.0.1:1/none', log);
  expect(await createReferences({ pool: gone, log }).of(id)).toBeNull();
  await gone.end();
});
