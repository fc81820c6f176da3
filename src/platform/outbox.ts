import { codeOf, messageOf } from './fault.ts';
import type { OutboxOptions } from './outbox-options.ts';
import { createOutboxStream } from './outbox-stream.ts';
import { createPending, type Pending } from './outbox-pending.ts';
import { aborted, pause } from './signals.ts';

/*
 * Entries on their way to PostgreSQL. Each is held in this process's memory and in a Redis stream until PostgreSQL has
 * it, so that any one of the three may be lost at any time:
 *
 *   process killed    the next one finds the entries in the stream and writes them first;
 *   Redis emptied     the entries are in memory and are appended to the stream again;
 *   PostgreSQL away   nothing waits for it; writing is tried again with growing pauses, and whatever waits goes in batches.
 *
 * An entry may therefore be written more than once: `write` must not mind (unique key, on conflict do nothing).
 * Memory is not bounded: a kilobyte an entry and twenty entries a call make a day of 10,000 calls 200 MB.
 */

export interface Outbox<Entry> {
  /**
   * Resolves as soon as the entry is durable in Redis or in PostgreSQL, whichever is first; waits while both are away.
   * Appending the same entry twice is one entry.
   */
  append(entry: Entry): Promise<void>;
  /** Takes over what a dead process left, then begins to write. Neither Redis nor PostgreSQL need be there. */
  start(): Promise<void>;
  /** Entries not yet in PostgreSQL. */
  depth(): number;
  /** The entry that waits longest; null where none does. */
  oldest(): Entry | null;
  /** Waits up to drainMs for what is left to be written, then stops; what is not stays in the stream. */
  close(drainMs?: number): Promise<void>;
}

/** What comes within this time goes in one transaction: a call's entries come in twos and threes, and nobody waits here. */
const GATHER_MS = 50;
const FIRST_PAUSE_MS = 100;
/** Also how soon an emptied Redis is noticed while PostgreSQL is away: the only time when it matters. */
const LONGEST_PAUSE_MS = 1000;

export function createOutbox<Entry>(options: OutboxOptions<Entry>): Outbox<Entry> {
  const { log, batch = 200 } = options;
  const pending = createPending(options.idOf);
  const stream = createOutboxStream(options, pending, () => wake());
  const closing = new AbortController();
  let started = false;
  let running: Promise<void> | null = null;
  let awayMs = 0;

  function wake(): void {
    if (!started || running !== null || closing.signal.aborted) return;
    running = pump().finally(() => {
      running = null;
      if (pending.size() > 0) wake();
    });
  }

  async function pump(): Promise<void> {
    while (pending.size() > 0 && !closing.signal.aborted) {
      if (pending.size() < batch) await pause(GATHER_MS, closing.signal);
      try {
        await writeSome(options, pending.first(batch), settle);
        if (awayMs > 0) log.info({ depth: pending.size() }, 'outbox.resumed');
        awayMs = 0;
      } catch (error) {
        if (awayMs === 0)
          log.warn(
            { code: codeOf(error), detail: messageOf(error), depth: pending.size() },
            'outbox.delayed',
          );
        awayMs = Math.min(Math.max(awayMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
        await pause(awayMs * (0.5 + Math.random() / 2), closing.signal);
        await stream.verify();
      }
    }
  }

  function settle(items: readonly Pending<Entry>[]): void {
    for (const item of items) pending.settle(item);
    stream.forget(items);
  }

  return {
    async append(entry) {
      const item = pending.add(entry, JSON.stringify(entry));
      stream.add(item);
      wake();
      return item.durable;
    },
    async start() {
      await stream.open();
      started = true;
      wake();
    },
    depth: () => pending.size(),
    oldest: () => pending.first(1)[0]?.entry ?? null,
    async close(drainMs = 2000) {
      const deadline = AbortSignal.timeout(drainMs);
      if (started && awayMs === 0 && pending.size() > 0)
        await Promise.race([pending.drained(), aborted(deadline)]);
      closing.abort();
      await running;
      await stream.close();
      if (pending.size() > 0) log.warn({ depth: pending.size() }, 'outbox.closed-with-entries');
    },
  };
}

/** Writes a batch; if one entry spoils it, writes them one by one and puts aside those that can never be written. */
async function writeSome<Entry>(
  options: OutboxOptions<Entry>,
  items: readonly Pending<Entry>[],
  settle: (items: readonly Pending<Entry>[]) => void,
): Promise<void> {
  try {
    await options.write(items.map((item) => item.entry));
    return settle(items);
  } catch (error) {
    if (!options.isPoison(error)) throw error;
  }
  for (const item of items) {
    try {
      await options.write([item.entry]);
    } catch (error) {
      if (!options.isPoison(error)) throw error;
      await putAside(options, item, error);
    }
    settle([item]);
  }
}

async function putAside<Entry>(
  options: OutboxOptions<Entry>,
  item: Pending<Entry>,
  error: unknown,
): Promise<void> {
  try {
    await options.reject(item.text, item.entry, error);
  } catch (cause) {
    if (!options.isPoison(cause)) throw cause;
    // Not even as a dead letter: it must not hold up the others, so it stays in the stream alone, for a person to look at.
    item.leftInStream = true;
    options.log.fatal({ id: item.id, detail: messageOf(cause) }, 'outbox-entry.refused');
  }
}
