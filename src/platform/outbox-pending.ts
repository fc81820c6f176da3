/** One entry that PostgreSQL does not have yet. */
export interface Pending<Entry> {
  id: string;
  entry: Entry;
  text: string;
  /** Ids under which Redis holds it: none while Redis is away, several after it was appended again. */
  streamIds: Set<string>;
  /** Set while an append to the stream is under way. */
  appending: boolean;
  /** Resolves when the entry is durable outside this process. */
  durable: Promise<void>;
  isDurable: () => void;
  settled: boolean;
  /** Settled, but to be left in the stream for a person to look at. */
  leftInStream: boolean;
}

/** The entries of an outbox that PostgreSQL does not have yet, in the order they came. */
export interface PendingEntries<Entry> {
  /** The entry's item; the known one if it is pending already. */
  add(entry: Entry, text: string): Pending<Entry>;
  find(id: string): Pending<Entry> | undefined;
  first(count: number): Pending<Entry>[];
  all(): Iterable<Pending<Entry>>;
  /** PostgreSQL has it, or it was put aside for good. */
  settle(item: Pending<Entry>): void;
  size(): number;
  /** Resolves when there are none. */
  drained(): Promise<void>;
}

export function createPending<Entry>(idOf: (entry: Entry) => string): PendingEntries<Entry> {
  const items = new Map<string, Pending<Entry>>();
  let waiting: (() => void)[] = [];
  return {
    add(entry, text) {
      const id = idOf(entry);
      const known = items.get(id);
      if (known !== undefined) return known;
      const { promise, resolve } = withResolvers();
      const item = {
        id,
        entry,
        text,
        streamIds: new Set<string>(),
        appending: false,
        durable: promise,
        isDurable: resolve,
        settled: false,
        leftInStream: false,
      };
      items.set(id, item);
      return item;
    },
    find: (id) => items.get(id),
    first(count) {
      const taken: Pending<Entry>[] = [];
      for (const item of items.values()) if (taken.push(item) >= count) break;
      return taken;
    },
    all: () => items.values(),
    settle(item) {
      item.settled = true;
      item.isDurable();
      items.delete(item.id);
      if (items.size > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    size: () => items.size,
    drained: () => (items.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
