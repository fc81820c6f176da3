import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toStory } from '../cases/answers.ts';
import { ownCaseOnly } from '../cases/routes.ts';
import { StorySchema } from '../cases/schemas.ts';
import type { Cases, CaseStory } from '../cases/service.ts';
import type { Clock } from '../clock.ts';
import { seesWholeNumbers } from '../staff/rules.ts';
import { allow, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { problem, type Problem } from '../web/problem.ts';
import type { CallbackDesk, DeskRefusal } from './desk.ts';
import { CallAtSchema, CallbackById } from './schemas.ts';

export interface CallbackRoutesDeps {
  desk: CallbackDesk;
  cases: Pick<Cases, 'find'>;
  clock: Clock;
}

const tags = ['cases'];
/** An expert: of the own cases. */
const actors = allow('supervisor', 'reviewer', 'expert');

/** When the citizen of a case is called back. */
export function callbackRoutes({ desk, cases, clock }: CallbackRoutesDeps): FastifyPluginCallbackTypebox {
  const send = (request: FastifyRequest, reply: FastifyReply, came: CaseStory | DeskRefusal) => {
    if (typeof came === 'string') throw refusal(came);
    const whole = seesWholeNumbers(signedIn(request).role);
    return reply.header('etag', etag(came.version)).send(toStory(came, whole, clock.now()));
  };
  const own = (request: FastifyRequest) => ownCaseOnly(cases, request);
  const hooks = { config: { access: actors }, onRequest: own };
  return (app, _options, done) => {
    const put = {
      tags,
      summary: 'Have the citizen called, now or later',
      description: 'They are called when an expert is free for them, in the place of their first call.',
      ...{ params: CallbackById, body: CallAtSchema, response: { 200: StorySchema } },
    };
    app.put('/cases/:id/callback', { ...hooks, schema: put }, async (request, reply) => {
      const matches = ifMatch(request);
      const { at } = request.body;
      const atMs = at === undefined ? clock.now() : Date.parse(at);
      const { accountId, actor, role } = signedIn(request);
      const came = await desk.callAt(request.params.id, atMs, { accountId, actor, role }, matches);
      return send(request, reply, came);
    });
    const remove = {
      tags,
      summary: 'Do not have the citizen called',
      ...{ params: CallbackById, response: { 200: StorySchema } },
    };
    app.delete('/cases/:id/callback', { ...hooks, schema: remove }, async (request, reply) => {
      const matches = ifMatch(request);
      const { accountId, actor, role } = signedIn(request);
      const came = await desk.takeBack(request.params.id, { accountId, actor, role }, matches);
      return send(request, reply, came);
    });
    done();
  };
}

function refusal(refused: DeskRefusal): Problem {
  switch (refused) {
    case 'unknown':
      return problem(404, 'case-not-found');
    case 'not-yours':
      return problem(403, 'not-yours', 'This case belongs to somebody else.');
    case 'stale':
      return stale();
    case 'not-now':
      return problem(409, 'case-not-so', 'In the state the case is in, nobody is called.');
    case 'under-way':
      return problem(409, 'callback-under-way', 'The citizen is being called, or is next in line for it.');
    case 'none':
      return problem(409, 'callback-none', 'Nobody is to be called for this case.');
    case 'no-trunk':
      return problem(409, 'callback-no-trunk', 'No trunk is configured by which citizens could be called.');
    case 'number-missing':
      return problem(409, 'callback-number-missing', 'The case has no number that could be called.');
    case 'destination-refused':
      return problem(409, 'callback-destination-refused', 'This number is none that may be called.');
    case 'listed':
      return problem(
        409,
        'callback-number-listed',
        'This number is listed as a nuisance: no expert is rung.',
      );
  }
}
