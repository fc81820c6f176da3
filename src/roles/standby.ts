import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { createCommandClient } from '../platform/commands.ts';
import { codeOf } from '../platform/fault.ts';
import { pause } from '../platform/signals.ts';
import { HEARTBEAT_KEY } from '../web/readiness.ts';
import { hasHungUp } from './heartbeat.ts';
import { HOLDS, STREAM, thisProcess } from './succession.ts';

/*
 * A process that stands by. Nobody waits on its looking, so it may look by the clock. It takes over when the owner's heartbeat
 * has run out after 3.5 s, longer than the echo by which an owner trusts itself (asterisk/link.ts), so that one who was
 * stopped and wakes does not act beside us; and at once when the owner has hung up on Redis and does not answer: a process
 * that was killed hangs up on everybody, one that stands still does not. Should it live all the same, cut off from Redis
 * alone, the exchange tells it that it was replaced.
 */

const LOOK_EVERY_MS = 200;
/** A heartbeat that vanished before its time was taken away, by an emptied Redis: the owner's next beat puts it back. */
const NEXT_BEAT_MS = 1200;
const ANSWER_WITHIN_MS = 500;
/** What Redis says of the life left to a key that is not there. */
const GONE = -2;

/**
 * Resolves when the exchange has no owner: no heartbeat, and nobody who answers. A Redis that does not answer says nothing
 * of the owner, and without it nobody could take over.
 * @throws the signal's reason
 */
export async function untilNeeded(redis: Redis, log: Log, signal: AbortSignal): Promise<void> {
  log.info('standby.waiting');
  let left = 0;
  for (;;) {
    signal.throwIfAborted();
    const before = left;
    left = await leftMs(redis);
    const hungUp = left !== GONE && (await hasHungUp(redis));
    // A process that is gone is not asked for the exchange once more.
    if (hungUp && !(await answers(redis, log))) {
      await redis.del(HEARTBEAT_KEY);
      return log.warn({ hungUp }, 'standby.takes-over');
    }
    if (left === GONE) {
      if (before > 2 * LOOK_EVERY_MS) await pause(NEXT_BEAT_MS, signal);
      if ((await leftMs(redis)) === GONE && !(await answers(redis, log)))
        return log.warn({ hungUp }, 'standby.takes-over');
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** How long the owner's heartbeat still lives; a Redis that does not answer is no reason to think it gone. */
const leftMs = (redis: Redis): Promise<number> => redis.pttl(HEARTBEAT_KEY).catch(() => 0);

/** Whether somebody has the exchange all the same. */
async function answers(redis: Redis, log: Log): Promise<boolean> {
  const client = createCommandClient({ redis, log, stream: STREAM });
  try {
    const owner = await client.send(HOLDS, { by: thisProcess() }, { timeoutMs: ANSWER_WITHIN_MS });
    log.warn({ owner }, 'owner.answered');
    return true;
  } catch (error) {
    log.info({ code: codeOf(error) }, 'owner.silent');
    return false;
  } finally {
    await client.close();
  }
}
