import type { Pool } from 'pg';
import type { Log } from '../log.ts';
import { follow } from '../platform/follow.ts';
import { NO_RULES, type Rules } from './mechanism.ts';
import { listOverflow } from './overflow-store.ts';

/** The rules by which experts are asked, in memory, following PostgreSQL. */
export interface RuleBook {
  /** As last read; without PostgreSQL from the start nothing overflows. */
  rules(): Rules;
  close(): Promise<void>;
}

const CHANNEL = 'overflow_changed';

export interface RuleBookDeps {
  pool: Pool;
  log: Log;
  levelStepSeconds: number;
  equityBoundSeconds: number;
  /** Told when other rules than before are in force. */
  onChange: () => void;
}

export function createRuleBook({ pool, log, onChange, ...times }: RuleBookDeps): RuleBook {
  let rules: Rules = {
    ...NO_RULES,
    levelStepMs: times.levelStepSeconds * 1000,
    equityBoundMs: times.equityBoundSeconds * 1000,
  };
  const follower = follow({
    ...{ pool, channel: CHANNEL, name: 'overflow', log },
    read: async (db) => {
      const rows = await listOverflow(db, null);
      const overflow = Object.fromEntries(
        rows.map(({ specialty, helpers }) => [
          specialty,
          helpers.map((one) => ({ helper: one.specialty, afterMs: one.afterSeconds * 1000 })),
        ]),
      );
      if (JSON.stringify(overflow) === JSON.stringify(rules.overflow)) return;
      rules = { ...rules, overflow };
      log.info({ overflow: rows.filter(({ helpers }) => helpers.length > 0).length }, 'overflow.read');
      onChange();
    },
  });
  return { rules: () => rules, close: () => follower.close() };
}
