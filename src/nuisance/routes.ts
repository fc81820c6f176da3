import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { readCaller } from '../calls/caller.ts';
import type { Clock } from '../clock.ts';
import { maskNumber } from '../log.ts';
import { seesWholeNumbers } from '../staff/rules.ts';
import { allow, signedIn } from '../web/access.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Instant, Line, nullable, Uuid } from '../web/schemas.ts';
import { addNumber, endNumber, listNumbers, type ListedRow } from './store.ts';

export interface NuisanceRoutesDeps {
  pool: Pool;
  clock: Clock;
  /** For numbers written without one. */
  areaCode: string;
}

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const tags = ['nuisance'];
const POSITION = /^\d{4}-\d\d-\d\dT[\d:.]+Z\/[0-9a-f-]{36}$/;

const ListedSchema = Type.Object({
  id: Uuid,
  number: nullable(
    Type.String({ description: 'E.164; masked below supervisor; null: erased, long after its end' }),
  ),
  reason: nullable(Type.String()),
  startsAt: Instant,
  until: nullable({ ...Instant, description: 'null: until somebody ends it' }),
  listedBy: Type.String(),
  endedAt: nullable(Instant),
  endedBy: nullable(Type.String()),
});

/** Numbers whose callers may leave a message and are connected to nobody. */
export function nuisanceRoutes(deps: NuisanceRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    addListRoute(app, deps);
    addChangeRoutes(app, deps);
    done();
  };
}

function addListRoute(app: App, { pool, clock }: NuisanceRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Numbers listed as a nuisance, newest first',
    querystring: closed({
      ...listQuery,
      all: Type.Optional(
        Type.Boolean({ default: false, description: 'Also those that are no longer in force' }),
      ),
    }),
    response: { 200: listOf(ListedSchema) },
  };
  const access = allow('supervisor', 'auditor');
  app.get('/nuisance-numbers', { config: { access }, schema }, async (request) => {
    const { limit, cursor, all = false } = request.query;
    const scope = listScope('nuisance', { all });
    const now = all ? null : new Date(clock.now());
    const rows = await listNumbers(pool, { after: decodeCursor(scope, cursor, POSITION), now, limit });
    const { items, next } = page(rows, limit, scope, ({ position }) => position);
    const whole = seesWholeNumbers(signedIn(request).role);
    return { items: items.map((row) => toListed(row, whole)), next };
  });
}

function addChangeRoutes(app: App, { pool, clock, areaCode }: NuisanceRoutesDeps): void {
  const access = allow('supervisor');
  const add = {
    tags,
    summary: 'List a number as a nuisance',
    description: 'From the next call on. Without `until`: until it is ended.',
    body: closed({
      number: Type.String({ minLength: 3, maxLength: 20, description: 'As people write it, or E.164' }),
      reason: Line(400),
      until: Type.Optional(nullable(Instant)),
    }),
    response: { 201: ListedSchema },
  };
  app.post(
    '/nuisance-numbers',
    { config: { access, idempotent: true }, schema: add },
    async (request, reply) => {
      const { reason, until = null } = request.body;
      const { number } = readCaller(request.body.number.replaceAll(/[\s()-]/g, ''), false, areaCode);
      if (number === null)
        throw fieldProblem('number-invalid', 'body', '/number', 'That is no telephone number.');
      const end = until === null ? null : new Date(until);
      if (end !== null && !(end.getTime() > clock.now()))
        throw fieldProblem('until-past', 'body', '/until', 'That time is over.');
      const row = await addNumber(pool, { number, reason, until: end }, signedIn(request).actor);
      if (row === null) throw problem(409, 'number-listed', 'That number is listed already.');
      return reply
        .code(201)
        .header('location', `/api/v1/nuisance-numbers/${row.id}`)
        .send(toListed(row, true));
    },
  );

  const end = {
    ...{ tags, summary: 'Take a number off the list', params: closed({ id: Uuid }) },
    response: { 204: Type.Null() },
  };
  app.delete('/nuisance-numbers/:id', { config: { access }, schema: end }, async (request, reply) => {
    if (!(await endNumber(pool, request.params.id, signedIn(request).actor)))
      throw problem(404, 'nuisance-number-not-found');
    return reply.code(204).send(null);
  });
}

const toListed = (row: ListedRow, whole: boolean) => ({
  ...{ id: row.id, reason: row.reason, listedBy: row.actor, endedBy: row.endedBy },
  number: whole || row.number === null ? row.number : (maskNumber(row.number) ?? ''),
  startsAt: row.startsAt.toISOString(),
  until: row.until?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
});
