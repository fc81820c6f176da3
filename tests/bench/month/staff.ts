import type { Pool } from 'pg';
import type { Cases, Who } from '../../../src/cases/service.ts';
import type { Chance } from '../../support/random.ts';

/** Those who see to what callbacks cannot keep: messages, faults, follow-ups. Some is left until it is escalated. */

const SUPERVISOR: Who = {
  accountId: '00000000-0000-7000-8000-000000000001',
  actor: 'account:month',
  role: 'supervisor',
};
const AN_HOUR = 40;
const LEFT_LYING = 6;

interface Open {
  id: string;
  state: string;
  escalated: boolean;
}

export function createStaff({ pool, cases, chance }: { pool: Pool; cases: Cases; chance: Chance }) {
  /** An hour's work. @returns how many cases were answered */
  return async (): Promise<number> => {
    const { rows } = await pool.query<Open>(
      `select c.id, c.state,
         exists (select from case_clocks k where k.case_id = c.id and k.escalated_at is not null) as escalated
       from cases c
       where c.state in ('received', 'triaged', 'assigned', 'reopened', 'reopen-requested')
         and not exists (
           select from callbacks b where b.case_id = c.id and b.state in ('pending', 'live')
         )
       order by c.opened_at limit $1`,
      [AN_HOUR],
    );
    let answered = 0;
    for (const { id, escalated } of rows) {
      if (!escalated && chance.percent(LEFT_LYING)) continue;
      const act = { citizenAt: null, note: 'پاسخ داده شد.' };
      const told = await cases.act(id, { ...act, action: 'answer' }, SUPERVISOR, () => true);
      if (typeof told === 'string') throw new Error(`${id} cannot be answered: ${told}`);
      await cases.act(id, { ...act, action: 'close' }, SUPERVISOR, () => true);
      answered += 1;
    }
    return answered;
  };
}
