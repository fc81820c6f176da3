import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';

/** What an outbox has to know of its entries and of where they go. */
export interface OutboxOptions<Entry> {
  redis: Redis;
  log: Log;
  /** Key of the stream; every process that writes to the same tables with the same code shares it. */
  stream: string;
  /** What tells two entries apart, e.g. `<callId>:<seq>`. */
  idOf: (entry: Entry) => string;
  /** Makes an entry of what the stream held; throws if it is none. */
  parse: (text: string) => Entry;
  /** Commits all of them, in order, or throws and leaves nothing. */
  write: (entries: readonly Entry[]) => Promise<void>;
  /** True if the error is the entries' own fault, so that trying again cannot help. */
  isPoison: (error: unknown) => boolean;
  /** Puts aside an entry that can never be written; throws if that cannot be done now. text: as the stream had it. */
  reject: (text: string, entry: Entry | null, error: unknown) => Promise<void>;
  batch?: number;
}
