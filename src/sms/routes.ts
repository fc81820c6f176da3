import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { allow } from '../web/access.ts';
import { toCsv } from '../web/csv.ts';
import { closed, Instant } from '../web/schemas.ts';
import { countTexts, TEXT_STATES } from './store.ts';

const COLUMNS = ['template', 'state', 'texts'] as const;

/** How many texts were asked for, and what became of them. */
export function textRoutes({ pool }: { pool: Pool }): FastifyPluginCallbackTypebox {
  const Count = Type.Object({
    template: Type.String({ examples: ['case-opened'] }),
    state: Type.Enum([...TEXT_STATES], {
      description:
        'kept: written down only, as there is no gateway; failed: given up; undeliverable: the number takes none',
    }),
    texts: Type.Integer(),
  });
  const schema = {
    tags: ['reports'],
    summary: 'Texts to citizens, by what they say and what became of them',
    querystring: closed({
      from: Type.Optional({ ...Instant, description: 'Asked for from here on' }),
      to: Type.Optional({ ...Instant, description: 'Asked for before' }),
      format: Type.Optional(Type.Enum(['json', 'csv'], { default: 'json' })),
    }),
    response: {
      200: {
        description: 'All of them',
        content: {
          'application/json': { schema: Type.Object({ items: Type.Array(Count), next: Type.Null() }) },
          'text/csv': { schema: Type.String() },
        },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  return (app, _options, done) => {
    app.get('/reports/texts', { config: { access }, schema }, async (request, reply) => {
      const { from, to, format } = request.query;
      const rows = await countTexts(pool, dateOf(from), dateOf(to));
      const items = rows.map(({ template, state, texts }) => ({ template, state, texts }));
      if (format !== 'csv') return reply.send({ items, next: null });
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="texts.csv"')
        .send(toCsv(COLUMNS, items));
    });
    done();
  };
}

const dateOf = (instant: string | undefined): Date | null =>
  instant === undefined ? null : new Date(instant);
