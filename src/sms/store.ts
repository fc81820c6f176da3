import { query, queryOne, type Queryable } from '../platform/sql.ts';

/** The rows of text messages. */

export const TEXT_STATES = ['queued', 'sent', 'kept', 'failed', 'undeliverable'] as const;
export type TextState = (typeof TEXT_STATES)[number];

export interface TextRow {
  id: string;
  /** null: erased with the case's. */
  number: string | null;
  template: string;
  parameters: Record<string, unknown>;
  caseId: string | null;
  callId: string | null;
  state: TextState;
  createdAt: Date;
  dueAt: Date;
  attempts: number;
  body: string | null;
  reason: string | null;
  sentAt: Date | null;
  /** When the citizen's own call ended that it answers; null: it answers none. */
  answersAt: Date | null;
}

type Row = Record<string, unknown>;

export interface NewText {
  id: string;
  number: string;
  template: string;
  parameters: object;
  caseId: string | null;
  callId: string | null;
  at: Date;
  answersAt: Date | null;
}

/** Until the transaction ends nobody else says anything about the same matter. */
export const lockMatter = (db: Queryable, key: string) => query(db, 'sms/lock-matter', [key]);

/** False where one of the templates was said about the same matter since then, or `mostADay` to the number. */
export async function insertText(
  db: Queryable,
  text: NewText,
  { templates, since, mostADay }: { templates: readonly string[]; since: Date; mostADay: number },
): Promise<boolean> {
  const { id, number, template, parameters, caseId, callId, at, answersAt } = text;
  const values = [id, number, template, JSON.stringify(parameters), caseId, callId, at];
  return (await queryOne(db, 'sms/insert-text', [...values, templates, since, mostADay, answersAt])) !== null;
}

export const findText = (db: Queryable, id: string) => queryOne<TextRow & Row>(db, 'sms/find-text', [id]);

export const textsOf = (db: Queryable, caseId: string) =>
  query<TextRow & Row>(db, 'sms/texts-of-case', [caseId]);

/** Oldest first. */
export const dueTexts = async (db: Queryable, now: Date, limit: number): Promise<string[]> =>
  (await query<{ id: string }>(db, 'sms/due-texts', [now, limit])).map(({ id }) => id);

/**
 * Takes a message in hand. inDoubt: somebody had it in hand before and never said what came of it.
 * @returns null: it is no longer queued, or in somebody's hand.
 */
export const holdText = (db: Queryable, id: string, now: Date, until: Date) =>
  queryOne<{ attempts: number; inDoubt: boolean }>(db, 'sms/hold-text', [id, now, until]);

export const deferText = (db: Queryable, id: string, until: Date) => query(db, 'sms/defer-text', [id, until]);

export interface Settlement {
  state: TextState;
  body: string | null;
  driver: string | null;
  providerId: string | null;
  reason: string | null;
  sentAt: Date | null;
  /** Kept: nobody knows whether the gateway has it. */
  heldUntil: Date | null;
}

export async function settleText(db: Queryable, id: string, came: Settlement): Promise<void> {
  const { state, body, driver, providerId, reason, sentAt, heldUntil } = came;
  await query(db, 'sms/settle-text', [id, state, body, driver, providerId, reason, sentAt, heldUntil]);
}

export interface TextFigures {
  queued: number;
  /** Of those that are due; null: none is. */
  oldestDueAt: Date | null;
}

export async function readTextFigures(db: Queryable, now: Date): Promise<TextFigures> {
  const row = await queryOne<TextFigures & Row>(db, 'sms/figures', [now]);
  return row ?? { queued: 0, oldestDueAt: null };
}

export interface TextCount {
  template: string;
  state: TextState;
  texts: number;
}

/** By template and state. Bounds: when it was asked for. */
export const countTexts = (db: Queryable, from: Date | null, to: Date | null) =>
  query<TextCount & Row>(db, 'sms/count-texts', [from, to]);
