import type { FastifyInstance } from 'fastify';
import { codeOf } from '../platform/fault.ts';
import type { Shared } from './role.ts';

/** A predecessor on the same address is given the time it takes to end (see main.ts). */
const PORT_WITHIN_MS = 12_000;
const LOOK_AGAIN_MS = 50;

/** Takes the port as soon as a predecessor that hands over has left it. */
export async function listenOn(
  app: FastifyInstance,
  { config, log }: Pick<Shared, 'config' | 'log'>,
): Promise<void> {
  const deadline = performance.now() + PORT_WITHIN_MS;
  for (let first = true; ; first = false) {
    try {
      await app.listen({
        ...{ host: config.HTTP_HOST, port: config.HTTP_PORT },
        // Fastify's own line, which would be a sentence.
        listenTextResolver: () => 'web.bound',
      });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || performance.now() > deadline) throw error;
      if (first) log.warn({ port: config.HTTP_PORT }, 'port.awaited');
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
}
