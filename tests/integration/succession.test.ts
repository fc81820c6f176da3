import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveCommands } from '../../src/platform/commands.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { startHeart, type Heart } from '../../src/roles/heartbeat.ts';
import { untilNeeded } from '../../src/roles/standby.ts';
import { askToYield, serveSuccession, type Succession } from '../../src/roles/succession.ts';
import { HEARTBEAT_KEY } from '../../src/web/readiness.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog, silentLog as log } from '../support/silent-log.ts';

/** What two processes say to each other when one takes the exchange over from the other. */

let url: string;
let redis: Redis;
let yields: boolean[];
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  url = await testRedis();
  redis = createRedis(url, log);
  yields = [];
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await closeRedis(redis);
});

function heart(process: string, onForgotten: () => void = () => undefined): Heart {
  const parts = () => ({ asterisk: true });
  const made = startHeart({ redis, log, process, parts, onChange: () => () => undefined, onForgotten });
  closing.push(() => made.close());
  return made;
}

async function predecessor(): Promise<Succession> {
  await heart('old').beat();
  const made = serveSuccession({ redis, log, onYield: (on) => yields.push(on) });
  closing.push(() => {
    made.finished({});
    return made.close();
  });
  return made;
}

/** An owner whose connection is closed without a word, its heartbeat left. */
async function hangsUp(): Promise<void> {
  const connection = createRedis(url, log);
  const parts = () => ({ asterisk: true });
  const made = startHeart({
    ...{ redis: connection, log, process: 'owner', parts },
    ...{ onChange: () => () => undefined, onForgotten: () => undefined },
  });
  await made.beat();
  made.stop();
  connection.disconnect();
}

describe('a heartbeat', () => {
  it('finds at its next beat that Redis was emptied, and not before', async () => {
    let forgotten = 0;
    const made = heart('new', () => (forgotten += 1));
    await made.beat();
    await made.beat();
    expect(forgotten).toBe(0);
    await redis.flushdb();
    await made.beat();
    expect(forgotten).toBe(1);
    await made.beat();
    expect(forgotten).toBe(1);
  });
});

describe('a successor', () => {
  it('asks nobody where nobody has a heartbeat', async () => {
    const { log: told, lines } = recordingLog();
    expect(await askToYield({ redis, log: told })).toBeNull();
    expect(lines).toEqual([]);
  });

  it('waits for nobody who was killed, and begins nothing heavy before', async () => {
    await hangsUp();
    let begun = 0;
    const prepared = () => Promise.resolve((begun += 1));
    expect(await askToYield({ redis, log }, prepared)).toBeNull();
    expect(begun).toBe(0);
    expect(await redis.exists(HEARTBEAT_KEY)).toBe(1);
  });

  it('is promised an orderly end, and told of it when what is in hand is finished', async () => {
    const old = await predecessor();
    const { log: told, lines } = recordingLog();
    const found = await askToYield({ redis, log: told });
    expect(yields).toEqual([true]);
    expect(old.replaced()).toBe(true);
    let isFinished = false;
    const waiting = found?.finished().then(() => (isFinished = true));
    await redis.ping();
    expect(isFinished).toBe(false);
    old.finished({ live: { talking: 2 } });
    await waiting;
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'exchange.handed-over', live: { talking: 2 } }),
    );
  });

  it('is answered though the predecessor had finished, and was ending, before it came to ask', async () => {
    const old = await predecessor();
    const { log: told, lines } = recordingLog();
    const found = await askToYield({ redis, log: told });
    old.finished({ outbox: 0 });
    const ended = old.close();
    await found?.finished();
    await ended;
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'exchange.handed-over', outbox: 0 }));
  });

  it('does not wait for one that was killed', async () => {
    await heart('killed').beat();
    const { log: told, lines } = recordingLog();
    expect(await askToYield({ redis, log: told })).toBeNull();
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'predecessor.silent', code: 'command-timeout' }),
    );
  });

  it('does not wait for one of a version that does not know the question', async () => {
    await heart('older').beat();
    const server = serveCommands({ redis, log, stream: '{commands}:succession' }, {});
    closing.push(() => server.close());
    const { log: told, lines } = recordingLog();
    expect(await askToYield({ redis, log: told })).toBeNull();
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'predecessor.silent', code: 'command-unknown' }),
    );
  });
});

describe('a process that nobody asked', () => {
  it('was not agreed with when it is replaced', async () => {
    expect((await predecessor()).replaced()).toBe(false);
  });
});

describe('the heartbeat of two processes', () => {
  it('of the one that ends takes nothing away from the other', async () => {
    const [old, fresh] = [heart('old'), heart('new')];
    await old.beat();
    old.stop();
    await fresh.beat();
    await old.beat();
    await old.close();
    expect(await redis.get(HEARTBEAT_KEY)).toContain('"new"');
    await fresh.close();
    expect(await redis.get(HEARTBEAT_KEY)).toBeNull();
  });
});

describe('a process that stands by', () => {
  it('is needed at once where the owner has hung up and does not answer', async () => {
    await hangsUp();
    const { log: told, lines } = recordingLog();
    await untilNeeded(redis, told, AbortSignal.timeout(20_000));
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'standby.takes-over', hungUp: true }));
    expect(await redis.exists(HEARTBEAT_KEY)).toBe(0);
  });

  it('is not needed where the owner answers by another connection', async () => {
    await hangsUp();
    const another = createRedis(url, log);
    const owner = serveSuccession({ redis: another, log, onYield: () => undefined });
    closing.push(async () => {
      await owner.close();
      await closeRedis(another);
    });
    const { log: told, lines } = recordingLog();
    await expect(untilNeeded(redis, told, AbortSignal.timeout(2000))).rejects.toThrow();
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'owner.answered' }));
    expect(lines.map(({ msg }) => msg)).not.toContain('standby.takes-over');
  });

  it('is not needed while the owner stands still with its connection open', async () => {
    await heart('owner').beat();
    const { log: told, lines } = recordingLog();
    await expect(untilNeeded(redis, told, AbortSignal.timeout(2000))).rejects.toThrow();
    expect(lines.map(({ msg }) => msg)).toEqual(['standby.waiting']);
  });
});
