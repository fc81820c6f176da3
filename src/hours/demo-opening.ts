import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { queryOne } from '../platform/sql.ts';
import { addOpening } from './openings-store.ts';

/**
 * Opens the clinic today and tomorrow, whatever the hour and the day: a demonstration must not depend on when it is
 * given. Once a day at most. nowMs: ms since the epoch; zone: IANA name. Returns the opening's id.
 */
export async function openForDemo(pool: Pool, zone: string, nowMs: number): Promise<string> {
  const today = DateTime.fromMillis(nowMs, { zone }).startOf('day');
  const startsAt = today.toJSDate();
  const endsAt = today.plus({ days: 2 }).toJSDate();
  const found = await queryOne<{ id: string }>(pool, 'hours/find-opening', [startsAt, endsAt]);
  if (found !== null) return found.id;
  return (await addOpening(pool, { specialty: null, startsAt, endsAt, reason: 'demo' }, 'system')).id;
}
