import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Queryable } from '../platform/sql.ts';
import { allow } from '../web/access.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { closed, Instant, Line } from '../web/schemas.ts';
import { listAudit } from './audit.ts';

const EntrySchema = Type.Object({
  id: Type.String(),
  at: Instant,
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  detail: Type.Record(Type.String(), Type.Unknown()),
});

const Filters = closed({
  ...listQuery,
  actor: Type.Optional(Line(100)),
  action: Type.Optional(Line(100)),
  subject: Type.Optional(Line(200)),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
});

/** Who did what to what; for admins and auditors. */
export function auditRoutes(db: Queryable): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const schema = {
      tags: ['audit'],
      summary: 'The audit, newest first',
      querystring: Filters,
      response: { 200: listOf(EntrySchema) },
    };
    app.get('/audit', { config: { access: allow('admin', 'auditor') }, schema }, async ({ query }) => {
      const scope = listScope('audit', query);
      const before = decodeCursor(scope, query.cursor, /^[0-9]{1,18}$/);
      const rows = await listAudit(db, query, before, query.limit + 1);
      return page(rows.map(toAnswer), query.limit, scope, (entry) => entry.id);
    });
    done();
  };
}

function toAnswer(row: Awaited<ReturnType<typeof listAudit>>[number]) {
  return { ...row, at: row.at.toISOString() };
}
