import type { Pool } from 'pg';
import type { RepeatedJob } from '../platform/jobs.ts';
import { query } from '../platform/sql.ts';

const HOUR_MS = 3_600_000;

/** What is kept of sign-ins and repeated requests does not pile up. */
export function staffJobs(pool: Pool): RepeatedJob[] {
  return [
    { name: 'sessions.purge', every: HOUR_MS, run: () => query(pool, 'staff/purge-sessions') },
    {
      name: 'idempotency-keys.purge',
      every: HOUR_MS,
      run: () => query(pool, 'staff/purge-idempotency-keys'),
    },
  ];
}
