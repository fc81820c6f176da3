import type { Redis } from 'ioredis';
import { messageOf } from './fault.ts';
import type { OutboxOptions } from './outbox-options.ts';
import type { Pending, PendingEntries } from './outbox-pending.ts';
import { isReady } from './redis.ts';

/** The Redis side of an outbox. Nothing here throws: what Redis cannot take now it is given when it is back. */
export interface OutboxStream<Entry> {
  /** Takes over what the stream holds, now or as soon as Redis is there. */
  open(): Promise<void>;
  add(item: Pending<Entry>): void;
  /** The items need not be kept any longer. */
  forget(items: readonly Pending<Entry>[]): void;
  /** Compares a sample with the stream, and everything if the sample is not there: Redis was emptied. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

const PAGE = 500;
const FIRST_CONNECTION_MS = 2000;
/** Field of a stream entry that holds the entry as JSON. */
const FIELD = 'entry';

export function createOutboxStream<Entry>(
  options: OutboxOptions<Entry>,
  pending: PendingEntries<Entry>,
  found: () => void,
): OutboxStream<Entry> {
  const { redis, log, stream } = options;
  let opened = false;
  let reconciling: Promise<void> | null = null;
  /** An append got no answer: Redis may hold an entry under an id that nobody knows. */
  let inDoubt = false;
  const onReady = (): void => void reconcile();

  /** Makes stream and memory equal: takes over what memory does not know, appends what the stream does not hold. */
  function reconcile(): Promise<void> {
    reconciling ??= adopt()
      .then(() => {
        inDoubt = false;
        for (const item of pending.all()) if (item.streamIds.size === 0) add(item);
      })
      .catch((error: unknown) => log.warn({ detail: messageOf(error) }, 'outbox-stream.unread'))
      .finally(() => {
        reconciling = null;
        found();
      });
    return reconciling;
  }

  async function adopt(): Promise<void> {
    const held = new Set<string>();
    // Ids given while the stream is read are newer than what is read: only earlier ones can be found missing.
    const known = [...pending.all()].map((item) => ({ item, ids: [...item.streamIds] }));
    for (let from = '-'; ;) {
      const page = await redis.xrange(stream, from, '+', 'COUNT', PAGE);
      for (const [streamId, fields] of page) {
        held.add(streamId);
        await take(streamId, fields[fields.indexOf(FIELD) + 1] ?? '');
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      from = `(${last[0]}`;
    }
    for (const { item, ids } of known) for (const id of ids) if (!held.has(id)) item.streamIds.delete(id);
  }

  async function take(streamId: string, text: string): Promise<void> {
    let entry: Entry;
    try {
      entry = options.parse(text);
    } catch (error) {
      await putAside(streamId, text, error);
      return;
    }
    const item = pending.add(entry, text);
    item.streamIds.add(streamId);
    item.isDurable();
  }

  async function putAside(streamId: string, text: string, error: unknown): Promise<void> {
    try {
      await options.reject(text, null, error);
      await redis.xdel(stream, streamId);
    } catch (cause) {
      log.error({ streamId, detail: messageOf(cause) }, 'outbox-entry.unreadable');
    }
  }

  function add(item: Pending<Entry>): void {
    if (!isReady(redis) || item.appending || item.settled) return;
    item.appending = true;
    redis
      .xadd(stream, '*', FIELD, item.text)
      .then((streamId) => {
        item.appending = false;
        if (streamId === null) return;
        item.streamIds.add(streamId);
        item.isDurable();
        if (item.settled) forget([item]);
      })
      .catch((error: unknown) => {
        item.appending = false;
        inDoubt = true;
        log.warn({ id: item.id, detail: messageOf(error) }, 'outbox-stream.refused');
      });
  }

  function forget(items: readonly Pending<Entry>[]): void {
    if (inDoubt && pending.size() === 0 && isReady(redis)) void reconcile();
    const ids = items.flatMap((item) => (item.leftInStream ? [] : [...item.streamIds]));
    if (ids.length === 0 || !isReady(redis)) return;
    // Not deleted is not lost: the entry is met at the next reconciliation, written in vain, and deleted then.
    redis
      .xdel(stream, ...ids)
      .catch((error: unknown) => log.debug({ detail: messageOf(error) }, 'outbox-stream.undeleted'));
  }

  return {
    async open() {
      opened = true;
      redis.on('ready', onReady);
      await firstConnection(redis);
      if (isReady(redis)) await reconcile();
    },
    add,
    forget,
    async verify() {
      if (!opened || !isReady(redis)) return;
      try {
        if (await isWhole(redis, stream, pending)) return;
      } catch (error) {
        return log.debug({ detail: messageOf(error) }, 'outbox-stream.unread');
      }
      await reconcile();
    },
    async close() {
      redis.off('ready', onReady);
      await reconciling;
    },
  };
}

/** False if the oldest or the newest entry, or one never taken, is not in the stream. */
async function isWhole<Entry>(
  redis: Redis,
  stream: string,
  pending: PendingEntries<Entry>,
): Promise<boolean> {
  const items = [...pending.all()];
  if (items.some((item) => item.streamIds.size === 0 && !item.appending)) return false;
  for (const item of [items[0], items.at(-1)]) {
    const [id] = item?.streamIds ?? [];
    if (id !== undefined && (await redis.xrange(stream, id, id)).length === 0) return false;
  }
  return true;
}

function firstConnection(redis: Redis): Promise<void> {
  if (isReady(redis)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      redis.off('ready', done);
      resolve();
    };
    const timer = setTimeout(done, FIRST_CONNECTION_MS);
    redis.on('ready', done);
  });
}
