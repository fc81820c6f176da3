import { createProbesServer } from '../web/probes-server.ts';
import { createReadiness } from '../web/readiness.ts';
import type { RunningRole, Shared } from './role.ts';

/** What stands in for the role `web` in a process without it: `/healthz`, `/readyz` and `/metrics`, and nothing else. */
export async function startProbes({ config, log, pool, redis, registry }: Shared): Promise<RunningRole> {
  const app = createProbesServer({ log, registry, readiness: createReadiness({ pool, redis }) });
  const url = await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  log.info({ url }, 'probes.listening');
  return { close: () => app.close() };
}
