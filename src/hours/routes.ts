import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { readInstant } from '../web/instant.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { closed, Instant, nullable, SpecialtyKey } from '../web/schemas.ts';
import { addHolidayRoutes } from './holidays-routes.ts';
import { addClosureRoutes, addOpeningRoutes } from './openings-routes.ts';
import { addSeasonRoutes } from './seasons-routes.ts';
import { findWeekly, hasSpecialty, replaceWeekly, type WeeklyHours } from './store.ts';
import {
  changers,
  Day,
  dayOf,
  readers,
  refuseFaults,
  reread,
  tags,
  told,
  Weekly,
  type App,
  type HoursRoutesDeps,
} from './shared-routes.ts';

const WeeklyHoursSchema = Type.Object({
  specialty: SpecialtyKey,
  timezone: Type.String({ examples: ['Asia/Tehran'] }),
  weekly: Weekly,
  planned: Type.Array(Type.Object({ from: Instant, weekly: Weekly }), {
    description: 'Changes to come, the earliest first',
  }),
  changedAt: nullable(Instant),
  changedBy: nullable(Type.String()),
});

const PreviewSchema = Type.Object({
  open: Type.Boolean(),
  reason: Type.String({
    description:
      '`weekly`, `season`, `opening`: why open; `outside-hours`, `holiday`, `closure`: why closed; `default-hours`: the hours were not to be had',
  }),
  holiday: nullable(Type.String({ description: "The holiday's name, where that is the reason" })),
  closure: nullable(Type.String({ description: 'The kind of closure, where that is the reason' })),
  opensAt: nullable(Instant),
  closesAt: nullable(Instant),
});

const PreviewQuery = closed({
  specialty: Type.Optional(Type.String({ maxLength: 41, description: 'Without it: is any specialty open?' })),
  at: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601 with offset; now, without it' })),
});

const BySpecialty = closed({ specialty: SpecialtyKey });

/** The hours of each specialty, and what they mean at an instant. */
export function hoursRoutes(deps: HoursRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    addPreviewRoute(app, deps);
    addWeeklyRoutes(app, deps);
    addOpeningRoutes(app, deps);
    addClosureRoutes(app, deps);
    addSeasonRoutes(app, deps);
    addHolidayRoutes(app, deps);
    done();
  };
}

function addPreviewRoute(app: App, { pool, hours, clock }: HoursRoutesDeps): void {
  const preview = {
    tags,
    summary: 'Open or closed at an instant',
    querystring: PreviewQuery,
    response: { 200: PreviewSchema },
  };
  app.get('/hours/preview', { config: { access: readers }, schema: preview }, async ({ query }) => {
    const specialty = query.specialty === undefined || query.specialty === '' ? null : query.specialty;
    const at = query.at === undefined || query.at === '' ? clock.now() : readInstant(query.at);
    if (at === null) throw fieldProblem('instant-invalid', 'query', '/at', 'Write ISO 8601 with an offset.');
    if (specialty !== null && !(await hasSpecialty(pool, specialty))) {
      throw fieldProblem('specialty-unknown', 'query', '/specialty', 'There is no such specialty.');
    }
    const { opensAt, closesAt, ...answer } = hours.check(specialty, at);
    return { ...answer, opensAt: opensAt?.toISO() ?? null, closesAt: closesAt?.toISO() ?? null };
  });
}

function addWeeklyRoutes(app: App, { pool, hours, zone }: HoursRoutesDeps): void {
  const read = { tags, summary: 'Regular hours', params: BySpecialty, response: { 200: WeeklyHoursSchema } };
  app.get('/hours/:specialty', { config: { access: readers }, schema: read }, async (request, reply) => {
    const found = await findWeekly(pool, request.params.specialty);
    if (found === null) throw notFound();
    return reply.header('etag', etag(found.version)).send(toAnswer(found, zone));
  });

  const replace = {
    tags,
    summary: 'Replace the regular hours, from now on or from a day on',
    params: BySpecialty,
    body: closed({ weekly: Weekly, from: Type.Optional(Day) }),
    response: { 200: WeeklyHoursSchema },
  };
  app.put('/hours/:specialty', { config: { access: changers }, schema: replace }, async (request, reply) => {
    const matches = ifMatch(request);
    const { weekly, from } = request.body;
    refuseFaults(weekly);
    const { specialty } = request.params;
    const change = await replaceWeekly(
      pool,
      specialty,
      { weekly, from: from === undefined ? null : dayOf(from, '/from', zone).toJSDate() },
      signedIn(request).actor,
      matches,
    );
    if (change.outcome === 'unknown-specialty') throw notFound();
    if (change.outcome === 'stale') throw stale();
    if (change.outcome === 'past')
      throw fieldProblem('day-past', 'body', '/from', 'It must be a day to come; leave it out for now.');
    await reread(hours, request.log);
    return reply.header('etag', etag(change.hours.version)).send(toAnswer(change.hours, zone));
  });
}

const notFound = (): Problem => problem(404, 'specialty-not-found', 'There is no such specialty.');

function toAnswer({ specialty, weekly, planned, changedAt, actor }: WeeklyHours, zone: string) {
  return {
    ...{ specialty, timezone: zone, weekly },
    planned: planned.map((change) => ({ from: told(change.from, zone), weekly: change.weekly })),
    changedAt: changedAt === null ? null : told(changedAt, zone),
    changedBy: actor,
  };
}
