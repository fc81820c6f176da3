import type { FastifyInstance } from 'fastify';
import { Histogram, collectDefaultMetrics, type Registry } from 'prom-client';
import { Type } from 'typebox';
import { problem } from './problem.ts';
import { ACCEPTING, type Readiness } from './readiness.ts';

/** For machines that watch: alive, ready, figures. Open to anyone on the server's own address; nothing personal in them. */

const tags = ['probes'];
const config = { access: 'anyone' } as const;
/** Reads take milliseconds, a password check some thirty; whatever is beyond ten seconds is broken alike. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export function addProbes(
  app: FastifyInstance,
  registry: Registry,
  readiness: () => Promise<Readiness>,
): void {
  const Alive = Type.Object({ status: Type.Literal('alive') });
  app.get('/healthz', { config, schema: { tags, summary: 'Alive', response: { 200: Alive } } }, () => ({
    status: 'alive',
  }));

  const Ready = Type.Object({
    status: Type.Literal('ready'),
    parts: Type.Record(Type.String(), Type.Boolean()),
  });
  const ready = {
    tags,
    summary: 'May take calls; otherwise says which part may not',
    response: { 200: Ready },
  };
  app.get('/readyz', { config, schema: ready }, async () => {
    const parts = await readiness();
    const missing = Object.keys(parts).filter((part) => parts[part] === false);
    if (missing.length === 0) return { status: 'ready', parts };
    if (missing.includes(ACCEPTING))
      throw problem(503, 'draining', {
        detail: 'This process takes nothing new: it hands its work over and ends.',
        members: { parts },
        headers: { 'retry-after': '1' },
      });
    throw problem(503, 'not-ready', {
      detail: `Not ready: ${missing.join(', ')}.`,
      members: { parts },
      headers: { 'retry-after': '1' },
    });
  });

  const metrics = {
    tags,
    summary: 'Prometheus figures',
    produces: ['text/plain'],
    response: { 200: { description: 'OK', content: { 'text/plain': { schema: Type.String() } } } },
  };
  app.get('/metrics', { config, schema: metrics }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}

/** How long requests take, by route pattern and never by address: ids would make endless series. */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const duration = new Histogram({
    name: 'clinic_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1000;
    duration.observe({ method: request.method, route, status: reply.statusCode }, seconds);
    request.log.debug(
      { method: request.method, route, status: reply.statusCode, seconds },
      'request.answered',
    );
  });
}
