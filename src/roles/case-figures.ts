import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { readCaseFigures, type CaseFigures } from '../cases/store.ts';
import { OVER, STATES } from '../cases/rules.ts';
import type { Clock } from '../clock.ts';
import { fault } from '../platform/fault.ts';
import { within } from '../platform/within.ts';
import { gauge } from './figures.ts';

/** Prometheus gives up after ten seconds by default, and with it would be lost what can be told. */
const READ_WITHIN_MS = 3000;

/** Figures of the cases, read when Prometheus asks: one request to PostgreSQL for all three. */
export function measureCases(registry: Registry, { pool, clock }: { pool: Pool; clock: Clock }): void {
  let reading: Promise<CaseFigures> | null = null;
  async function read(): Promise<CaseFigures> {
    reading ??= readCaseFigures(pool, clock.now()).finally(() => (reading = null));
    const found: CaseFigures[] = [];
    await within(
      reading.then((figures) => found.push(figures)),
      READ_WITHIN_MS,
    );
    const [figures] = found;
    if (figures === undefined) throw fault('figures-late', 'PostgreSQL does not tell of the cases in time');
    return figures;
  }
  gauge(registry, {
    name: 'clinic_cases_open',
    help: 'Cases in which something is still owed, by state; shown while PostgreSQL answers',
    label: 'state',
    read: async () => {
      const { byState } = await read();
      return new Map(
        STATES.filter((state) => !OVER.includes(state)).map((state) => [state, byState.get(state) ?? 0]),
      );
    },
  });
  gauge(registry, {
    name: 'clinic_cases_overdue',
    help: 'Of these, past a deadline that nothing has met',
    read: async () => (await read()).overdue,
  });
  gauge(registry, {
    name: 'clinic_cases_unescalated',
    help: 'Of these, past a deadline nobody was told of: never more than 0 while the role jobs works',
    read: async () => (await read()).unescalated,
  });
}
