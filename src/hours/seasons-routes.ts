import { Type } from 'typebox';
import { signedIn } from '../web/access.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Instant, Line, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';
import { addSeason, cancelSeason, listSeasons, type SeasonRow } from './seasons-store.ts';
import {
  ById,
  changers,
  Day,
  dayOf,
  POSITION,
  readers,
  refuseFaults,
  reread,
  tags,
  told,
  unknownSpecialty,
  Weekly,
  type App,
  type HoursRoutesDeps,
} from './shared-routes.ts';

const SeasonSchema = Type.Object({
  ...{ id: Uuid, specialty: nullable(SpecialtyKey), title: Type.String() },
  ...{ startsOn: Day, endsOn: Day, weekly: Weekly, createdAt: Instant, createdBy: Type.String() },
});

const NewSeason = closed({
  specialty: Type.Optional(nullable(SpecialtyKey)),
  ...{ title: Line(200), startsOn: Day, endsOn: Day, weekly: Weekly },
});

/** Seasons: days on which other hours than the regular ones count (Ramadan). */
export function addSeasonRoutes(app: App, { pool, hours, clock, zone }: HoursRoutesDeps): void {
  const list = {
    tags,
    summary: 'Seasons, newest first',
    querystring: closed(listQuery),
    response: { 200: listOf(SeasonSchema) },
  };
  app.get('/seasons', { config: { access: readers }, schema: list }, async ({ query }) => {
    const scope = listScope('seasons');
    const rows = await listSeasons(pool, decodeCursor(scope, query.cursor, POSITION), query.limit);
    const { items, next } = page(rows, query.limit, scope, (row) => row.position);
    return { items: items.map((row) => toAnswer(row, zone)), next };
  });

  const add = {
    tags,
    summary: 'Plan a season',
    description:
      'Both days are included. A season of one specialty goes before one of all of them. It counts from now at the earliest, ' +
      'also where its first day was before.',
    ...{ body: NewSeason, response: { 201: Type.Object({ id: Uuid }) } },
  };
  app.post(
    '/seasons',
    { config: { access: changers, idempotent: true }, schema: add },
    async (request, reply) => {
      const { specialty = null, title, startsOn, endsOn, weekly } = request.body;
      const [first, last] = [dayOf(startsOn, '/startsOn', zone), dayOf(endsOn, '/endsOn', zone)];
      if (last < first)
        throw fieldProblem('season-reversed', 'body', '/endsOn', 'It must not end before it starts.');
      if (last.plus({ days: 1 }).toMillis() <= clock.now())
        throw fieldProblem('season-past', 'body', '/endsOn', 'It would be over already.');
      refuseFaults(weekly);
      const season = { specialty, title, startsOn, endsOn, weekly };
      const added = await addSeason(pool, season, signedIn(request).actor).catch(unknownSpecialty);
      if (added.outcome === 'overlapping')
        throw problem(
          409,
          'season-overlapping',
          `«${added.title}» has days from ${added.startsOn} to ${added.endsOn}; take it back first.`,
        );
      await reread(hours, request.log);
      return reply.code(201).header('location', `/api/v1/seasons/${added.id}`).send({ id: added.id });
    },
  );

  const cancel = { tags, summary: 'Take a season back', params: ById, response: { 204: Type.Null() } };
  app.delete('/seasons/:id', { config: { access: changers }, schema: cancel }, async (request, reply) => {
    if (!(await cancelSeason(pool, request.params.id, signedIn(request).actor)))
      throw problem(404, 'season-not-found');
    await reread(hours, request.log);
    return reply.code(204).send(null);
  });
}

function toAnswer(row: SeasonRow, zone: string) {
  const { id, specialty, title, startsOn, endsOn, weekly, actor } = row;
  const when = { startsOn, endsOn, createdAt: told(row.createdAt, zone) };
  return { id, specialty, title, ...when, weekly: [...weekly], createdBy: actor };
}
