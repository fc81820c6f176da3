import type { Pool } from 'pg';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { fault } from '../platform/fault.ts';
import { within } from '../platform/within.ts';
import { OUTCOMES, type Outcome } from '../sms/delivery.ts';
import { readTextFigures, type TextFigures } from '../sms/store.ts';
import { gauge } from './figures.ts';

/** As with the cases: what PostgreSQL does not tell in time is left out. */
const READ_WITHIN_MS = 3000;

/** Figures of the texts to citizens: what came of each attempt, and what waits. @returns told of every attempt */
export function measureTexts(
  registry: Registry,
  { pool, clock }: { pool: Pool; clock: Clock },
): (outcome: Outcome) => void {
  const attempts = new Counter({
    name: 'clinic_texts_total',
    help: 'Attempts to send a text by outcome: sent, kept (no gateway), undeliverable, failed (given up), retried',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of OUTCOMES) attempts.inc({ outcome }, 0);

  let reading: Promise<TextFigures> | null = null;
  async function read(): Promise<TextFigures> {
    reading ??= readTextFigures(pool, new Date(clock.now())).finally(() => (reading = null));
    const found: TextFigures[] = [];
    await within(
      reading.then((figures) => found.push(figures)),
      READ_WITHIN_MS,
    );
    const [figures] = found;
    if (figures === undefined) throw fault('figures-late', 'PostgreSQL does not tell of the texts in time');
    return figures;
  }
  gauge(registry, {
    name: 'clinic_texts_queued',
    help: 'Texts still to be sent, those put off until the morning included; shown while PostgreSQL answers',
    read: async () => (await read()).queued,
  });
  gauge(registry, {
    name: 'clinic_texts_late_seconds',
    help: 'How long the oldest text that is due has waited; 0 where none is',
    read: async () => {
      const { oldestDueAt } = await read();
      return oldestDueAt === null ? 0 : Math.max(0, (clock.now() - oldestDueAt.getTime()) / 1000);
    },
  });
  return (outcome) => attempts.inc({ outcome });
}
