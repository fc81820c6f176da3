import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';

/**
 * Failed sign-ins are limited per address and per account name, in windows that begin with the first failure. Counted
 * before the password is checked and given back when it was right, so that a burst of guesses at once gains nothing
 * and people who know their password never meet the limit.
 *
 * The limit per name can be used to keep someone out, which is the lesser evil: the window is short, and the counter
 * is per name *and* network for the first, lower limit.
 */
const WINDOW_SECONDS = 300;
const LIMITS = { address: 30, 'name-and-address': 10, name: 50 } as const;

export interface Attempts {
  /** Counts an attempt. Seconds to wait if there were too many, else null. */
  take(address: string, username: string): Promise<number | null>;
  /** The attempt was right after all. */
  giveBack(address: string, username: string): Promise<void>;
}

type Counter = readonly [key: string, limit: number];

/** In Redis, so that all processes count together; in this process's memory while Redis is away. */
export function createAttempts(redis: Redis, clock: Clock, log: Log): Attempts {
  const memory = createMemory(clock);

  async function take(address: string, username: string): Promise<number | null> {
    const counters = countersOf(address, username);
    const counts = await countInRedis(counters).catch((error: unknown) => {
      log.warn({ detail: messageOf(error) }, 'sign-in-counter.fell-back');
      return counters.map(([key]) => memory.add(key, 1));
    });
    const waits = counters.flatMap(([, limit], index) => {
      const { count, leftSeconds } = counts[index] ?? { count: 0, leftSeconds: 0 };
      return count > limit ? [Math.max(1, leftSeconds)] : [];
    });
    return waits.length === 0 ? null : Math.max(...waits);
  }

  async function countInRedis(counters: readonly Counter[]) {
    const batch = redis.multi();
    for (const [key] of counters) batch.set(key, 0, 'EX', WINDOW_SECONDS, 'NX').incr(key).ttl(key);
    const replies = (await batch.exec()) ?? [];
    const numberAt = (index: number) => {
      const [error, value] = replies[index] ?? [new Error('no reply'), null];
      if (error !== null) throw error;
      return Number(value);
    };
    return counters.map((_, index) => ({
      count: numberAt(index * 3 + 1),
      leftSeconds: numberAt(index * 3 + 2),
    }));
  }

  async function giveBack(address: string, username: string): Promise<void> {
    const keys = countersOf(address, username).map(([key]) => key);
    const batch = redis.multi();
    for (const key of keys) batch.decr(key).expire(key, WINDOW_SECONDS, 'NX');
    await batch.exec().catch((error: unknown) => {
      log.warn({ detail: messageOf(error) }, 'sign-in-counter.fell-back');
      for (const key of keys) memory.add(key, -1);
    });
  }

  return { take, giveBack };
}

function countersOf(address: string, username: string): Counter[] {
  const network = networkOf(address);
  const name = username.toLowerCase();
  return [
    [`{web}:sign-in:address:${network}`, LIMITS.address],
    [`{web}:sign-in:name-and-address:${network}:${name}`, LIMITS['name-and-address']],
    [`{web}:sign-in:name:${name}`, LIMITS.name],
  ];
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':');
  const missing = address.includes('::')
    ? Array<string>(8 - groups.length - tail.split(':').length).fill('0')
    : [];
  return [...groups, ...missing].slice(0, 4).join(':');
}

/** Windows by key; forgets what is over when it grows. */
function createMemory(clock: Clock) {
  const windows = new Map<string, { count: number; endsAt: number }>();
  return {
    add(key: string, by: number): { count: number; leftSeconds: number } {
      const now = clock.monotonic();
      if (windows.size > 10_000)
        for (const [old, { endsAt }] of windows) if (endsAt <= now) windows.delete(old);
      const known = windows.get(key);
      const window =
        known === undefined || known.endsAt <= now
          ? { count: 0, endsAt: now + WINDOW_SECONDS * 1000 }
          : known;
      window.count = Math.max(0, window.count + by);
      windows.set(key, window);
      return { count: window.count, leftSeconds: Math.ceil((window.endsAt - now) / 1000) };
    },
  };
}
