import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { query, queryOne, type Queryable } from '../platform/sql.ts';
import type { Rule } from './rules.ts';

/** The rows of what was erased, and of what is due. */

export interface Report {
  rule: Rule;
  days: number;
  /** What was older than this. */
  before: Date;
  at: Date;
  /** Of each kind of thing, how many. */
  counts: Readonly<Record<string, number>>;
  /** Ids of what was erased, nothing of it. */
  subjects: readonly string[];
  /** How much of it was found when it was looked for afterwards. */
  remaining: number;
}

export interface ReportRow extends Report {
  id: string;
  previous: string | null;
  checksum: string;
  /** The checksum of the report that stands before it. */
  before_it: string | null;
}

type Id = { id: string };
type Row = Record<string, unknown>;

/** Over what it says and over the one before: neither can be changed, nor one left out, without the others showing it. */
export function checksumOf(report: Report, previous: string | null): string {
  const { rule, days, before, at, counts, subjects, remaining } = report;
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  const told = [previous, rule, days, before.toISOString(), at.toISOString(), sorted, subjects, remaining];
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}

export const isIntact = (row: ReportRow): boolean =>
  row.previous === row.before_it && row.checksum === checksumOf(row, row.previous);

/** In a transaction: says that it erases, and waits until no other does. */
export const beginErasure = (db: ClientBase) => query(db, 'recordings/begin-erasure');

/** @returns its id */
export async function addReport(db: ClientBase, report: Report): Promise<string> {
  const { rule, days, before, at, counts, subjects, remaining } = report;
  const last = await queryOne<{ checksum: string }>(db, 'recordings/last-erasure');
  const previous = last?.checksum ?? null;
  const row = await queryOne<Id>(db, 'recordings/add-erasure', [
    ...[rule, days, before, at, JSON.stringify(counts), subjects, remaining],
    ...[previous, checksumOf(report, previous)],
  ]);
  return row?.id ?? '';
}

export const listReports = (
  db: Queryable,
  before: string | null,
  span: { from: Date | null; to: Date | null },
  limit: number,
) => query<ReportRow & Row>(db, 'recordings/list-erasures', [before, span.from, span.to, limit]);

export interface DueRecording {
  id: string;
  path: string;
}

export const dueRecordings = (db: ClientBase, kinds: readonly string[], before: Date, limit: number) =>
  query<DueRecording & Row>(db, 'recordings/due-recordings', [kinds, before, limit]);

export const markErased = (db: ClientBase, ids: readonly string[], at: Date, erasureId: string) =>
  query(db, 'recordings/mark-erased', [ids, at, erasureId]);

/** What loses its numbers or its notes: how it is found, emptied, and looked at once more. */
export interface Emptied {
  what: 'calls' | 'cases' | 'nuisanceNumbers';
  due(db: ClientBase, before: Date, limit: number): Promise<string[]>;
  empty(db: ClientBase, ids: readonly string[], before: Date, at: Date): Promise<void>;
  remaining(db: ClientBase, ids: readonly string[], before: Date): Promise<number>;
}

const idsOf = async (rows: Promise<Id[]>): Promise<string[]> => (await rows).map(({ id }) => id);
const countOf = async (row: Promise<{ count: number } | null>): Promise<number> => (await row)?.count ?? 0;

const callNumbers: Emptied = {
  what: 'calls',
  due: (db, before, limit) => idsOf(query<Id>(db, 'recordings/due-call-numbers', [before, limit])),
  empty: async (db, ids, _before, at) => {
    await query(db, 'recordings/erase-entry-numbers', [ids]);
    await query(db, 'recordings/erase-call-numbers', [ids, at]);
    await query(db, 'recordings/erase-promise-numbers', [ids]);
  },
  remaining: (db, ids) => countOf(queryOne(db, 'recordings/remaining-call-numbers', [ids])),
};

const caseNumbers: Emptied = {
  what: 'cases',
  due: (db, before, limit) => idsOf(query<Id>(db, 'recordings/due-case-numbers', [before, limit])),
  empty: async (db, ids, _before, at) => {
    await query(db, 'recordings/erase-case-numbers', [ids, at]);
    await query(db, 'recordings/erase-case-entry-numbers', [ids]);
    await query(db, 'recordings/erase-callback-numbers', [ids]);
  },
  remaining: (db, ids) => countOf(queryOne(db, 'recordings/remaining-case-numbers', [ids])),
};

/** With the reason, in which somebody may be spoken of. */
const nuisanceNumbers: Emptied = {
  what: 'nuisanceNumbers',
  due: (db, before, limit) => idsOf(query<Id>(db, 'recordings/due-nuisance-numbers', [before, limit])),
  empty: async (db, ids, _before, at) => {
    await query(db, 'recordings/erase-nuisance-numbers', [ids, at]);
  },
  remaining: (db, ids) => countOf(queryOne(db, 'recordings/remaining-nuisance-numbers', [ids])),
};

const callNotes: Emptied = {
  what: 'calls',
  due: (db, before, limit) => idsOf(query<Id>(db, 'recordings/due-call-notes', [before, limit])),
  empty: async (db, ids, before, at) => {
    await query(db, 'recordings/erase-outcome-notes', [ids, before, at]);
    await query(db, 'recordings/erase-entry-notes', [ids, before]);
  },
  remaining: (db, ids, before) => countOf(queryOne(db, 'recordings/remaining-call-notes', [ids, before])),
};

const caseNotes: Emptied = {
  what: 'cases',
  due: (db, before, limit) => idsOf(query<Id>(db, 'recordings/due-case-notes', [before, limit])),
  empty: async (db, ids, _before, at) => {
    await query(db, 'recordings/erase-case-notes', [ids]);
    await query(db, 'recordings/mark-case-notes-erased', [ids, at]);
  },
  remaining: (db, ids) => countOf(queryOne(db, 'recordings/remaining-case-notes', [ids])),
};

/** Calls before their cases: see due-case-numbers. */
export const EMPTIED: Readonly<Record<'numbers' | 'notes', readonly Emptied[]>> = {
  numbers: [callNumbers, caseNumbers, nuisanceNumbers],
  notes: [callNotes, caseNotes],
};

/** @returns how many entries the ledger had refused were emptied */
export const eraseRejects = async (db: ClientBase, before: Date): Promise<number> =>
  (await query(db, 'recordings/erase-reject-numbers', [before])).length;
