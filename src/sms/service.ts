import { v7 as uuidv7 } from 'uuid';
import type { Queryable } from '../platform/sql.ts';
import { isMobile, MOST_A_DAY } from './rules.ts';
import { insertText, lockMatter, textsOf, type TextRow } from './store.ts';
import { TEMPLATES, type Parameters, type TemplateKey } from './templates.ts';

/** What the room does for others: a text is asked for by a row, in the transaction of what it tells of. */

export interface TextWanted {
  template: TemplateKey;
  /** E.164; null: nobody can be reached. */
  number: string | null;
  parameters: Parameters;
  caseId: string | null;
  callId?: string | null;
  /** Now, by the caller's clock. */
  at: Date;
  /** When the citizen's own call ended that it answers: it goes out at night too, as long as they wait for it. */
  answersAt?: Date | null;
}

/** `no-mobile`: that telephone gets no texts. `said`: the same was said within the hour, or enough within the day. */
export type Asked = 'queued' | 'no-mobile' | 'said';

const HOUR_MS = 3_600_000;

/** The role `jobs` sends it as soon as the transaction is through. db: with the transaction open. */
export async function sendText(db: Queryable, wanted: TextWanted): Promise<Asked> {
  const { template, number, parameters, caseId, callId = null, at, answersAt = null } = wanted;
  if (number === null || !isMobile(number)) return 'no-mobile';
  await lockMatter(db, caseId ?? number);
  const text = { id: uuidv7(), number, template, parameters, caseId, callId, at, answersAt };
  const templates = [template, ...TEMPLATES[template].saidBy];
  const since = new Date(at.getTime() - HOUR_MS);
  const isNew = await insertText(db, text, { templates, since, mostADay: MOST_A_DAY });
  return isNew ? 'queued' : 'said';
}

/** Every text of a case, oldest first. */
export const textsOfCase = (db: Queryable, caseId: string): Promise<TextRow[]> => textsOf(db, caseId);
export { TEXT_STATES, type TextRow } from './store.ts';
