import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import { createSessions, type Sessions } from './sessions.ts';

/** Accounts, sign-ins and roles for the other rooms. */
export interface Staff {
  sessions: Sessions;
  accounts: Accounts;
}

export interface StaffOptions {
  pool: Pool;
  clock: Clock;
  /** How long a sign-in lasts. */
  sessionHours: number;
  /** Policy: supervisors and above need a one-time code. Accounts that have a secret need one in any case. */
  secondFactorRequired: boolean;
  /** Name shown by authenticators beside the code. */
  issuer: string;
}

export function createStaff(options: StaffOptions): Staff {
  return { sessions: createSessions(options), accounts: createAccounts(options.pool, options.issuer) };
}
