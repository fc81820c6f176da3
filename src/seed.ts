import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { pino } from 'pino';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { systemClock } from './clock.ts';
import { addDemoExperts } from './experts/demo-roster.ts';
import { openForDemo } from './hours/demo-opening.ts';
import type { Log } from './log.ts';
import { codeOf, fault, messageOf } from './platform/fault.ts';
import { migrate } from './platform/migrate.ts';
import { createPool } from './platform/pool.ts';
import { queryOne } from './platform/sql.ts';
import { createAccounts, type Accounts } from './staff/accounts.ts';
import { passwordMatches } from './staff/passwords.ts';
import { ROLES, type Role } from './staff/rules.ts';

/*
 * Fills a trial installation: schema, accounts, experts, hours, with `--open` an exceptional opening for today and
 * tomorrow. May be run again at any time: what is there stays as it is. Prints one line of JSON that tells what was made.
 *
 *     DATABASE_URL=… CLINIC_SEED_ACCOUNTS='{"admin":{"username":"…","password":"…"}}' seed --experts 20 --open
 */

const SeedAccount = Type.Optional(Type.Object({ username: Type.String(), password: Type.String() }));
const SeedAccounts = Type.Object(
  {
    admin: SeedAccount,
    supervisor: SeedAccount,
    reviewer: SeedAccount,
    editor: SeedAccount,
    auditor: SeedAccount,
    expert: SeedAccount,
  } satisfies Record<Role, typeof SeedAccount>,
  { additionalProperties: false },
);
type SeedAccounts = Static<typeof SeedAccounts>;

const TITLES: Readonly<Record<Role, string>> = {
  admin: 'مدیر سامانه',
  supervisor: 'سرپرست',
  reviewer: 'بازبین',
  editor: 'ویراستار',
  auditor: 'ناظر',
  expert: 'کارشناس',
};
/** The account of role expert belongs to this one. */
const FIRST_EXPERT = 'e001';
const MOST_EXPERTS = 99_999;

interface Options {
  url: string;
  zone: string;
  experts: number;
  open: boolean;
  accounts: SeedAccounts;
}

function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { experts: { type: 'string', default: '20' }, open: { type: 'boolean', default: false } },
  });
  const experts = Number(values.experts);
  if (!Number.isInteger(experts) || experts < 0 || experts > MOST_EXPERTS) {
    throw fault(
      'seed-invalid',
      `--experts takes a whole number up to ${MOST_EXPERTS}, not ${values.experts}`,
    );
  }
  const url = environment['DATABASE_URL'];
  if (url === undefined || url === '') throw fault('seed-invalid', 'DATABASE_URL is not set');
  const zone = environment['CLINIC_TIMEZONE'] ?? 'Asia/Tehran';
  return {
    url,
    zone,
    experts,
    open: values.open,
    accounts: readAccounts(environment['CLINIC_SEED_ACCOUNTS']),
  };
}

function readAccounts(text: string | undefined): SeedAccounts {
  if (text === undefined || text === '') return {};
  const given = parsed(text);
  if (!Value.Check(SeedAccounts, given)) {
    throw fault('seed-invalid', 'CLINIC_SEED_ACCOUNTS must be {"<role>": {"username", "password"}, …}');
  }
  return given;
}

/** Undefined where it is no JSON: the parser's own words would show the passwords in it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Adds the account, or gives the one that is there this password if it has another. Returns whether anything changed. */
async function putAccount(
  pool: Pool,
  accounts: Accounts,
  role: Role,
  username: string,
  password: string,
): Promise<boolean> {
  const row = await queryOne<{ id: string; password_hash: string }>(pool, 'staff/find-account-by-username', [
    username,
  ]);
  if (row === null) {
    const expertId = role === 'expert' ? FIRST_EXPERT : null;
    const added = await accounts.add({ username, password, name: TITLES[role], role, expertId }, 'system');
    if ('refused' in added)
      throw fault('seed-failed', `The account ${username} was refused: ${added.refused}`);
    return true;
  }
  if (await passwordMatches(row.password_hash, password)) return false;
  const account = await accounts.find(row.id);
  await accounts.change(row.id, account?.version ?? 0, { password }, 'system');
  return true;
}

async function seed(options: Options, log: Log): Promise<Record<string, unknown>> {
  const migrations = await migrate(options.url, log);
  const pool = createPool(options.url, log, { max: 2 });
  try {
    const experts = await addDemoExperts(pool, options.experts);
    const staff = createAccounts(pool, 'clinic-137');
    const accounts: string[] = [];
    for (const role of ROLES) {
      const account = options.accounts[role];
      if (account === undefined) continue;
      if (await putAccount(pool, staff, role, account.username, account.password))
        accounts.push(account.username);
    }
    const opening = options.open ? await openForDemo(pool, options.zone, systemClock.now()) : null;
    return { migrations, experts, accounts, opening };
  } finally {
    await pool.end();
  }
}

// The line of JSON has standard output for itself.
const log = pino({ level: 'warn', base: null }, pino.destination(2));
try {
  const made = await seed(readOptions(process.argv.slice(2), process.env), log);
  process.stdout.write(`${JSON.stringify(made)}\n`);
} catch (error) {
  process.stderr.write(`Seeding failed (${codeOf(error) ?? 'fault'}): ${messageOf(error)}\n`);
  process.exitCode = 1;
}
