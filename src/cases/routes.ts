import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import { seesWholeNumbers, type Role } from '../staff/rules.ts';
import { allow, holds, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { decodeCursor, listOf, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { toCase, toStory } from './answers.ts';
import { addImportRoute } from './import-routes.ts';
import { readReference } from './reference.ts';
import { addReportRoutes } from './report-routes.ts';
import { everBy, HUMAN_ACTIONS, partiesOf, type HumanAction } from './rules.ts';
import { ActSchema, CaseById, CaseSchema, FIELDS, Filters, StorySchema } from './schemas.ts';
import type { ActRefusal, Cases } from './service.ts';

export interface CaseRoutesDeps {
  cases: Cases;
  pool: Pool;
  clock: Clock;
  /** IANA name of the clinic's zone. */
  zone: string;
}

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const tags = ['cases'];
const readers = allow('supervisor', 'reviewer', 'auditor', 'expert');
const actors = allow('supervisor', 'reviewer', 'expert');

/** What is still owed to citizens. Experts see and answer their own cases. */
export function caseRoutes(deps: CaseRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    addReadRoutes(app, deps);
    addActRoute(app, deps);
    addImportRoute(app, deps);
    addReportRoutes(app, deps);
    done();
  };
}

function addReadRoutes(app: App, { cases, clock }: CaseRoutesDeps): void {
  const list = {
    tags,
    summary: 'Cases, newest first',
    ...{ querystring: Filters, response: { 200: listOf(CaseSchema) } },
  };
  app.get(
    '/cases',
    { config: { access: readers }, onRequest: ownFilterOnly, schema: list },
    async (request) => {
      const { limit, cursor, reference: said, ...others } = request.query;
      const owner = isJustExpert(request) ? signedIn(request).accountId : others.owner;
      const filters = { ...others, owner, reference: said === undefined ? undefined : referenceIn(said) };
      if (!isDay(filters.followUpBy)) throw noSuchDay('query', '/followUpBy');
      const scope = listScope('cases', filters);
      const after = decodeCursor(scope, cursor, UUID);
      const rows = await cases.list({ ...filters, after, limit: limit + 1 });
      const whole = seesWholeNumbers(signedIn(request).role);
      const items = rows.map((row) => toCase(row, whole, clock.now()));
      return page(items, limit, scope, ({ id }) => id);
    },
  );

  const read = {
    tags,
    summary: 'A case, with its history and calls',
    ...{ params: CaseById, response: { 200: StorySchema } },
  };
  const own = (request: FastifyRequest) => ownCaseOnly(cases, request);
  app.get(
    '/cases/:id',
    { config: { access: readers }, onRequest: own, schema: read },
    async (request, reply) => {
      const story = await cases.find(request.params.id);
      if (story === null) throw unknown();
      const whole = seesWholeNumbers(signedIn(request).role);
      return reply.header('etag', etag(story.version)).send(toStory(story, whole, clock.now()));
    },
  );
}

function addActRoute(app: App, { cases, clock }: CaseRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Do something about a case',
    description:
      'What an action needs besides is told by the code `field-missing`, what does not go with it by `field-unexpected`.',
    ...{ params: CaseById, body: ActSchema, response: { 200: StorySchema } },
  };
  const own = (request: FastifyRequest) => ownCaseOnly(cases, request);
  const hooks = { onRequest: own, preValidation: everAllowed };
  app.post('/cases/:id/actions', { config: { access: actors }, ...hooks, schema }, async (request, reply) => {
    const matches = ifMatch(request);
    const { action, note = null, citizenAt, ...others } = request.body;
    refuseFields(action, request.body);
    if (!isDay(others.on)) throw noSuchDay('body', '/on');
    const said = citizenAt === undefined ? null : new Date(citizenAt);
    const act = { action, note, ...others, citizenAt: said };
    const { accountId, actor, role } = signedIn(request);
    const came = await cases.act(request.params.id, act, { accountId, actor, role }, matches);
    if (typeof came === 'string') throw refusal(came);
    return reply.header('etag', etag(came.version)).send(toStory(came, seesWholeNumbers(role), clock.now()));
  });
}

/** None given is as good as one that exists. PostgreSQL knows no year 0. */
const isDay = (day: string | null | undefined): boolean =>
  typeof day !== 'string' || DateTime.fromISO(day).year > 0;

const noSuchDay = (where: 'body' | 'query', pointer: string): Problem =>
  fieldProblem('day-invalid', where, pointer, 'There is no such day.');

/** An account that may see cases only because they are its own. */
const isJustExpert = (request: FastifyRequest): boolean =>
  !holds(request, 'supervisor', 'reviewer', 'auditor');

const notYours = (): Problem => problem(403, 'not-yours', 'This case belongs to somebody else.');

function ownFilterOnly(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { owner } = request.query as { owner?: string };
  if (isJustExpert(request) && owner !== undefined && owner !== signedIn(request).accountId) throw notYours();
  done();
}

/** Whether another's case exists is not an expert's to know. An id that is none is left to the schema. */
export async function ownCaseOnly(cases: Pick<Cases, 'find'>, request: FastifyRequest): Promise<void> {
  const { id } = request.params as { id: string };
  if (!isJustExpert(request) || !UUID.test(id)) return;
  const story = await cases.find(id);
  if (story?.owner !== signedIn(request).accountId) throw notYours();
}

/** What a role may never do is told before the rest of the request is looked at. */
function everAllowed(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { action } = (request.body ?? {}) as { action?: unknown };
  const known = HUMAN_ACTIONS.find((one) => one === action);
  const { accountId, role }: { accountId: string; role: Role } = signedIn(request);
  const parties = partiesOf({ accountId, role }, accountId);
  if (known !== undefined && !everBy(known).some((party) => parties.includes(party)))
    throw problem(403, 'role-insufficient', 'Your role may not do this.');
  done();
}

function refuseFields(action: HumanAction, body: object): void {
  const { needs, may } = FIELDS[action];
  const missing = needs.find((field) => !(field in body));
  if (missing !== undefined)
    throw fieldProblem('field-missing', 'body', `/${missing}`, `The action ${action} needs it.`);
  const known: readonly string[] = ['action', ...needs, ...may];
  const unexpected = Object.keys(body).find((field) => !known.includes(field));
  if (unexpected !== undefined)
    throw fieldProblem('field-unexpected', 'body', `/${unexpected}`, `The action ${action} takes none.`);
}

function referenceIn(said: string): string {
  const reference = readReference(said);
  if (reference === null)
    throw fieldProblem('reference-invalid', 'query', '/reference', 'That is no reference: a digit is wrong.');
  return reference;
}

const unknown = (): Problem => problem(404, 'case-not-found');

function refusal(refused: ActRefusal): Problem {
  switch (refused) {
    case 'unknown':
      return unknown();
    case 'stale':
      return stale();
    case 'not-now':
      return problem(409, 'case-not-so', 'In the state the case is in, this cannot be done.');
    case 'not-yours':
      return notYours();
    case 'note-missing':
      return fieldProblem('field-missing', 'body', '/note', 'Say why it is closed without an answer.');
    case 'owner-unknown':
      return fieldProblem(refused, 'body', '/owner', 'No active account that may answer cases.');
    case 'specialty-unknown':
      return fieldProblem(refused, 'body', '/specialty', 'There is no such specialty.');
    case 'citizen-at-invalid':
      return fieldProblem(refused, 'body', '/citizenAt', 'It lies before the case or in the future.');
  }
}
