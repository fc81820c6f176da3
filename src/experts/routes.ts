import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { codeOf, messageOf } from '../platform/fault.ts';
import { allow, ownExpertOnly, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { closed, ExpertId } from '../web/schemas.ts';
import { toExpert, toStatus } from './answers.ts';
import { repeatedSpecialty, type Skill } from './rules.ts';
import {
  ExpertChangeSchema,
  ExpertSchema,
  NewExpertSchema,
  PresenceSchema,
  SoftphoneSchema,
  StatusSchema,
} from './schemas.ts';
import type { Experts } from './service.ts';

const EXPERT_ID = /^e[0-9]{3,5}$/;
const FOREIGN_KEY = '23503';
const ById = closed({ id: ExpertId });
const tags = ['experts'];
const readers = allow('supervisor', 'reviewer', 'auditor', 'expert');

/** The roster, what each expert does this second, presence and telephones. Experts see and steer themselves. */
export function expertRoutes({ experts }: { experts: Experts }): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const list = {
      tags,
      summary: 'Experts, newest first',
      querystring: closed(listQuery),
      response: { 200: listOf(ExpertSchema) },
    };
    const colleagues = { config: { access: allow('supervisor', 'reviewer', 'auditor') } };
    app.get('/experts', { ...colleagues, schema: list }, async ({ query }) => {
      const scope = listScope('experts');
      const rows = await experts.list(decodeCursor(scope, query.cursor, EXPERT_ID), query.limit);
      return page(rows.map(toExpert), query.limit, scope, (expert) => expert.id);
    });

    const read = { tags, summary: 'An expert', params: ById, response: { 200: ExpertSchema } };
    app.get(
      '/experts/:id',
      { config: { access: readers }, onRequest: colleaguesOrSelf, schema: read },
      async (request, reply) => {
        const expert = await experts.find(request.params.id);
        if (expert === null) throw unknown();
        return reply.header('etag', etag(expert.version)).send(toExpert(expert));
      },
    );

    const supervisors = { access: allow('supervisor') };
    const add = { tags, summary: 'Add an expert', body: NewExpertSchema, response: { 201: ExpertSchema } };
    app.post(
      '/experts',
      { config: { ...supervisors, idempotent: true }, schema: add },
      async (request, reply) => {
        const { name, skills = [] } = request.body;
        refuseRepeated(skills);
        const added = await experts.add({ name, skills }, signedIn(request).actor).catch(unknownSpecialty);
        const headers = { etag: etag(added.version), location: `/api/v1/experts/${added.id}` };
        return reply.code(201).headers(headers).send(toExpert(added));
      },
    );

    const change = {
      tags,
      summary: 'Change an expert',
      params: ById,
      body: ExpertChangeSchema,
      response: { 200: ExpertSchema },
    };
    app.patch('/experts/:id', { config: supervisors, schema: change }, async (request, reply) => {
      const matches = ifMatch(request);
      const { params, body } = request;
      refuseRepeated(body.skills ?? []);
      const changed = await experts
        .change(params.id, body, signedIn(request).actor, matches)
        .catch(unknownSpecialty);
      if (changed === 'unknown') throw unknown();
      if (changed === 'stale') throw stale();
      return reply.header('etag', etag(changed.version)).send(toExpert(changed));
    });

    const presence = {
      tags,
      summary: 'Set what an expert wants',
      params: ById,
      body: PresenceSchema,
      response: { 200: StatusSchema },
    };
    const themselves = { config: { access: allow('supervisor', 'expert') }, onRequest: ownOnly };
    app.put('/experts/:id/presence', { ...themselves, schema: presence }, async (request) => {
      const { state, reason = null } = request.body;
      const { actor } = signedIn(request);
      return toStatus(
        refuse(await experts.setPresence(request.params.id, { state, reason }, actor).catch(exchangeAway)),
      );
    });

    const softphone = {
      tags,
      summary: "A new password for an expert's telephone",
      description: 'Shown once and kept nowhere; the one before stops working.',
      params: ById,
      response: { 201: SoftphoneSchema },
    };
    app.post('/experts/:id/softphone', { ...themselves, schema: softphone }, async (request, reply) => {
      const made = refuse(
        await experts.newSoftphone(request.params.id, signedIn(request).actor).catch(exchangeAway),
      );
      return reply.code(201).send(made);
    });
    done();
  };
}

function ownOnly(request: FastifyRequest, _reply: unknown, done: () => void): void {
  ownExpertOnly(request, (request.params as { id: string }).id);
  done();
}

function colleaguesOrSelf(request: FastifyRequest, _reply: unknown, done: () => void): void {
  if (signedIn(request).role === 'expert') ownOnly(request, _reply, done);
  else done();
}

function refuse<T extends object>(result: T | 'unknown' | 'inactive'): T {
  if (result === 'unknown') throw unknown();
  if (result === 'inactive')
    throw problem(409, 'expert-inactive', 'This expert no longer answers calls; make them active first.');
  return result;
}

function unknown(): Problem {
  return problem(404, 'expert-not-found');
}

/** What was and was not done is in the fault's own words. */
function exchangeAway(error: unknown): never {
  const code = 'telephone-exchange-unavailable';
  if (codeOf(error) !== code) throw error;
  throw problem(503, code, { detail: messageOf(error), headers: { 'retry-after': '2' }, cause: error });
}

function refuseRepeated(skills: readonly Skill[]): void {
  const repeated = repeatedSpecialty(skills);
  if (repeated !== null)
    throw fieldProblem('skill-repeated', 'body', '/skills', `${repeated} is named twice.`);
}

function unknownSpecialty(error: unknown): never {
  if (codeOf(error) !== FOREIGN_KEY) throw error;
  throw fieldProblem('specialty-unknown', 'body', '/skills', 'There is no such specialty.');
}
