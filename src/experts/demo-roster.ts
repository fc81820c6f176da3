import type { Pool } from 'pg';
import { query, queryOne, transaction } from '../platform/sql.ts';
import type { Skill } from './rules.ts';
import { putPresence, putSkills } from './store.ts';

/** The experts a trial installation begins with. Invented people. */

const FIRST_NAMES = ['مریم', 'علی', 'زهرا', 'رضا', 'فاطمه', 'حسین', 'نرگس', 'امیر', 'لیلا', 'محمد'];
const LAST_NAMES = ['احمدی', 'کریمی', 'رضایی', 'موسوی', 'جعفری', 'صادقی', 'نوری', 'شریفی', 'قاسمی', 'رستمی'];
const SPECIALTIES = ['urban-planning', 'transport', 'urban-services', 'finance'] as const;
const ACTOR = 'system';

export interface DemoExpert {
  id: string;
  name: string;
  skills: Skill[];
}

/** The number-th expert, from 1: one skill each in turn, every third one a second, weaker one. */
export function demoExpert(number: number): DemoExpert {
  const index = number - 1;
  const last = LAST_NAMES[(index + Math.floor(index / FIRST_NAMES.length)) % LAST_NAMES.length];
  const name = `${FIRST_NAMES[index % FIRST_NAMES.length]} ${last}`;
  const skill = (offset: number, level: number): Skill => {
    return { specialty: SPECIALTIES[(index + offset) % SPECIALTIES.length] ?? SPECIALTIES[0], level };
  };
  const skills = number % 3 === 0 ? [skill(0, 5), skill(1, 3)] : [skill(0, 5)];
  return { id: `e${String(number).padStart(3, '0')}`, name, skills };
}

/** Adds the experts e001 … that are not there yet, ready to take calls. Returns the ids added. */
export async function addDemoExperts(pool: Pool, count: number): Promise<string[]> {
  const added: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const { id, name, skills } = demoExpert(number);
    const isNew = await transaction(pool, async (db) => {
      if ((await queryOne(db, 'experts/seed-expert', [id, name, ACTOR])) === null) return false;
      await putSkills(db, id, skills, ACTOR);
      await putPresence(db, {
        expertId: id,
        intent: 'ready',
        reason: null,
        until: null,
        at: null,
        actor: ACTOR,
      });
      return true;
    });
    if (isNew) added.push(id);
  }
  if (added.length > 0) await query(pool, 'experts/align-expert-numbers');
  return added;
}
