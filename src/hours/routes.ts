import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { DateTime } from 'luxon';
import { Type } from 'typebox';
import { allow, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { closed, Instant, nullable, SpecialtyKey } from '../web/schemas.ts';
import { readInstant } from './instant.ts';
import { addOpeningRoutes, reread, type HoursRoutesDeps } from './openings-routes.ts';
import { findWeekly, hasSpecialty, replaceWeekly, type WeeklyHours } from './store.ts';
import { faultsOfWeek } from './week.ts';

const Opens = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['08:00'] });
const Closes = Type.String({
  pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
  examples: ['16:00', '24:00'],
});

const Window = closed({
  weekday: Type.Integer({ minimum: 1, maximum: 7, description: 'ISO: 1 = Monday … 7 = Sunday' }),
  opens: Opens,
  closes: Closes,
});

/** 24 windows a day are more than anyone keeps. */
const Weekly = Type.Array(Window, {
  maxItems: 168,
  description: "Times of the clinic's zone; an empty list is never open",
});

const WeeklyHoursSchema = Type.Object({
  specialty: SpecialtyKey,
  timezone: Type.String({ examples: ['Asia/Tehran'] }),
  weekly: Weekly,
  changedAt: nullable(Instant),
  changedBy: nullable(Type.String()),
});

const PreviewSchema = Type.Object({
  open: Type.Boolean(),
  reason: Type.String({
    description:
      '`weekly`, `opening`: why open; `outside-hours`; `default-hours`: the hours were not to be had',
  }),
  opensAt: nullable(Instant),
  closesAt: nullable(Instant),
});

const PreviewQuery = closed({
  specialty: Type.Optional(Type.String({ maxLength: 41, description: 'Without it: is any specialty open?' })),
  at: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601 with offset; now, without it' })),
});

const BySpecialty = closed({ specialty: SpecialtyKey });
const tags = ['hours'];
const readers = allow('supervisor', 'reviewer', 'editor', 'auditor', 'expert');

/** The regular hours of each specialty, and what they mean at an instant. */
export function hoursRoutes(deps: HoursRoutesDeps): FastifyPluginCallbackTypebox {
  const { pool, hours, clock, zone } = deps;
  return (app, _options, done) => {
    const preview = {
      tags,
      summary: 'Open or closed at an instant',
      querystring: PreviewQuery,
      response: { 200: PreviewSchema },
    };
    app.get('/hours/preview', { config: { access: readers }, schema: preview }, async ({ query }) => {
      const specialty = query.specialty === undefined || query.specialty === '' ? null : query.specialty;
      const at = query.at === undefined || query.at === '' ? clock.now() : readInstant(query.at);
      if (at === null)
        throw fieldProblem('instant-invalid', 'query', '/at', 'Write ISO 8601 with an offset.');
      if (specialty !== null && !(await hasSpecialty(pool, specialty))) {
        throw fieldProblem('specialty-unknown', 'query', '/specialty', 'There is no such specialty.');
      }
      const { open, reason, opensAt, closesAt } = hours.check(specialty, at);
      return { open, reason, opensAt: opensAt?.toISO() ?? null, closesAt: closesAt?.toISO() ?? null };
    });

    const read = {
      tags,
      summary: 'Regular hours',
      params: BySpecialty,
      response: { 200: WeeklyHoursSchema },
    };
    app.get('/hours/:specialty', { config: { access: readers }, schema: read }, async (request, reply) => {
      const found = await findWeekly(pool, request.params.specialty);
      if (found === null) throw unknownSpecialty();
      return reply.header('etag', etag(found.version)).send(toAnswer(found, zone));
    });

    const replace = {
      tags,
      summary: 'Replace the regular hours, from now on',
      params: BySpecialty,
      body: closed({ weekly: Weekly }),
      response: { 200: WeeklyHoursSchema },
    };
    app.put(
      '/hours/:specialty',
      { config: { access: allow('supervisor') }, schema: replace },
      async (request, reply) => {
        const matches = ifMatch(request);
        const { weekly } = request.body;
        refuseFaults(weekly);
        const change = await replaceWeekly(
          pool,
          request.params.specialty,
          weekly,
          signedIn(request).actor,
          matches,
        );
        if (change.outcome === 'unknown-specialty') throw unknownSpecialty();
        if (change.outcome === 'stale') throw stale();
        await reread(hours, request.log);
        return reply.header('etag', etag(change.hours.version)).send(toAnswer(change.hours, zone));
      },
    );

    addOpeningRoutes(app, deps);
    done();
  };
}

function refuseFaults(weekly: Parameters<typeof faultsOfWeek>[0]): void {
  const errors = faultsOfWeek(weekly).map(({ index, detail }) => {
    return { in: 'body' as const, pointer: `#/weekly/${index}`, detail };
  });
  if (errors.length > 0)
    throw problem(400, 'hours-invalid', { detail: 'These windows cannot be kept.', errors });
}

function unknownSpecialty(): Problem {
  return problem(404, 'specialty-not-found', 'There is no such specialty.');
}

function toAnswer({ specialty, weekly, changedAt, actor }: WeeklyHours, zone: string) {
  const changed = changedAt === null ? null : DateTime.fromJSDate(changedAt, { zone }).toISO();
  return { specialty, timezone: zone, weekly, changedAt: changed, changedBy: actor };
}
