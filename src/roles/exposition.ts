import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import type { RunningRole } from './role.ts';

/**
 * `/metrics` and `/healthz` on a port of their own (METRICS_PORT): for processes without the role `web`, and where the
 * web's own port is open to the world.
 */
export async function exposeFigures(registry: Registry, host: string, port: number): Promise<RunningRole> {
  const server = createServer((request, reply) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (request.method !== 'GET') return void reply.writeHead(405, { allow: 'GET' }).end();
    if (path === '/healthz')
      return void reply.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"alive"}');
    if (path !== '/metrics') return void reply.writeHead(404).end();
    registry.metrics().then(
      (text) => reply.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => reply.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
