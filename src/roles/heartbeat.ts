import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { HEARTBEAT_KEY, type Heartbeat } from '../web/readiness.ts';

const EVERY_MS = 1000;
/** Three beats may be missed before the role counts as gone. */
const LIVES_MS = 3500;

export interface HeartbeatDeps {
  redis: Redis;
  log: Log;
  parts: () => Heartbeat['parts'];
  /** Tells a change that must not wait for the next beat. */
  onChange: (listener: () => void) => () => void;
}

/** Says in Redis, for any process to read, that the role `calls` lives and which of its parts work. */
export function beat({ redis, log, parts, onChange }: HeartbeatDeps): { close(): Promise<void> } {
  let silent = false;

  async function once(): Promise<void> {
    try {
      await redis.set(HEARTBEAT_KEY, JSON.stringify({ parts: parts() } satisfies Heartbeat), 'PX', LIVES_MS);
      silent = false;
    } catch (error) {
      if (!silent) log.warn({ detail: messageOf(error) }, 'heartbeat.missed');
      silent = true;
    }
  }

  const timer = setInterval(() => void once(), EVERY_MS);
  const stop = onChange(() => void once());
  void once();
  return {
    close: async () => {
      clearInterval(timer);
      stop();
      await redis
        .del(HEARTBEAT_KEY)
        .catch((error: unknown) => log.debug({ detail: messageOf(error) }, 'heartbeat.left'));
    },
  };
}
