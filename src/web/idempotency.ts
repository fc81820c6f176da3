import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Queryable } from '../platform/sql.ts';
import { claimKey, keepAnswer, releaseKey, type KeyedRequest } from '../staff/idempotency.ts';
import { signedIn } from './access.ts';
import { fieldProblem, problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while this request runs under a key of its sender. */
    keyed: KeyedRequest | null;
  }
}

const KEY_SHAPE = /^[\x21-\x7e]{1,200}$/;
/** What of an answer's head belongs to it, beside the body. */
const KEPT_HEADERS = ['location', 'etag'] as const;

/**
 * `Idempotency-Key` on routes marked `config.idempotent`: the same key and body get the first answer again, for a day.
 * Only answers of success are kept; a refused request created nothing and its key stays free.
 */
export function honourIdempotencyKeys(app: FastifyInstance, db: Queryable, clock: Clock): void {
  app.decorateRequest('keyed', null);

  app.addHook('preHandler', async (request, reply) => {
    const keyed = keyOf(request);
    if (keyed === null) return undefined;
    const claim = await claimKey(db, keyed, clock.now());
    switch (claim.state) {
      case 'ours':
        request.keyed = keyed;
        return undefined;
      case 'answered': {
        const { status, headers, payload } = claim.answer;
        return reply.code(status).headers(headers).header('idempotency-replayed', 'true').send(payload);
      }
      case 'other':
        throw problem(422, 'idempotency-key-reused', 'This key was used for another body.');
      case 'running':
        throw problem(409, 'idempotency-in-progress', {
          detail: 'The first request under this key still runs.',
          headers: { 'retry-after': '1' },
        });
      case 'lost':
        throw problem(
          409,
          'idempotency-result-lost',
          'How the first request ended is not known: look before you try another key.',
        );
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    if (request.keyed === null) return;
    try {
      await settle(db, request.keyed, reply, payload);
    } catch (error) {
      // The thing is made and its maker must hear of it; only a repetition will be refused as `lost`.
      request.log.error({ err: error }, 'idempotent-answer.lost');
    }
  });
}

function keyOf(request: FastifyRequest): KeyedRequest | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined || request.routeOptions.config.idempotent !== true) return null;
  if (typeof key !== 'string' || !KEY_SHAPE.test(key)) {
    throw fieldProblem(
      'idempotency-key-invalid',
      'headers',
      '/idempotency-key',
      'Use 1 to 200 visible ASCII characters.',
    );
  }
  const route = `${request.method} ${request.url.split('?', 1)[0] ?? ''}`;
  return { accountId: signedIn(request).accountId, route, key, hash: digest(request.body) };
}

/** Without passwords: a fast hash of one is as good as the password, and this one is kept. */
function digest(body: unknown): Buffer {
  const text = JSON.stringify(body ?? null, (name, value: unknown) =>
    name === 'password' ? undefined : value,
  );
  return createHash('sha256').update(text).digest();
}

async function settle(
  db: Queryable,
  keyed: KeyedRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const { statusCode: status } = reply;
  if (status < 200 || status > 299) return releaseKey(db, keyed);
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)] as const];
    }),
  );
  const parsed: unknown = typeof payload === 'string' && payload !== '' ? JSON.parse(payload) : null;
  return keepAnswer(db, keyed, { status, headers, payload: parsed });
}
