import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { Log } from '../log.ts';
import { answerProblems } from './errors.ts';
import { sendSecurityHeaders } from './headers.ts';
import { addProbes, measureRequests } from './probes.ts';
import type { Readiness } from './readiness.ts';

export interface ProbesDeps {
  log: Log;
  registry: Registry;
  readiness: () => Promise<Readiness>;
}

/** The probes alone, for a process without the role `web`: its health and its figures are as much asked for as the others'. */
export function createProbesServer({ log, registry, readiness }: ProbesDeps): FastifyInstance {
  const logger: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
  });
  answerProblems(app);
  measureRequests(app, registry);
  sendSecurityHeaders(app, false);
  addProbes(app, registry, readiness);
  return app;
}
