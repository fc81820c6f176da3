import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { covers, ROLES } from '../staff/rules.ts';
import type { Access } from './access.ts';
import { ProblemSchema } from './problem.ts';

const PREFIX = '/api/docs';

/** The page loads its own files and the document, nothing else. Swagger UI sets styles of elements. */
const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface RouteFacts {
  method: string | string[];
  config?: { access?: Access; idempotent?: boolean };
}

/** The API describes itself: `/api/docs/json` (OpenAPI 3.1) and a page for people at `/api/docs`. Call before any route is added. */
export async function documentApi(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Citizen advisory clinic',
        version: '1',
        description:
          'Calls, experts, queues and hours of the clinic behind 137, option 8. Errors are RFC 9457 problem documents; decide by `code`.',
      },
      servers: [{ url: publicUrl }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'The token of `POST /api/v1/session`' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: described(schema, route), url }),
  });
  await app.register(async (scope) => {
    scope.addHook('onSend', (_request, reply, _payload, done) => {
      if (String(reply.getHeader('content-type')).startsWith('text/html')) {
        reply.header('content-security-policy', PAGE_CSP);
      }
      done();
    });
    const uiConfig = { validatorUrl: null, deepLinking: true };
    await scope.register(swaggerUi, { routePrefix: PREFIX, logLevel: 'warn', uiConfig });
  });
}

/** What every route has in common is written here once: how it refuses, who may use it, the headers it heeds. */
function described(schema: FastifySchema | undefined, { method, config }: RouteFacts): FastifySchema {
  const { access = 'anyone', idempotent = false } = config ?? {};
  const { body, params, querystring, response = {} } = schema ?? {};
  const takesInput = body !== undefined || params !== undefined || querystring !== undefined;
  const open = access === 'anyone';
  const statuses = [
    ...(takesInput ? [400] : []),
    ...(open ? [] : [401, 403]),
    ...(params === undefined ? [] : [404]),
    'default',
  ];
  const refusals = Object.fromEntries(statuses.map((status) => [status, refused]));
  const notes = [
    schema?.description,
    open ? undefined : `For: ${ROLES.filter((role) => covers(role, access.roles)).join(', ')}.`,
    idempotent && method === 'POST' ? 'Takes an `Idempotency-Key`.' : undefined,
  ].filter((note) => note !== undefined);
  return {
    ...schema,
    ...(notes.length === 0 ? {} : { description: notes.join('\n\n') }),
    ...(open ? {} : { security: [{ bearer: [] }] }),
    ...(querystring === undefined ? {} : { querystring: withoutDefaults(querystring as ObjectSchema) }),
    response: { ...refusals, ...(response as object) },
  };
}

const refused = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: ProblemSchema } },
};

interface ObjectSchema {
  properties?: Record<string, { default?: unknown }>;
  required?: string[];
}

/** What has a default need not be sent, though a handler always finds it. */
function withoutDefaults(schema: ObjectSchema): ObjectSchema {
  const { properties = {}, required = [] } = schema;
  return { ...schema, required: required.filter((name) => properties[name]?.default === undefined) };
}
