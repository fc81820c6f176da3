import type { Queryable } from '../platform/sql.ts';
import { sendText } from '../sms/service.ts';

/** A citizen who was called as often as was promised and did not answer. */
export interface GivenUp {
  caseId: string;
  /** The case's. Who gave up waiting hears it here for the first time. */
  reference: string;
  /** The last attempt. */
  callId: string;
  /** E.164. */
  number: string;
  at: Date;
}

/** The one place where such a citizen is written to: that we have called, and how to reach us. db: with the transaction open. */
export async function tellGivenUp(db: Queryable, given: GivenUp): Promise<void> {
  const { reference, ...about } = given;
  await sendText(db, { ...about, template: 'not-reached', parameters: { reference } });
}
