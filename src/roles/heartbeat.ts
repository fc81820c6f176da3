import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';
import { HEARTBEAT_KEY, parseHeartbeat, type Heartbeat } from '../web/readiness.ts';

const EVERY_MS = 1000;
/** Three beats may be missed before the role counts as gone. */
const LIVES_MS = 3500;

export interface HeartbeatDeps {
  redis: Redis;
  log: Log;
  /** Which process this is; two may beat for a moment. */
  process: string;
  parts: () => Heartbeat['parts'];
  /** Tells a change that must not wait for the next beat. */
  onChange: (listener: () => void) => () => void;
  /** Our last word is gone, though it was to live longer than the time between two: Redis was emptied, or away for long. */
  onForgotten: () => void;
}

export interface Heart {
  /** Says a change now. */
  beat(): Promise<void>;
  /** Says nothing more: from now on another process's word stands. */
  stop(): void;
  /** The role is gone. */
  close(): Promise<void>;
}

/** Says in Redis, for any process to read, that the role `calls` lives and which of its parts work. */
export function startHeart({ redis, log, process, parts, onChange, onForgotten }: HeartbeatDeps): Heart {
  let silent = false;
  let stopped = false;
  let spoken = false;
  let client: number | null = null;
  const forget = (): void => void (client = null);
  redis.on('close', forget);

  async function beat(): Promise<void> {
    if (stopped) return;
    try {
      client ??= await redis.client('ID');
      if (stopped) return;
      const text = JSON.stringify({ process, client, parts: parts() } satisfies Heartbeat);
      const before = await redis.set(HEARTBEAT_KEY, text, 'PX', LIVES_MS, 'GET');
      silent = false;
      if (spoken && before === null && !stopped) onForgotten();
      spoken = true;
    } catch (error) {
      if (!silent) log.warn({ detail: messageOf(error) }, 'heartbeat.missed');
      silent = true;
    }
  }

  async function isOurs(): Promise<boolean> {
    const text = await redis.get(HEARTBEAT_KEY);
    return text !== null && (JSON.parse(text) as Heartbeat).process === process;
  }

  const timer = setInterval(() => void beat(), EVERY_MS);
  const unsubscribe = onChange(() => void beat());
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
    unsubscribe();
    redis.off('close', forget);
  };
  void beat();
  return {
    beat,
    stop,
    close: async () => {
      stop();
      try {
        if (await isOurs()) await redis.del(HEARTBEAT_KEY);
      } catch (error) {
        log.debug({ detail: messageOf(error) }, 'heartbeat.left');
      }
    },
  };
}

/** Whether the connection by which the owner speaks is closed. Numbers of connections are not used twice by one Redis. */
export async function hasHungUp(redis: Redis): Promise<boolean> {
  try {
    const { client } = parseHeartbeat((await redis.get(HEARTBEAT_KEY)) ?? '') ?? {};
    return client !== undefined && (await redis.call('CLIENT', 'LIST', 'ID', client)) === '';
  } catch {
    // Redis is away, or does not let us look: then the heartbeat alone tells.
    return false;
  }
}
