import { STATUS_CODES } from 'node:http';
import cookie from '@fastify/cookie';
import type {
  FastifyPluginAsyncTypebox,
  FastifyPluginCallbackTypebox,
  TypeBoxTypeProvider,
} from '@fastify/type-provider-typebox';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { createAttempts } from '../staff/attempts.ts';
import { accountRoutes } from '../staff/account-routes.ts';
import { auditRoutes } from '../staff/audit-routes.ts';
import type { Staff } from '../staff/service.ts';
import { sessionRoutes } from '../staff/session-routes.ts';
import { authenticate } from './authentication.ts';
import { documentApi } from './documentation.ts';
import { answerProblems, problemDocument, sendProblem } from './errors.ts';
import { problemOf } from './faults.ts';
import { sendSecurityHeaders } from './headers.ts';
import { honourIdempotencyKeys } from './idempotency.ts';
import { addProbes, measureRequests } from './probes.ts';
import { problem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import { validatorCompiler } from './validation.ts';

/**
 * How a room opens its door: `routes.ts` exports a function from what it needs to a plugin, which is registered below
 * `/api/v1`. Each route says in `config.access` who may use it, checks what belongs to whom in its own `onRequest`
 * (before the body is read), describes itself in `schema`, and refuses by `throw problem(…)`.
 */
export type RoomRoutes = FastifyPluginCallbackTypebox | FastifyPluginAsyncTypebox;

export interface WebDeps {
  pool: Pool;
  redis: Redis;
  clock: Clock;
  log: Log;
  /** Figures of the whole process; HTTP's and the process's own are added. */
  registry: Registry;
  /** Address under which browsers reach the server; `https:` makes cookies secure. */
  publicUrl: string;
  /** Addresses of proxies whose X-Forwarded-For is believed (Fastify's `trustProxy`). Default: none. */
  trustProxy?: string | boolean;
  staff: Staff;
  readiness: () => Promise<Readiness>;
  rooms: readonly RoomRoutes[];
}

/** A note of 4,000 letters is 24 kB at most; nothing the API takes is longer. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** The longest a request may take to arrive: idle and dripping connections are cut. */
const REQUEST_WITHIN_MS = 30_000;
const API = '/api/v1';

/** The web server, assembled and ready, listening nowhere yet. Close it with `close()`; what it was given stays open. */
export async function createWeb(deps: WebDeps): Promise<FastifyInstance> {
  const { pool, clock, log, registry, publicUrl, staff } = deps;
  const app = createServer(log, deps.trustProxy ?? false);
  // The order matters: hooks run in the order they are added, and only for routes added after them.
  answerProblems(app);
  measureRequests(app, registry);
  sendSecurityHeaders(app, publicUrl.startsWith('https:'));
  await app.register(cookie);
  authenticate(app, staff.sessions, { publicUrl });
  honourIdempotencyKeys(app, pool, clock);
  await documentApi(app, publicUrl);
  addProbes(app, registry, deps.readiness);
  const attempts = createAttempts(deps.redis, clock, log);
  const rooms = [
    sessionRoutes({ sessions: staff.sessions, attempts, publicUrl }),
    accountRoutes(staff.accounts),
    auditRoutes(pool),
    ...deps.rooms,
  ];
  for (const room of rooms) await app.register((scope) => open(room, scope), { prefix: API });
  await app.ready();
  return app;
}

/** Fastify does not catch what a plugin with a callback throws: a route that is refused must end the start, not the process. */
function open(room: RoomRoutes, scope: FastifyInstance): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => (error === undefined ? resolve() : reject(error));
    const opening: unknown = room(scope.withTypeProvider<TypeBoxTypeProvider>(), {}, done);
    if (opening instanceof Promise) opening.then(() => resolve(), reject);
  });
}

function createServer(log: Log, trustProxy: string | boolean): FastifyInstance {
  const logger: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance: logger,
    // Requests are told by our own events; addresses and queries may hold personal data.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    genReqId: () => uuidv7(),
    // Addresses Fastify cannot even route meet no hook: they are answered here.
    frameworkErrors: (error, request, reply) => void sendProblem(problemOf(error), request, reply),
    clientErrorHandler: refuseConnection,
  });
  app.setValidatorCompiler(validatorCompiler);
  takeJsonOnly(app);
  return app;
}

/** Clients that always say `content-type: application/json` send no body with some requests; that is no body, not a bad one. */
function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    return parse(request, body.toString(), done);
  });
}

/** What is not HTTP at all, or too long a head. */
function refuseConnection(
  error: Error & { code?: string },
  socket: { writable: boolean; end(text: string): void; destroy(): void },
) {
  if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const code = { 431: 'headers-too-large', 408: 'request-timeout', 400: 'request-malformed' }[status];
  const body = JSON.stringify(problemDocument(problem(status, code), uuidv7()));
  const head = [
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head.join('\r\n')}\r\n\r\n${body}`,
  );
}
