import { createProbesServer } from '../web/probes-server.ts';
import { createReadiness } from '../web/readiness.ts';
import { listenOn } from './listen.ts';
import type { RunningRole, Shared } from './role.ts';

/** What stands in for the role `web` in a process without it: `/healthz`, `/readyz` and `/metrics`, and nothing else. */
export async function startProbes(shared: Shared): Promise<RunningRole> {
  const { config, log, pool, redis, registry, draining } = shared;
  const app = createProbesServer({ log, registry, readiness: createReadiness({ pool, redis, draining }) });
  await listenOn(app, shared);
  log.info({ url: `http://${config.HTTP_HOST}:${config.HTTP_PORT}` }, 'probes.listening');
  return { close: () => app.close() };
}
