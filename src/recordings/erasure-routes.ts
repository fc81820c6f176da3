import type { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { allow } from '../web/access.ts';
import { csvStream } from '../web/csv.ts';
import { jalali } from '../web/jalali.ts';
import { decodeCursor, listOf, listScope, page, reportQuery } from '../web/lists.ts';
import { closed, Instant, nullable } from '../web/schemas.ts';
import { isIntact, listReports, type ReportRow } from './erasure-store.ts';
import { RULES } from './rules.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const COLUMNS = [
  ...(['id', 'at', 'atJalali', 'rule', 'days', 'before', 'beforeJalali'] as const),
  ...(['erased', 'subjects', 'remaining'] as const),
  ...(['checksum', 'previous', 'intact'] as const),
];

const Filters = closed({
  ...reportQuery,
  from: Type.Optional({ ...Instant, description: 'Erased from here on' }),
  to: Type.Optional({ ...Instant, description: 'Erased before' }),
});

const ReportSchema = Type.Object({
  id: Type.String(),
  at: Instant,
  rule: Type.Enum([...RULES]),
  days: Type.Integer({ description: 'What the rule said then' }),
  before: { ...Instant, description: 'What was older than this' },
  counts: Type.Record(Type.String(), Type.Integer()),
  subjects: Type.Array(Type.String(), { description: 'Ids of what was erased, nothing of it' }),
  remaining: Type.Integer({ description: 'Found when it was looked for afterwards: must be 0' }),
  checksum: Type.String(),
  previous: nullable(Type.String({ description: 'Checksum of the report before' })),
  intact: Type.Boolean({ description: 'Whether checksums say that nothing was changed or left out' }),
});

/** What proves that something was erased. */
export function addErasureRoute(app: App, { pool, zone }: { pool: Pool; zone: string }): void {
  const schema = {
    tags: ['reports'],
    summary: 'What was erased, by which rule',
    querystring: Filters,
    response: {
      200: {
        description: 'A page of it, the newest first; as a table all of it',
        content: {
          'application/json': { schema: listOf(ReportSchema) },
          'text/csv': { schema: Type.Unsafe<Readable>({ type: 'string' }) },
        },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  app.get('/reports/erasures', { config: { access }, schema }, async (request, reply) => {
    const { limit, cursor, from, to, format } = request.query;
    const span = { from: dateOf(from), to: dateOf(to) };
    if (format === 'csv') {
      const read = (last: ReportRow | null, count: number) =>
        listReports(pool, last?.id ?? null, span, count);
      const table = await csvStream(COLUMNS, read, (row) => toCells(toAnswer(row), zone));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="erasures.csv"')
        .send(table);
    }
    const scope = listScope('erasures', { from, to });
    const before = decodeCursor(scope, cursor, /^[0-9]{1,18}$/);
    const rows = await listReports(pool, before, span, limit + 1);
    return reply.send(page(rows.map(toAnswer), limit, scope, ({ id }) => id));
  });
}

function toAnswer(row: ReportRow) {
  const { id, rule, days, counts, subjects, remaining, checksum, previous } = row;
  return {
    ...{ id, rule, days, counts, remaining, checksum, previous, intact: isIntact(row) },
    subjects: [...subjects],
    at: row.at.toISOString(),
    before: row.before.toISOString(),
  };
}

function toCells({ counts, subjects, ...rest }: ReturnType<typeof toAnswer>, zone: string) {
  const erased = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const dates = { atJalali: jalali(rest.at, zone), beforeJalali: jalali(rest.before, zone) };
  return { ...rest, ...dates, erased, subjects: subjects.join(' ') };
}

const dateOf = (instant: string | undefined): Date | null =>
  instant === undefined ? null : new Date(instant);
