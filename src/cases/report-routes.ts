import type { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { seesWholeNumbers } from '../staff/rules.ts';
import { allow, signedIn } from '../web/access.ts';
import { csvStream } from '../web/csv.ts';
import { jalali } from '../web/jalali.ts';
import { decodeCursor, listOf, listScope, page } from '../web/lists.ts';
import { toUnanswered } from './answers.ts';
import { ReportFilters, UnansweredSchema } from './schemas.ts';
import { countUnopened, countWithheld, listUnanswered, type Unanswered } from './store.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const POSITION = /^[0-9a-f-]{36}\/[a-z]+$/;
const COLUMNS = [
  ...(['reference', 'clock', 'dueAt', 'dueAtJalali', 'openedAt', 'openedAtJalali'] as const),
  ...(['state', 'reason', 'specialty', 'owner', 'number', 'caseId'] as const),
];

/** A case is opened within seconds; the role that does so is looked for, and comes again, every minute. */
const OPENED_WITHIN_MS = 5 * 60_000;

const counts = {
  unopened: Type.Integer({
    description: `Calls in the same span that left something to be done over ${OPENED_WITHIN_MS / 60_000} minutes ago and have no case: must be 0`,
  }),
  withheld: Type.Integer({
    description: 'Abandoned calls besides, in the same span, of whom nobody can be called: no number came',
  }),
};

export interface ReportDeps {
  pool: Pool;
  clock: Clock;
  /** Of the clinic. */
  zone: string;
}

/** The report that must be empty: deadlines that passed although nobody was told beforehand. */
export function addReportRoutes(app: App, { pool, clock, zone }: ReportDeps): void {
  const schema = {
    tags: ['reports'],
    summary: 'Past a deadline without an escalation: must be empty',
    querystring: ReportFilters,
    response: {
      200: {
        description: 'A page of it, newest case first; as a table all of it, with the counts as headers',
        headers: { 'x-unopened': counts.unopened, 'x-withheld': counts.withheld },
        content: {
          'application/json': {
            schema: Type.Object({ ...listOf(UnansweredSchema).properties, ...counts }),
          },
          'text/csv': { schema: Type.Unsafe<Readable>({ type: 'string' }) },
        },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  app.get('/reports/unanswered', { config: { access }, schema }, async (request, reply) => {
    const { limit, cursor, from, to, format } = request.query;
    const span = { from: dateOf(from), to: dateOf(to) };
    const now = new Date(clock.now());
    const whole = seesWholeNumbers(signedIn(request).role);
    const { unopened, withheld } = await countBeside(pool, span, now);
    if (format === 'csv') {
      const read = (after: Unanswered | null, count: number) =>
        listUnanswered(pool, { now, after, ...span, limit: count });
      const table = await csvStream(COLUMNS, read, (row) => toCells(toUnanswered(row, whole), zone));
      // Nothing but deadlines can stand in the rows; a table without any is not to be taken for good news.
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="unanswered.csv"')
        .header('x-unopened', unopened)
        .header('x-withheld', withheld)
        .send(table);
    }
    const scope = listScope('unanswered', { from, to });
    const [caseId, clockName] = decodeCursor(scope, cursor, POSITION)?.split('/') ?? [];
    const after = caseId === undefined || clockName === undefined ? null : { caseId, clock: clockName };
    const rows = await listUnanswered(pool, { now, after, ...span, limit: limit + 1 });
    const items = rows.map((row) => toUnanswered(row, whole));
    const found = page(items, limit, scope, (item) => `${item.caseId}/${item.clock}`);
    return reply.send({ ...found, unopened, withheld });
  });
}

async function countBeside(pool: Pool, span: { from: Date | null; to: Date | null }, now: Date) {
  const settled = new Date(Math.min(now.getTime() - OPENED_WITHIN_MS, span.to?.getTime() ?? Infinity));
  const [unopened, withheld] = await Promise.all([
    countUnopened(pool, span.from, settled),
    countWithheld(pool, span.from, span.to),
  ]);
  return { unopened, withheld };
}

const toCells = (item: ReturnType<typeof toUnanswered>, zone: string) => ({
  ...item,
  dueAtJalali: jalali(item.dueAt, zone),
  openedAtJalali: jalali(item.openedAt, zone),
});

const dateOf = (instant: string | undefined): Date | null =>
  instant === undefined ? null : new Date(instant);
