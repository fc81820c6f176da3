import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../staff/audit.ts';
import { seesWholeNumbers } from '../staff/rules.ts';
import { allow, holds, ownExpertOnly, signedIn } from '../web/access.ts';
import { decodeCursor, listOf, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { toCall, toStory } from './answers.ts';
import { addFirstContactRoute } from './first-contact-routes.ts';
import { addHistoryRoute } from './history-routes.ts';
import { CallById, CallSchema, Filters, OutcomeSchema, StorySchema } from './schemas.ts';
import { callStory, findCall, listCalls, putOutcome } from './store.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const tags = ['calls'];
const readers = allow('supervisor', 'reviewer', 'auditor', 'expert');

export interface CallRoutesDeps {
  pool: Pool;
  clock: Clock;
}

/** Calls, how they went and why, and what came of them. Experts see the calls they answered. */
export function callRoutes({ pool, clock }: CallRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.addHook('onRequest', nameCall);
    addHistoryRoute(app, { pool });
    addFirstContactRoute(app, { pool, clock });
    const list = {
      tags,
      summary: 'Calls, newest first',
      querystring: Filters,
      response: { 200: listOf(CallSchema) },
    };
    app.get(
      '/calls',
      { config: { access: readers }, onRequest: ownFilterOnly, schema: list },
      async (request) => {
        const { limit, cursor, from, to, direction = 'inbound', ...others } = request.query;
        const expertId = isJustExpert(request) ? (signedIn(request).expertId ?? undefined) : others.expertId;
        const filters = { ...others, expertId, direction };
        const scope = listScope('calls', { ...filters, from, to });
        const after = decodeCursor(scope, cursor, UUID) ?? undefined;
        const span = { from: dateOf(from), to: dateOf(to) };
        const rows = await listCalls(pool, { ...filters, ...span, after, limit: limit + 1 });
        const whole = seesWholeNumbers(signedIn(request).role);
        return page(
          rows.map((row) => toCall(row, whole)),
          limit,
          scope,
          (call) => call.id,
        );
      },
    );

    const own = (request: FastifyRequest) => ownCallOnly(pool, request);
    const read = { tags, summary: 'A call', params: CallById, response: { 200: CallSchema } };
    app.get('/calls/:id', { config: { access: readers }, onRequest: own, schema: read }, async (request) => {
      const call = await findCall(pool, request.params.id);
      if (call === null) throw unknown();
      return toCall(call, seesWholeNumbers(signedIn(request).role));
    });

    const why = {
      tags,
      summary: 'How a call went, and why',
      params: CallById,
      response: { 200: StorySchema },
    };
    app.get(
      '/calls/:id/why',
      { config: { access: readers }, onRequest: own, schema: why },
      async (request) => {
        const { id } = request.params;
        const story = await callStory(pool, id);
        if (story === null) throw unknown();
        return toStory(id, story, seesWholeNumbers(signedIn(request).role));
      },
    );

    // No If-Match: earlier outcomes are kept as history, so the later of two changes overwrites nothing.
    const put = {
      tags,
      summary: 'Say what came of a call',
      params: CallById,
      body: OutcomeSchema,
      response: { 200: CallSchema },
    };
    const writers = allow('supervisor', 'expert');
    app.put(
      '/calls/:id/outcome',
      { config: { access: writers }, onRequest: own, schema: put },
      async (request) => {
        const { id } = request.params;
        const call = await findCall(pool, id);
        if (call === null) throw unknown();
        if (call.answeredAt === null)
          throw problem(409, 'call-not-answered', 'Nobody has talked with this citizen yet.');
        const { code, note = null, followUp = false } = request.body;
        const { actor, role } = signedIn(request);
        const changed = await putOutcome(pool, { callId: id, code, note, followUp, actor, version: null });
        if (changed === 'outcome-unknown')
          throw fieldProblem(changed, 'body', '/code', 'There is no such outcome.');
        if (typeof changed === 'string') throw unknown();
        // The note may speak of the citizen: it stays with the call. The outcome's own row names the actor in any case.
        await recordAudit(pool, {
          actor,
          action: 'outcome.set',
          subject: `call:${id}`,
          detail: { code, followUp },
        });
        request.log.info({ actor, code, followUp }, 'outcome.set');
        return toCall(changed, seesWholeNumbers(role));
      },
    );
    done();
  };
}

/** A call is followed through the log by its id, in requests about it too. */
function nameCall(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { id } = request.params as { id?: string };
  if (id !== undefined && UUID.test(id)) request.log = request.log.child({ callId: id });
  done();
}

/** An account that may read calls only because they are its own. */
function isJustExpert(request: FastifyRequest): boolean {
  return !holds(request, 'supervisor', 'reviewer', 'auditor');
}

/** An expert who asks for another's calls is refused rather than given an empty list. */
function ownFilterOnly(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { expertId } = request.query as { expertId?: string };
  if (isJustExpert(request) && expertId !== undefined) ownExpertOnly(request, expertId);
  done();
}

/**
 * Before the body is read. For an expert, a call that is not there is answered as one that is another's: whether it
 * exists is not theirs to know. An id that is none is left to the schema.
 */
async function ownCallOnly(pool: Pool, request: FastifyRequest): Promise<void> {
  const { id } = request.params as { id: string };
  if (!isJustExpert(request) || !UUID.test(id)) return;
  const call = await findCall(pool, id);
  ownExpertOnly(request, call?.expertId ?? null);
}

function unknown(): Problem {
  return problem(404, 'call-not-found');
}

function dateOf(instant: string | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant);
}
