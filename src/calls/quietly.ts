import type { Log } from '../log.ts';

/** For a request nobody waits for: that it failed is written down, and no more comes of it. */
export function quietly(request: Promise<unknown>, log: Log): void {
  request.catch((error: unknown) => log.warn({ err: error }, 'request.failed'));
}
