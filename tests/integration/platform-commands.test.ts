import type { Redis } from 'ioredis';
import { Type } from 'typebox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  command,
  createCommandClient,
  serveCommands,
  type CommandClient,
  type CommandServer,
} from '../../src/platform/commands.ts';
import { fault } from '../../src/platform/fault.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

const REQUESTS = '{commands}:requests';
let redis: Redis;
let client: CommandClient;
let server: CommandServer | null;
let served: string[];

const handlers = {
  'presence.apply': command(Type.Object({ expertId: Type.String() }), ({ expertId }) => {
    served.push(expertId);
    return { expertId, intent: 'ready' };
  }),
  'loop.blocked': command(Type.Object({ ms: Type.Integer() }), ({ ms }) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
    return { ms };
  }),
  'nothing.told': command(Type.Object({}), () => undefined),
  'fault.known': command(Type.Object({}), () => {
    throw fault('expert-unknown', 'There is no e999');
  }),
  'fault.unknown': command(Type.Object({}), () => Promise.reject(new Error('secret detail'))),
};

beforeEach(async () => {
  redis = createRedis(await testRedis(), silentLog);
  client = createCommandClient({ redis, log: silentLog });
  served = [];
  server = null;
});
afterEach(async () => {
  await server?.close();
  await client.close();
  await closeRedis(redis);
});

const serve = (): void => {
  server = serveCommands({ redis, log: silentLog }, handlers);
};

test('a command is answered', async () => {
  serve();
  expect(await client.send('presence.apply', { expertId: 'e001' }, { timeoutMs: 2000 })).toEqual({
    expertId: 'e001',
    intent: 'ready',
  });
  expect(await client.send('nothing.told', {}, { timeoutMs: 2000 })).toBeNull();
});

test('an answer that lies there when a blocked loop goes on is heard, though its time is over', async () => {
  serve();
  const payload = { ms: 600 };
  expect(await client.send('loop.blocked', payload, { timeoutMs: 300 })).toEqual(payload);
});

test('a hundred at once each get their own answer, and nothing stays behind', async () => {
  serve();
  const ids = Array.from({ length: 100 }, (_, n) => `e${n + 100}`);
  const answers = await Promise.all(
    ids.map((expertId) =>
      client.send<{ expertId: string }>('presence.apply', { expertId }, { timeoutMs: 5000 }),
    ),
  );
  expect(answers.map((answer) => answer.expertId)).toEqual(ids);
  expect(await redis.xlen(REQUESTS)).toBe(0);
});

test('a command sent before its server starts is served within its time', async () => {
  const answer = client.send('presence.apply', { expertId: 'e002' }, { timeoutMs: 5000 });
  await waitFor(async () => (await redis.xlen(REQUESTS)) === 1);
  serve();
  expect(await answer).toMatchObject({ expertId: 'e002' });
});

test('nobody there: the sender is told in time, and the command is never carried out', async () => {
  const begun = performance.now();
  await expect(client.send('presence.apply', { expertId: 'e003' }, { timeoutMs: 100 })).rejects.toMatchObject(
    { code: 'command-timeout' },
  );
  expect(performance.now() - begun).toBeLessThan(8000);
  serve();
  await waitFor(async () => (await redis.xlen(REQUESTS)) === 0);
  await client.send('presence.apply', { expertId: 'e004' }, { timeoutMs: 2000 });
  expect(served).toEqual(['e004']);
});

test('two servers: one of them carries it out', async () => {
  serve();
  const other = serveCommands({ redis, log: silentLog }, handlers);
  const ids = Array.from({ length: 50 }, (_, n) => `e${n + 100}`);
  await Promise.all(ids.map((expertId) => client.send('presence.apply', { expertId }, { timeoutMs: 5000 })));
  expect(served.sort()).toEqual(ids);
  await other.close();
});

test.each([
  ['fault.known', {}, 'expert-unknown', 'There is no e999'],
  ['fault.unknown', {}, 'command-failed', 'fault.unknown failed'],
  [
    'presence.apply',
    { expertId: 7 },
    'command-invalid',
    'The payload of presence.apply does not fit its schema',
  ],
  ['presence.apply', null, 'command-invalid', 'The payload of presence.apply does not fit its schema'],
  ['no.such', {}, 'command-unknown', 'There is no command no.such'],
  ['constructor', {}, 'command-unknown', 'There is no command constructor'],
])('%s %j is told as %s', async (name, payload, code, message) => {
  serve();
  await expect(client.send(name, payload, { timeoutMs: 2000 })).rejects.toMatchObject({ code, message });
  expect(served).toEqual([]);
});

test('a message that is no JSON harms nobody', async () => {
  const { log, lines } = recordingLog();
  server = serveCommands({ redis, log }, handlers);
  await redis.xadd(REQUESTS, '*', 'json', '{');
  expect(await client.send('presence.apply', { expertId: 'e005' }, { timeoutMs: 2000 })).toMatchObject({
    expertId: 'e005',
  });
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'stream-message.unreadable' }));
});

test('Redis emptied between two commands: the second is served', async () => {
  serve();
  await client.send('presence.apply', { expertId: 'e006' }, { timeoutMs: 2000 });
  await redis.flushdb();
  // Within the same millisecond an emptied stream gives out the same id again, and the reader takes it for read.
  const [seconds, micros] = await redis.time();
  await waitFor(async () => {
    const [nowSeconds, nowMicros] = await redis.time();
    const elapsed = (Number(nowSeconds) - Number(seconds)) * 1e6 + Number(nowMicros) - Number(micros);
    return elapsed > 2000;
  });
  expect(await client.send('presence.apply', { expertId: 'e007' }, { timeoutMs: 2000 })).toMatchObject({
    expertId: 'e007',
  });
});

test('who closes tells those who still wait', async () => {
  const waiting = expect(
    client.send('presence.apply', { expertId: 'e008' }, { timeoutMs: 60_000 }),
  ).rejects.toMatchObject({
    code: 'command-timeout',
  });
  await client.close();
  await waiting;
});
