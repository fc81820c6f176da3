import type { FastifyRequest } from 'fastify';
import { DateTime } from 'luxon';
import { Type } from 'typebox';
import { codeOf } from '../platform/fault.ts';
import { signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Instant, Line, nullable, Uuid } from '../web/schemas.ts';
import {
  addHoliday,
  changeHoliday,
  listHolidays,
  readHolidayClosing,
  setHolidayClosing,
  withdrawHoliday,
  type HolidayClosing,
  type HolidayRow,
} from './holidays-store.ts';
import { solarHolidays, solarYearBounds, solarYearOf } from './holidays.ts';
import {
  ById,
  changers,
  Day,
  dayOf,
  readers,
  reread,
  tags,
  told,
  type App,
  type HoursRoutesDeps,
} from './shared-routes.ts';

const HolidaySchema = Type.Object({
  id: nullable(Uuid),
  date: Day,
  title: Type.String(),
  basis: Type.Enum(['solar', 'lunar', 'declared']),
  lunar: nullable(Type.String({ description: 'Date of the lunar calendar', examples: ['1447-01-10'] })),
  confirmed: Type.Boolean({ description: 'False: the moon may still move it by a day' }),
});

const ClosingSchema = Type.Object({ closed: Type.Boolean(), changedAt: Instant, changedBy: Type.String() });
const [FIRST_YEAR, LAST_YEAR] = [1380, 1500];
const UNIQUE = '23505';

/** Official holidays, and whether the clinic is closed on them. */
export function addHolidayRoutes(app: App, deps: HoursRoutesDeps): void {
  addListRoute(app, deps);
  addChangeRoutes(app, deps);
  addClosingRoutes(app, deps);
}

function addListRoute(app: App, { pool, clock, zone }: HoursRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Official holidays of a solar year, in order',
    querystring: closed({
      year: Type.Optional(
        Type.Integer({
          minimum: FIRST_YEAR,
          maximum: LAST_YEAR,
          description: 'Solar, e.g. 1405; the present one without it',
        }),
      ),
    }),
    response: { 200: Type.Object({ items: Type.Array(HolidaySchema), next: Type.Null() }) },
  };
  app.get('/holidays', { config: { access: readers }, schema }, async ({ query }) => {
    const year = query.year ?? solarYearOf(clock.now(), zone);
    const { first, last } = solarYearBounds(year);
    const solar = solarHolidays(year).map((holiday) => {
      return { id: null, ...holiday, basis: 'solar' as const, lunar: null, confirmed: true };
    });
    const rows = (await listHolidays(pool, first, last)).map(toAnswer);
    const items = [...solar, ...rows].toSorted((a, b) => a.date.localeCompare(b.date));
    return { items, next: null };
  });
}

function addChangeRoutes(app: App, deps: HoursRoutesDeps): void {
  const { pool, hours } = deps;
  const add = {
    tags,
    summary: 'Declare a holiday, before its day begins',
    ...{ body: closed({ date: Day, title: Line(200) }), response: { 201: HolidaySchema } },
  };
  app.post(
    '/holidays',
    { config: { access: changers, idempotent: true }, schema: add },
    async (request, reply) => {
      const day = dayOf(request.body.date, '/date', deps.zone).toISODate() ?? '';
      if (day <= todayOf(deps)) throw begun();
      const row = await addHoliday(pool, request.body, signedIn(request).actor).catch(alreadyThere);
      await reread(hours, request.log);
      return reply
        .code(201)
        .header('etag', etag(row.version))
        .header('location', `/api/v1/holidays/${row.id}`)
        .send(toAnswer(row));
    },
  );

  const change = {
    tags,
    summary: 'Move a holiday, before either day begins, or confirm it',
    ...{ params: ById, body: closed({ date: Type.Optional(Day), confirmed: Type.Optional(Type.Boolean()) }) },
    response: { 200: HolidaySchema },
  };
  app.patch('/holidays/:id', { config: { access: changers }, schema: change }, async (request, reply) => {
    const matches = ifMatch(request);
    const { date, confirmed } = request.body;
    if (date !== undefined) dayOf(date, '/date', deps.zone);
    const wanted = {
      ...(date === undefined ? {} : { date }),
      ...(confirmed === undefined ? {} : { confirmed }),
    };
    const asked = { ...askedBy(request, deps), matches };
    const row = done(await changeHoliday(pool, asked, wanted).catch(alreadyThere));
    await reread(hours, request.log);
    return reply.header('etag', etag(row.version)).send(toAnswer(row));
  });

  const withdraw = {
    tags,
    summary: 'Take a holiday back, before its day begins',
    params: ById,
    response: { 204: Type.Null() },
  };
  app.delete('/holidays/:id', { config: { access: changers }, schema: withdraw }, async (request, reply) => {
    done(await withdrawHoliday(pool, { ...askedBy(request, deps), matches: ifMatch(request) }));
    await reread(hours, request.log);
    return reply.code(204).send(null);
  });
}

function addClosingRoutes(app: App, { pool, hours, zone }: HoursRoutesDeps): void {
  const read = { tags, summary: 'Closed on official holidays?', response: { 200: ClosingSchema } };
  app.get('/holidays/closing', { config: { access: readers }, schema: read }, async () =>
    toClosing(await readHolidayClosing(pool), zone),
  );
  const set = {
    tags,
    summary: 'Close on official holidays, or do not, from now on',
    ...{ body: closed({ closed: Type.Boolean() }), response: { 200: ClosingSchema } },
  };
  app.put(
    '/holidays/closing',
    { config: { access: changers }, schema: set },
    async (request: FastifyRequest<{ Body: { closed: boolean } }>) => {
      const position = await setHolidayClosing(pool, request.body.closed, signedIn(request).actor);
      await reread(hours, request.log);
      return toClosing(position, zone);
    },
  );
}

const todayOf = ({ clock, zone }: HoursRoutesDeps): string =>
  DateTime.fromMillis(clock.now(), { zone }).toISODate() ?? '';

const askedBy = (request: FastifyRequest & { params: { id: string } }, deps: HoursRoutesDeps) => ({
  ...{ id: request.params.id, actor: signedIn(request).actor, today: todayOf(deps) },
});

/** A holiday is one from midnight on, and the hours of today that are over stay as they were. */
const begun = () =>
  fieldProblem('day-past', 'body', '/date', 'That day has begun; close what is left of it by `/closures`.');

function alreadyThere(error: unknown): never {
  if (codeOf(error) !== UNIQUE) throw error;
  throw problem(409, 'holiday-exists', 'That holiday stands on that day already.');
}

function done(change: Awaited<ReturnType<typeof changeHoliday>>): HolidayRow {
  if (change.outcome === 'unknown') throw problem(404, 'holiday-not-found');
  if (change.outcome === 'stale') throw stale();
  if (change.outcome === 'to-past') throw begun();
  if (change.outcome === 'past')
    throw problem(409, 'holiday-past', 'Its day has begun; open what is left of it by `/openings`.');
  return change.row;
}

function toAnswer({ id, date, title, lunar, confirmed }: HolidayRow) {
  const basis = lunar === null ? ('declared' as const) : ('lunar' as const);
  return { id, date, title, basis, lunar, confirmed };
}

const toClosing = ({ closed: isClosed, changedAt, actor }: HolidayClosing, zone: string) => ({
  ...{ closed: isClosed, changedAt: told(changedAt, zone), changedBy: actor },
});
