import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { allow } from '../web/access.ts';
import { toCsv } from '../web/csv.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { closed, Instant, nullable } from '../web/schemas.ts';
import { isIntact, listReports, type ReportRow } from './erasure-store.ts';
import { RULES } from './rules.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const COLUMNS = [
  ...(['id', 'at', 'rule', 'days', 'before', 'erased', 'subjects', 'remaining'] as const),
  ...(['checksum', 'previous', 'intact'] as const),
];

const Filters = closed({
  ...listQuery,
  from: Type.Optional({ ...Instant, description: 'Erased from here on' }),
  to: Type.Optional({ ...Instant, description: 'Erased before' }),
  format: Type.Optional(Type.Enum(['json', 'csv'], { default: 'json' })),
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
export function addErasureRoute(app: App, { pool }: { pool: Pool }): void {
  const schema = {
    tags: ['reports'],
    summary: 'What was erased, by which rule',
    querystring: Filters,
    response: {
      200: {
        description: 'A page of it, the newest first',
        content: {
          'application/json': { schema: listOf(ReportSchema) },
          'text/csv': { schema: Type.String() },
        },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  app.get('/reports/erasures', { config: { access }, schema }, async (request, reply) => {
    const { limit, cursor, from, to, format } = request.query;
    const scope = listScope('erasures', { from, to });
    const before = decodeCursor(scope, cursor, /^[0-9]{1,18}$/);
    const rows = await listReports(pool, before, { from: dateOf(from), to: dateOf(to) }, limit + 1);
    const found = page(rows.map(toAnswer), limit, scope, ({ id }) => id);
    if (format !== 'csv') return reply.send(found);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="erasures.csv"')
      .send(toCsv(COLUMNS, found.items.map(toCells)));
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

function toCells({ counts, subjects, ...rest }: ReturnType<typeof toAnswer>) {
  const erased = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { ...rest, erased, subjects: subjects.join(' ') };
}

const dateOf = (instant: string | undefined): Date | null =>
  instant === undefined ? null : new Date(instant);
