import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './faults.ts';
import { problem, type Problem } from './problem.ts';

const CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** A problem as the document of RFC 9457. requestId: found again in the log. */
export function problemDocument(
  { status, code, options }: Problem,
  requestId: string,
): Record<string, unknown> {
  const { detail, errors, members } = options;
  return {
    type: `urn:clinic-137:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
    instance: `urn:uuid:${requestId}`,
    ...(errors === undefined ? {} : { errors }),
    ...members,
  };
}

/** Errors, unknown paths and wrong methods all leave as problem documents. */
export function answerProblems(app: FastifyInstance): void {
  const methodsOf = rememberRoutes(app);
  app.setErrorHandler((error, request, reply) => sendProblem(problemOf(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = methodsOf(path);
    const answer =
      allowed.length === 0
        ? problem(404, 'not-found', 'There is nothing at this address.')
        : problem(405, 'method-not-allowed', { headers: { allow: allowed.join(', ') } });
    return sendProblem(answer, request, reply);
  });
}

export function sendProblem(answer: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // A refusal of our own making (not ready, the exchange away) is an answer; only what broke is a fault worth a line.
  if (answer.status >= 500 && (answer.status !== 503 || answer.cause !== undefined))
    request.log.error({ err: answer.cause ?? answer, code: answer.code }, 'request.failed');
  // The rest of a body that is too large is not read: the connection has no further use.
  if (answer.status === 413) void reply.header('connection', 'close');
  return reply
    .code(answer.status)
    .headers({ ...answer.options.headers })
    .header('content-type', CONTENT_TYPE)
    .serializer((text: string) => text)
    .send(JSON.stringify(problemDocument(answer, request.id)));
}

/** Which methods a path takes, from the routes as they are added. Call before any route is. */
function rememberRoutes(app: FastifyInstance): (path: string) => string[] {
  const routes: { methods: string[]; shape: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const shape = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : literally(part)))
      .join('/');
    routes.push({ methods: [method].flat(), shape: new RegExp(`^${shape}$`) });
  });
  return (path) => {
    const fitting = routes.filter((route) => route.shape.test(path)).flatMap((route) => route.methods);
    return [...new Set(fitting)].sort();
  };
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
