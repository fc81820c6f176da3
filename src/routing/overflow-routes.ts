import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { codeOf } from '../platform/fault.ts';
import { allow, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { closed, SpecialtyKey } from '../web/schemas.ts';
import { listOverflow, replaceOverflow, type OverflowRow } from './overflow-store.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const Helpers = Type.Array(
  closed({
    specialty: SpecialtyKey,
    afterSeconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      description: 'How long a citizen has waited before they are asked',
    }),
  }),
  { maxItems: 20, description: 'Specialties whose idle experts help out; empty: none' },
);
const OverflowSchema = Type.Object({ specialty: SpecialtyKey, helpers: Helpers });
const BySpecialty = closed({ specialty: SpecialtyKey });
const tags = ['queues'];

/** Whose experts help out which queue, as supervisors allow it. */
export function addOverflowRoutes(app: App, { pool }: { pool: Pool }): void {
  const readers = allow('supervisor', 'auditor', 'expert');
  const list = {
    tags,
    summary: 'Overflow between queues',
    response: { 200: Type.Object({ items: Type.Array(OverflowSchema), next: Type.Null() }) },
  };
  app.get('/overflow', { config: { access: readers }, schema: list }, async () => ({
    items: (await listOverflow(pool, null)).map(toAnswer),
    next: null,
  }));

  const read = {
    tags,
    summary: 'What helps a queue out',
    params: BySpecialty,
    response: { 200: OverflowSchema },
  };
  app.get('/overflow/:specialty', { config: { access: readers }, schema: read }, async (request, reply) => {
    const [row] = await listOverflow(pool, request.params.specialty);
    if (row === undefined) throw notFound();
    return reply.header('etag', etag(row.version)).send(toAnswer(row));
  });

  const replace = {
    tags,
    summary: 'Replace what helps a queue out, from now on',
    params: BySpecialty,
    body: closed({ helpers: Helpers }),
    response: { 200: OverflowSchema },
  };
  const config = { access: allow('supervisor') };
  app.put('/overflow/:specialty', { config, schema: replace }, async (request, reply) => {
    const { specialty } = request.params;
    const { helpers } = request.body;
    refuseRepeated(specialty, helpers);
    const actor = signedIn(request).actor;
    const change = await replaceOverflow(pool, specialty, helpers, actor, ifMatch(request)).catch(
      unknownHelper,
    );
    if (change === 'unknown-specialty') throw notFound();
    if (change === 'stale') throw stale();
    return reply.header('etag', etag(change.version)).send(toAnswer(change));
  });
}

function refuseRepeated(specialty: string, helpers: readonly { specialty: string }[]): void {
  const names = [specialty, ...helpers.map((helper) => helper.specialty)];
  const index = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (index < 0) return;
  const said = 'A queue is helped by each other specialty once, and not by itself.';
  throw fieldProblem('helper-repeated', 'body', `/helpers/${index - 1}`, said);
}

const FOREIGN_KEY = '23503';

function unknownHelper(error: unknown): never {
  if (codeOf(error) !== FOREIGN_KEY) throw error;
  throw fieldProblem('specialty-unknown', 'body', '/helpers', 'There is no such specialty.');
}

const notFound = (): Problem => problem(404, 'specialty-not-found', 'There is no such specialty.');

const toAnswer = ({ specialty, helpers }: OverflowRow) => ({ specialty, helpers });
