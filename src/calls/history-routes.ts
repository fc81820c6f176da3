import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { maskNumber } from '../log.ts';
import { seesWholeNumbers } from '../staff/rules.ts';
import { allow, holds, ownExpertOnly, signedIn } from '../web/access.ts';
import { problem } from '../web/problem.ts';
import { closed, ExpertId, Instant, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';
import { casesOfNumber, earlierCalls } from './history-store.ts';
import { CallById, EndingSchema, OutcomeShown } from './schemas.ts';
import { findCall, type CallRow } from './store.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

/** What somebody can look at while a citizen speaks. */
const SHOWN = 50;

const EarlierCallSchema = Type.Object({
  id: Uuid,
  direction: Type.Enum(['inbound', 'outbound']),
  specialty: nullable(SpecialtyKey),
  enteredAt: Instant,
  ending: nullable(EndingSchema),
  expertId: nullable(ExpertId),
  expertName: nullable(Type.String()),
  talkSeconds: nullable(Type.Number({ minimum: 0 })),
  outcome: nullable(OutcomeShown),
  caseId: nullable(Uuid),
});

const EarlierCaseSchema = Type.Object({
  id: Uuid,
  reference: Type.String(),
  reason: Type.String(),
  state: Type.String(),
  specialty: nullable(SpecialtyKey),
  openedAt: Instant,
});

const HistorySchema = Type.Object({
  callId: Uuid,
  caller: nullable(
    Type.String({ description: 'E.164; masked below supervisor; null: nobody we could know again' }),
  ),
  calls: Type.Array(EarlierCallSchema, { description: `The ${SHOWN} latest before this one, newest first` }),
  cases: Type.Array(EarlierCaseSchema, { description: `The ${SHOWN} latest, newest first` }),
});

/** The citizen's earlier calls and cases, for the expert who has the citizen on the line or writes down what came of it. */
export function addHistoryRoute(app: App, { pool }: { pool: Pool }): void {
  const schema = {
    tags: ['calls'],
    summary: "The citizen's earlier calls and cases",
    description: 'For an expert while the talk or its wrap-up lasts: afterwards it is no business of theirs.',
    ...{ params: CallById, querystring: closed({}), response: { 200: HistorySchema } },
  };
  const own = (request: FastifyRequest) => ownLiveTalkOnly(pool, request);
  const access = allow('supervisor', 'expert');
  app.get('/calls/:id/history', { config: { access }, onRequest: own, schema }, async (request) => {
    const call = await findCall(pool, request.params.id);
    if (call === null) throw problem(404, 'call-not-found');
    const { id, caller } = call;
    const whole = seesWholeNumbers(signedIn(request).role);
    if (caller === null) return { callId: id, caller: null, calls: [], cases: [] };
    const [calls, cases] = await Promise.all([
      earlierCalls(pool, caller, id, SHOWN),
      casesOfNumber(pool, caller, SHOWN),
    ]);
    return {
      ...{ callId: id, caller: whole ? caller : maskNumber(caller) },
      calls: calls.map((one) => ({ ...one, enteredAt: one.enteredAt.toISOString() })),
      cases: cases.map((one) => ({ ...one, openedAt: one.openedAt.toISOString() })),
    };
  });
}

const WITH_EXPERT: readonly CallRow['state'][] = ['talking', 'wrap-up'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** As with the call itself: whether another's exists is not an expert's to know. An id that is none is left to the schema. */
async function ownLiveTalkOnly(pool: Pool, request: FastifyRequest): Promise<void> {
  const { id } = request.params as { id: string };
  if (holds(request, 'supervisor') || !UUID.test(id)) return;
  const call = await findCall(pool, id);
  ownExpertOnly(request, call?.expertId ?? null);
  if (call !== null && !WITH_EXPERT.includes(call.state))
    throw problem(
      403,
      'talk-over',
      'The talk is over: what else the citizen has called about is no longer yours.',
    );
}
