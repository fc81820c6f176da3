import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fault, codeOf } from '../../src/platform/fault.ts';
import { createOutbox, type Outbox } from '../../src/platform/outbox.ts';
import type { OutboxOptions } from '../../src/platform/outbox-options.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { recordingLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

interface Word {
  id: string;
  word: string;
}

const STREAM = '{words}:entries';
let server: PrivateServer;
let redis: Redis;
let outbox: Outbox<Word>;
/** What the place of writing has taken, batch by batch, and whether it is there. */
let batches: string[][];
let away: boolean;
let rejected: string[];
let lines: Record<string, unknown>[];

beforeAll(async () => {
  server = await startPrivateRedis();
});
afterAll(() => server?.remove());

beforeEach(async () => {
  const recording = recordingLog();
  lines = recording.lines;
  redis = createRedis(server.url, recording.log);
  await redis.flushall();
  batches = [];
  rejected = [];
  away = false;
  outbox = make();
  await outbox.start();
});
afterEach(async () => {
  await outbox.close();
  await closeRedis(redis);
});

function make(overrides: Partial<OutboxOptions<Word>> = {}): Outbox<Word> {
  return createOutbox<Word>({
    redis,
    log: recordingLogOf(lines),
    stream: STREAM,
    idOf: (entry) => entry.id,
    parse: (text) => JSON.parse(text) as Word,
    write: (entries) => {
      if (away) return Promise.reject(new Error('away'));
      if (entries.some((entry) => entry.word === 'poison'))
        return Promise.reject(fault('word-refused', 'poison'));
      batches.push(entries.map((entry) => entry.id));
      return Promise.resolve();
    },
    isPoison: (error) => codeOf(error) === 'word-refused',
    reject: (_, entry) => {
      rejected.push(entry?.id ?? '?');
      return Promise.resolve();
    },
    batch: 3,
    ...overrides,
  });
}

function recordingLogOf(into: Record<string, unknown>[]): OutboxOptions<Word>['log'] {
  const { log, lines: own } = recordingLog();
  own.push = (...items) => into.push(...items);
  return log;
}

const word = (id: number, text = 'word'): Word => ({ id: String(id), word: text });

test('entries go in the order they came, in batches no larger than asked for', async () => {
  away = true;
  await Promise.all(Array.from({ length: 8 }, (_, n) => outbox.append(word(n))));
  expect(outbox.depth()).toBe(8);
  away = false;
  await waitFor(() => outbox.depth() === 0);
  expect(batches.flat()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(3);
});

test('what comes in quick succession goes in one batch', async () => {
  await outbox.append(word(1));
  await outbox.append(word(2));
  await waitFor(() => outbox.depth() === 0);
  expect(batches).toEqual([['1', '2']]);
});

test('an entry appended again while it waits is one entry', async () => {
  away = true;
  await Promise.all([outbox.append(word(1)), outbox.append(word(1))]);
  expect(outbox.depth()).toBe(1);
  expect(await redis.xlen(STREAM)).toBe(1);
  away = false;
  await waitFor(() => outbox.depth() === 0);
  expect(batches).toEqual([['1']]);
});

test('a poisonous entry is put aside alone; those beside it in the batch are written', async () => {
  away = true;
  await Promise.all([word(1), word(2, 'poison'), word(3), word(4)].map((entry) => outbox.append(entry)));
  away = false;
  await waitFor(() => outbox.depth() === 0);
  expect(rejected).toEqual(['2']);
  expect(batches.flat()).toEqual(['1', '3', '4']);
});

test('one that cannot even be put aside stays in the stream for a person to look at, and holds up nobody', async () => {
  await outbox.close();
  outbox = make({ reject: () => Promise.reject(fault('word-refused', 'not even so')) });
  await outbox.start();
  await Promise.all([word(1, 'poison'), word(2)].map((entry) => outbox.append(entry)));
  await waitFor(() => outbox.depth() === 0);
  expect(batches.flat()).toEqual(['2']);
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'outbox-entry.refused', id: '1', level: 60 }));
  await waitFor(async () => (await redis.xlen(STREAM)) === 1);
});

test('says once that writing is delayed and once that it goes on', async () => {
  away = true;
  let tries = 0;
  await outbox.close();
  outbox = make({
    write: () => (++tries < 4 ? Promise.reject(new Error('away')) : Promise.resolve()),
  });
  await outbox.start();
  await outbox.append(word(1));
  await waitFor(() => outbox.depth() === 0);
  const told = lines.map((line) => line['msg']).filter((message) => String(message).startsWith('outbox.'));
  expect(told).toEqual(['outbox.delayed', 'outbox.resumed']);
});

test('a Redis that is full refuses, and the place of writing takes the entry', async () => {
  await redis.config('SET', 'maxmemory', '1');
  await outbox.append(word(1));
  expect(batches).toEqual([['1']]);
  await waitFor(() => lines.some((line) => line['msg'] === 'outbox-stream.refused'));
  await redis.config('SET', 'maxmemory', '0');
});

test('a Redis that was full is given what it missed', async () => {
  away = true;
  await redis.config('SET', 'maxmemory', '1');
  const durable = outbox.append(word(1));
  await waitFor(() => lines.some((line) => line['msg'] === 'outbox-stream.refused'));
  await redis.config('SET', 'maxmemory', '0');
  await durable;
  expect(await redis.xlen(STREAM)).toBe(1);
  away = false;
});

test('closing while writing is impossible does not wait, and leaves the entries to the next process', async () => {
  away = true;
  await outbox.append(word(1));
  await waitFor(() => lines.some((line) => line['msg'] === 'outbox.delayed'));
  const begun = performance.now();
  await outbox.close(60_000);
  expect(performance.now() - begun).toBeLessThan(30_000);
  away = false;
  outbox = make();
  await outbox.start();
  await waitFor(() => outbox.depth() === 0);
  expect(batches).toEqual([['1']]);
  await waitFor(async () => (await redis.xlen(STREAM)) === 0);
});

test('an entry whose append got no answer is found in the stream and removed when all is written', async () => {
  const other = createRedis(server.url, recordingLogOf(lines));
  await outbox.close();
  // A connection cut while Redis is held up: the append is carried out, its answer never arrives.
  const cut = createRedis(server.url, recordingLogOf(lines));
  outbox = make({ redis: cut });
  await outbox.start();
  const again = once(cut, 'close').then(() => once(cut, 'ready'));
  await other.client('PAUSE', 300, 'ALL');
  const durable = outbox.append(word(1));
  cut.disconnect(true);
  await durable;
  await again;
  await waitFor(async () => (await other.xlen(STREAM)) === 0);
  expect(batches).toContainEqual(['1']);
  await outbox.close();
  await closeRedis(cut);
  await closeRedis(other);
});
