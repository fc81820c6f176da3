import { Type } from 'typebox';
import { signedIn } from '../web/access.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Instant, Line, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';
import {
  addClosure,
  addOpening,
  cancelClosure,
  cancelOpening,
  listClosures,
  listOpenings,
  type ClosureRow,
  type OpeningRow,
} from './openings-store.ts';
import { CLOSURE_KINDS } from './rules.ts';
import {
  ById,
  changers,
  instantOf,
  POSITION,
  readers,
  reread,
  tags,
  told,
  unknownSpecialty,
  type App,
  type HoursRoutesDeps,
} from './shared-routes.ts';

const Made = { createdAt: Instant, createdBy: Type.String() };
const Scope = { specialty: nullable(SpecialtyKey) };
/** What was is not changed afterwards: neither what callers came to, nor deadlines that ran meanwhile. */
const FROM_NOW =
  'It counts from now at the earliest: an earlier `startsAt` is answered with the one that counts.';
const Kind = Type.Enum([...CLOSURE_KINDS], { description: 'What citizens are told' });

const OpeningSchema = Type.Object({
  ...{ id: Uuid, ...Scope },
  ...{ startsAt: Instant, endsAt: Instant, reason: Type.String(), ...Made },
});
const NewOpening = closed({
  specialty: Type.Optional(nullable(SpecialtyKey)),
  ...{ startsAt: Instant, endsAt: Instant, reason: Line(200) },
});
const ClosureSchema = Type.Object({
  ...{ id: Uuid, ...Scope, kind: Kind },
  ...{ startsAt: Instant, endsAt: nullable(Instant), reason: Type.String(), ...Made },
});
const NewClosure = closed({
  specialty: Type.Optional(nullable(SpecialtyKey)),
  kind: Kind,
  startsAt: Type.Optional(Instant),
  endsAt: Type.Optional(nullable(Instant)),
  reason: Line(200),
});

/** Exceptional openings: the clinic is open then, whatever the regular hours say. */
export function addOpeningRoutes(app: App, { pool, hours, clock, zone }: HoursRoutesDeps): void {
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
    return { items: items.map((row) => toOpening(row, zone)), next };
  });

  const add = {
    ...{ tags, summary: 'Open exceptionally', description: FROM_NOW },
    ...{ body: NewOpening, response: { 201: OpeningSchema } },
  };
  app.post(
    '/openings',
    { config: { access: changers, idempotent: true }, schema: add },
    async (request, reply) => {
      const { specialty = null, reason } = request.body;
      const startsAt = instantOf(request.body.startsAt, '/startsAt');
      const endsAt = instantOf(request.body.endsAt, '/endsAt');
      refuseSpan('opening', startsAt, endsAt, clock.now());
      const opening = { specialty, startsAt, endsAt, reason };
      const added = await addOpening(pool, opening, signedIn(request).actor).catch(unknownSpecialty);
      await reread(hours, request.log);
      return reply.code(201).header('location', `/api/v1/openings/${added.id}`).send(toOpening(added, zone));
    },
  );

  const cancel = {
    ...{ tags, summary: 'Take an exceptional opening back', params: ById },
    response: { 204: Type.Null() },
  };
  app.delete('/openings/:id', { config: { access: changers }, schema: cancel }, async (request, reply) => {
    if (!(await cancelOpening(pool, request.params.id, signedIn(request).actor)))
      throw problem(404, 'opening-not-found');
    await reread(hours, request.log);
    return reply.code(204).send(null);
  });
}

/** Closures on the spot: closed whatever else is planned, openings included. */
export function addClosureRoutes(app: App, { pool, hours, clock, zone }: HoursRoutesDeps): void {
  const list = {
    tags,
    summary: 'Closures on the spot, newest first',
    querystring: closed(listQuery),
    response: { 200: listOf(ClosureSchema) },
  };
  app.get('/closures', { config: { access: readers }, schema: list }, async ({ query }) => {
    const scope = listScope('closures');
    const rows = await listClosures(pool, decodeCursor(scope, query.cursor, POSITION), query.limit);
    const { items, next } = page(rows, query.limit, scope, (row) => row.position);
    return { items: items.map((row) => toClosure(row, zone)), next };
  });

  const add = {
    tags,
    summary: 'Close on the spot',
    description: `Without \`startsAt\`: from now. Without \`endsAt\`: until it is taken back. ${FROM_NOW}`,
    ...{ body: NewClosure, response: { 201: ClosureSchema } },
  };
  app.post(
    '/closures',
    { config: { access: changers, idempotent: true }, schema: add },
    async (request, reply) => {
      const { specialty = null, kind, reason } = request.body;
      const from = request.body.startsAt;
      const startsAt = from === undefined ? new Date(clock.now()) : instantOf(from, '/startsAt');
      const to = request.body.endsAt ?? null;
      const endsAt = to === null ? null : instantOf(to, '/endsAt');
      if (endsAt !== null) refuseSpan('closure', startsAt, endsAt, clock.now());
      const closure = { specialty, kind, startsAt, endsAt, reason };
      const added = await addClosure(pool, closure, signedIn(request).actor).catch(unknownSpecialty);
      await reread(hours, request.log);
      return reply.code(201).header('location', `/api/v1/closures/${added.id}`).send(toClosure(added, zone));
    },
  );

  const cancel = { tags, summary: 'Take a closure back', params: ById, response: { 204: Type.Null() } };
  app.delete('/closures/:id', { config: { access: changers }, schema: cancel }, async (request, reply) => {
    if (!(await cancelClosure(pool, request.params.id, signedIn(request).actor)))
      throw problem(404, 'closure-not-found');
    await reread(hours, request.log);
    return reply.code(204).send(null);
  });
}

function refuseSpan(noun: string, startsAt: Date, endsAt: Date, nowMs: number): void {
  if (endsAt <= startsAt)
    throw fieldProblem(`${noun}-reversed`, 'body', '/endsAt', 'It must end after it starts.');
  if (endsAt.getTime() <= nowMs)
    throw fieldProblem(`${noun}-past`, 'body', '/endsAt', 'It would be over already.');
}

function toOpening(row: OpeningRow, zone: string) {
  return { ...made(row, zone), endsAt: told(row.endsAt, zone) };
}

function toClosure(row: ClosureRow, zone: string) {
  const { kind, endsAt } = row;
  return { ...made(row, zone), kind, endsAt: endsAt === null ? null : told(endsAt, zone) };
}

function made(row: OpeningRow | ClosureRow, zone: string) {
  const { id, specialty, reason, actor } = row;
  const times = { startsAt: told(row.startsAt, zone), createdAt: told(row.createdAt, zone) };
  return { id, specialty, reason, ...times, createdBy: actor };
}
