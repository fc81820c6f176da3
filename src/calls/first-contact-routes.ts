import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { allow } from '../web/access.ts';
import { toCsv } from '../web/csv.ts';
import { closed, Instant, nullable, SpecialtyKey } from '../web/schemas.ts';
import { readFirstContact, type FirstContact } from './history-store.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const DEFAULT_DAYS = 7;
const SPAN_MS = 30 * 86_400_000;
const DEFINITION =
  'A concern begins with an answered call of a citizen to whom no expert of the same specialty has talked within so many days before. It is resolved at first contact where the same citizen does not call again for the same specialty within so many days after it; undecided as long as these days are not over and nobody has called. Share: resolved ÷ (resolved + repeated). Citizens are known by their number; talks without one are counted beside it.';

const counts = {
  resolved: Type.Integer(),
  repeated: Type.Integer(),
  undecided: Type.Integer(),
  withoutNumber: Type.Integer({
    description: 'Talks with citizens who could not be known again; in no other figure',
  }),
  share: nullable(Type.Number({ minimum: 0, maximum: 1, description: 'null: nothing is decided yet' })),
};

const COLUMNS = ['specialty', 'resolved', 'repeated', 'undecided', 'withoutNumber', 'share'] as const;

/** First-contact resolution: how often one talk was enough. */
export function addFirstContactRoute(app: App, { pool, clock }: { pool: Pool; clock: Clock }): void {
  const Answer = Type.Object({
    definition: Type.String(),
    days: Type.Integer(),
    from: Instant,
    to: Instant,
    total: Type.Object(counts),
    items: Type.Array(Type.Object({ specialty: SpecialtyKey, ...counts })),
    next: Type.Null(),
  });
  const schema = {
    tags: ['reports'],
    summary: 'First-contact resolution, by specialty',
    description: DEFINITION,
    querystring: closed({
      from: Type.Optional({ ...Instant, description: 'Talks from here on; 30 days ago without it' }),
      to: Type.Optional({ ...Instant, description: 'Talks before; now without it' }),
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: 90, default: DEFAULT_DAYS })),
      format: Type.Optional(Type.Enum(['json', 'csv'], { default: 'json' })),
    }),
    response: {
      200: {
        description: 'Every specialty',
        content: { 'application/json': { schema: Answer }, 'text/csv': { schema: Type.String() } },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  app.get('/reports/first-contact', { config: { access }, schema }, async (request, reply) => {
    const { days = DEFAULT_DAYS, format } = request.query;
    const now = new Date(clock.now());
    const to = request.query.to === undefined ? now : new Date(request.query.to);
    const { from: since } = request.query;
    const from = since === undefined ? new Date(to.getTime() - SPAN_MS) : new Date(since);
    const rows = await readFirstContact(pool, { from, to, days, now });
    const items = rows.map((row) => ({ specialty: row.specialty, ...shareOf(row) }));
    if (format === 'csv')
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="first-contact.csv"')
        .send(toCsv(COLUMNS, items));
    const span = { from: from.toISOString(), to: to.toISOString() };
    return reply.send({ definition: DEFINITION, days, ...span, total: totalOf(rows), items, next: null });
  });
}

type Counts = Omit<FirstContact, 'specialty'>;

function shareOf({ resolved, repeated, undecided, withoutNumber }: Counts) {
  const decided = resolved + repeated;
  const share = decided === 0 ? null : resolved / decided;
  return { resolved, repeated, undecided, withoutNumber, share };
}

function totalOf(rows: readonly Counts[]) {
  const sum = (name: keyof Counts) => rows.reduce((total, row) => total + row[name], 0);
  return shareOf({
    ...{ resolved: sum('resolved'), repeated: sum('repeated') },
    ...{ undecided: sum('undecided'), withoutNumber: sum('withoutNumber') },
  });
}
