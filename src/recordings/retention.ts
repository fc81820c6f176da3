import type { ClientBase, Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { transaction } from '../platform/sql.ts';
import {
  addReport,
  beginErasure,
  dueRecordings,
  EMPTIED,
  eraseRejects,
  markErased,
  type Emptied,
  type Report,
} from './erasure-store.ts';
import { dueBefore, RULES, type Keeping, type Rule } from './rules.ts';
import type { Vault } from './vault.ts';

/**
 * What is older than its rule says is erased: files, numbers, notes. Every piece of work is one transaction with its report,
 * so that nothing goes without one. What belongs to an open case waits until that is over.
 */
export interface Retention {
  /** May be repeated, and broken off at any point. @returns how many things were erased, by rule */
  run(): Promise<Readonly<Record<Rule, number>>>;
}

export interface RetentionDeps {
  pool: Pool;
  vault: Pick<Vault, 'remove' | 'tidy' | 'has'>;
  clock: Clock;
  log: Log;
  keeping: Keeping;
}

/** A report names what it tells of: it should stay readable. */
const AT_ONCE = 200;
const HALF_WRITTEN_FOR_MS = 86_400_000;
const KINDS = { talks: ['talk'], messages: ['message', 'imported'] } as const;

export function createRetention({ pool, vault, clock, log, keeping }: RetentionDeps): Retention {
  type Bounds = Pick<Report, 'rule' | 'days' | 'before' | 'at'>;

  /** One piece of work after another until nothing is due. work: gives what was erased; 0: nothing was due. */
  async function whileDue(work: (db: ClientBase) => Promise<number>): Promise<number> {
    for (let sum = 0; ;) {
      const erased = await transaction(pool, async (db) => {
        await beginErasure(db);
        return work(db);
      });
      sum += erased;
      if (erased < AT_ONCE) return sum;
    }
  }

  /** The file first: gone without its row being told of, it is found missing and told of by the next look. */
  async function eraseFiles(db: ClientBase, bounds: Bounds, kinds: readonly string[]): Promise<number> {
    const due = await dueRecordings(db, kinds, bounds.before, AT_ONCE);
    if (due.length === 0) return 0;
    const ids = due.map(({ id }) => id);
    let remaining = 0;
    for (const { path } of due) {
      await vault.remove(path);
      if (await vault.has(path)) remaining += 1;
    }
    const report = { ...bounds, counts: { recordings: ids.length }, subjects: ids, remaining };
    await markErased(db, ids, bounds.at, await addReport(db, report));
    return ids.length;
  }

  async function empty(db: ClientBase, bounds: Bounds, emptied: Emptied): Promise<number> {
    const ids = await emptied.due(db, bounds.before, AT_ONCE);
    if (ids.length === 0) return 0;
    await emptied.empty(db, ids, bounds.before, bounds.at);
    const remaining = await emptied.remaining(db, ids, bounds.before);
    await addReport(db, { ...bounds, counts: { [emptied.what]: ids.length }, subjects: ids, remaining });
    if (remaining > 0) log.error({ rule: bounds.rule, remaining, alarm: true }, 'erasure.incomplete');
    return ids.length;
  }

  async function rejects(db: ClientBase, bounds: Bounds): Promise<number> {
    const erased = await eraseRejects(db, bounds.before);
    if (erased > 0)
      await addReport(db, { ...bounds, counts: { rejects: erased }, subjects: [], remaining: 0 });
    return 0;
  }

  async function erase(rule: Rule): Promise<number> {
    const now = clock.now();
    const days = keeping[rule];
    const before = dueBefore(days, now);
    if (before === null) return 0;
    const bounds = { rule, days, before, at: new Date(now) };
    if (rule === 'talks' || rule === 'messages') return whileDue((db) => eraseFiles(db, bounds, KINDS[rule]));
    if (rule === 'numbers') await whileDue((db) => rejects(db, bounds));
    let sum = 0;
    for (const emptied of EMPTIED[rule]) sum += await whileDue((db) => empty(db, bounds, emptied));
    return sum;
  }

  return {
    run: async () => {
      const erased = { talks: 0, messages: 0, numbers: 0, notes: 0 };
      for (const rule of RULES) erased[rule] = await erase(rule);
      const halves = await vault.tidy(clock.now() - HALF_WRITTEN_FOR_MS);
      log.info({ ...erased, halves }, 'erasure.done');
      return erased;
    },
  };
}
