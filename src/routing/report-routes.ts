import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { query, type Queryable } from '../platform/sql.ts';
import { allow } from '../web/access.ts';
import { toCsv } from '../web/csv.ts';
import { closed, Instant, nullable, SpecialtyKey } from '../web/schemas.ts';

/** How right the waits were that citizens were told. */

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const SPAN_MS = 30 * 86_400_000;

const Count = (description: string) => Type.Integer({ minimum: 0, description });

const ToldWaitsSchema = Type.Object({
  specialty: SpecialtyKey,
  told: Count('Times a range was told'),
  answered: Count('Of these, where an expert answered in the end: only these are judged'),
  inside: Count('Answered within the range'),
  sooner: Count('Answered before its beginning'),
  later: Count('Answered after its end'),
  raised: Count('Times more was told than before, as fewer experts were at work'),
  insideShare: nullable(
    Type.Number({ description: 'inside ÷ answered; the goal is 0.8. null: none was answered' }),
  ),
  missSeconds: nullable(
    Type.Number({ description: 'How far outside the range the wait ended, on average; 0 for one inside' }),
  ),
});

const Filters = closed({
  from: Type.Optional({
    ...Instant,
    description: 'Calls that entered from here on; 30 days before `to` without it',
  }),
  to: Type.Optional({ ...Instant, description: 'Calls that entered before; now without it' }),
  format: Type.Optional(Type.Enum(['json', 'csv'], { default: 'json' })),
});

interface ToldWaitsRow extends Record<string, unknown> {
  specialty: string;
  told: number;
  answered: number;
  inside: number;
  sooner: number;
  later: number;
  raised: number;
  missSeconds: number | null;
}

const COLUMNS = [
  ...(['specialty', 'told', 'answered', 'inside', 'sooner', 'later'] as const),
  ...(['raised', 'insideShare', 'missSeconds'] as const),
];

export function addExpectedWaitReport(app: App, { db, clock }: { db: Queryable; clock: Clock }): void {
  const schema = {
    tags: ['reports'],
    summary: 'Waits as citizens were told them, against what they became',
    querystring: Filters,
    response: {
      200: {
        description: 'One row a specialty, in the order of the menu',
        content: {
          'application/json': {
            schema: Type.Object({
              ...{ from: Instant, to: Instant },
              ...{ items: Type.Array(ToldWaitsSchema), next: Type.Null() },
            }),
          },
          'text/csv': { schema: Type.String() },
        },
      },
    },
  };
  const config = { access: allow('supervisor', 'reviewer', 'auditor') };
  app.get('/reports/expected-wait', { config, schema }, async (request, reply) => {
    const { from: since, to: until, format } = request.query;
    const to = new Date(until ?? clock.now());
    const from = since === undefined ? new Date(to.getTime() - SPAN_MS) : new Date(since);
    const rows = await query<ToldWaitsRow>(db, 'routing/told-waits', [from, to]);
    const items = rows.map((row) => ({
      ...row,
      insideShare: row.answered === 0 ? null : row.inside / row.answered,
    }));
    if (format !== 'csv')
      return reply.send({ from: from.toISOString(), to: to.toISOString(), items, next: null });
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="expected-wait.csv"')
      .send(toCsv(COLUMNS, items));
  });
}
