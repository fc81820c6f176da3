import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger } from 'fastify';
import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { allow, signedIn } from '../web/access.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Instant, Line, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';
import { readInstant } from './instant.ts';
import type { Hours } from './service.ts';
import { addOpening, cancelOpening, listOpenings, type OpeningRow } from './store.ts';

const OpeningSchema = Type.Object({
  id: Uuid,
  specialty: nullable(SpecialtyKey),
  startsAt: Instant,
  endsAt: Instant,
  reason: Type.String(),
  createdAt: Instant,
  createdBy: Type.String(),
});

const NewOpening = closed({
  specialty: Type.Optional(nullable(SpecialtyKey)),
  startsAt: Instant,
  endsAt: Instant,
  reason: Line(200),
});

const ById = closed({ id: Uuid });
const POSITION = /^\d{4}-\d\d-\d\dT[\d:.]+Z\/[0-9a-f-]{36}$/;
const tags = ['hours'];
const FOREIGN_KEY = '23503';

export interface HoursRoutesDeps {
  pool: Pool;
  hours: Hours;
  clock: Clock;
  /** IANA name of the clinic's zone. */
  zone: string;
}

type App = Parameters<FastifyPluginCallbackTypebox>[0];

/** What was kept counts, whether or not this process can read it at once. */
export async function reread(hours: Hours, log: FastifyBaseLogger): Promise<void> {
  await hours.reload().catch((error: unknown) => log.warn({ detail: messageOf(error) }, 'hours.unread'));
}

/** Exceptional openings: the clinic is open then, whatever the regular hours say. */
export function addOpeningRoutes(app: App, { pool, hours, clock, zone }: HoursRoutesDeps): void {
  const readers = allow('supervisor', 'reviewer', 'editor', 'auditor', 'expert');
  const list = {
    tags,
    summary: 'Exceptional openings, newest first',
    querystring: closed(listQuery),
    response: { 200: listOf(OpeningSchema) },
  };
  app.get('/openings', { config: { access: readers }, schema: list }, async ({ query }) => {
    const scope = listScope('openings');
    const rows = await listOpenings(pool, decodeCursor(scope, query.cursor, POSITION), query.limit);
    const { items, next } = page(rows, query.limit, scope, (row) => row.position);
    return { items: items.map((row) => toAnswer(row, zone)), next };
  });

  const add = { tags, summary: 'Open exceptionally', body: NewOpening, response: { 201: OpeningSchema } };
  const config = { access: allow('supervisor'), idempotent: true };
  app.post('/openings', { config, schema: add }, async (request, reply) => {
    const { specialty = null, reason } = request.body;
    const startsAt = instantOf(request.body.startsAt, '/startsAt');
    const endsAt = instantOf(request.body.endsAt, '/endsAt');
    if (endsAt <= startsAt)
      throw fieldProblem('opening-reversed', 'body', '/endsAt', 'It must end after it starts.');
    if (endsAt.getTime() <= clock.now())
      throw fieldProblem('opening-past', 'body', '/endsAt', 'It would be over already.');
    const opening = { specialty, startsAt, endsAt, reason };
    const added = await addOpening(pool, opening, signedIn(request).actor).catch(unknownSpecialty);
    await reread(hours, request.log);
    return reply.code(201).header('location', `/api/v1/openings/${added.id}`).send(toAnswer(added, zone));
  });

  const cancel = {
    tags,
    summary: 'Take an exceptional opening back',
    params: ById,
    response: { 204: Type.Null() },
  };
  app.delete(
    '/openings/:id',
    { config: { access: allow('supervisor') }, schema: cancel },
    async (request, reply) => {
      if (!(await cancelOpening(pool, request.params.id, signedIn(request).actor)))
        throw problem(404, 'opening-not-found');
      await reread(hours, request.log);
      return reply.code(204).send(null);
    },
  );
}

/** The schema knows the shape; that there is a 31st of that month is known here. */
function instantOf(text: string, pointer: string): Date {
  const at = readInstant(text);
  if (at === null) throw fieldProblem('instant-invalid', 'body', pointer, 'Write ISO 8601 with an offset.');
  return new Date(at);
}

function unknownSpecialty(error: unknown): never {
  if (codeOf(error) !== FOREIGN_KEY) throw error;
  throw fieldProblem('specialty-unknown', 'body', '/specialty', 'There is no such specialty.');
}

function toAnswer(row: OpeningRow, zone: string) {
  const { id, specialty, reason, actor } = row;
  const told = (at: Date) => DateTime.fromJSDate(at, { zone }).toISO() ?? '';
  const times = { startsAt: told(row.startsAt), endsAt: told(row.endsAt), createdAt: told(row.createdAt) };
  return { id, specialty, ...times, reason, createdBy: actor };
}
