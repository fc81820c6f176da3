import type { Sender } from './senders.ts';

/*
 * Who guesses passwords. Asterisk has no brake of its own: whoever sends a thousand guesses a second gets a thousand
 * answers. Counted by address, since an attacker changes everything else at will.
 *
 * What a UDP request says of its sender is no proof. Even a wrong answer to our challenge can be sent under another's
 * address: Asterisk 22's nonce is not bound to an address (tried: the nonce one address was given is taken from another).
 * So a block is made to do little harm where it hits the wrong one:
 * - An address from which an expert has signed in within the last 30 days is never blocked: neither by a forged sender
 *   nor by one telephone with an old password among fifty in the same office. It is told to the operator instead. What an
 *   insider may guess so is a random password of 144 bits.
 * - A block has an end. It grows only for who goes on after it.
 * - Addresses of trunks fall out by themselves: no trunk is ever challenged. Those in NEVER_BLOCK are not even counted.
 */

export interface SuspectRules {
  /** Wrong passwords within ten minutes. */
  guesses: number;
  /** Requests without a password within one minute, with no right one since. */
  probes: number;
  /** First block; each repetition within a day takes twice as long, at most a day. */
  blockSeconds: number;
}

/** What an address has come to: `blocked` as of now, `spared` where only its good name kept it from that. */
export type Verdict = { address: string; outcome: 'blocked' | 'spared'; seconds: number; times: number };

export interface Suspects {
  /** @param now milliseconds since the epoch, never decreasing. Returns what changed, null for the ordinary. */
  note(sender: Sender, now: number): Verdict | null;
  /** Whose block has not ended. */
  blocked(now: number): string[];
  /** When the next block ends; null without any. */
  nextEnd(now: number): number | null;
  /** Addresses of good name, with the time of the last sign-in. */
  known(): ReadonlyMap<string, number>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const GUESS_WINDOW_MS = 10 * MINUTE_MS;
const PROBE_WINDOW_MS = MINUTE_MS;
/** Longer than the longest holidays, so that an office is known on the first morning after. */
export const KNOWN_MS = 30 * DAY_MS;
/** Forged senders are free of charge: the oldest is forgotten, so that they cost no memory. */
const MOST_ADDRESSES = 10_000;
/** Asterisk compares every request with every one of them; 500 cannot be told from none (measured: 0.2 ms a request). */
export const MOST_BLOCKED = 500;

interface Watched {
  wrong: number[];
  none: number[];
  blockedUntil: number;
  /** Blocks in a row, each less than a day after the one before. */
  times: number;
}

/** @param known addresses of good name from before, e.g. of the last start. */
export function createSuspects(rules: SuspectRules, known: Iterable<[string, number]> = []): Suspects {
  const records = new Map<string, Watched>();
  const signedIn = new Map(known);

  function recordOf(address: string): Watched {
    const record = records.get(address) ?? { wrong: [], none: [], blockedUntil: 0, times: 0 };
    // Newest last: the first of the map is the one longest silent.
    records.delete(address);
    records.set(address, record);
    if (records.size > MOST_ADDRESSES) forgetOldest();
    return record;
  }

  /** A blocked one is never pushed out: its block would have no end. */
  function forgetOldest(): void {
    for (const [address, { blockedUntil }] of records) {
      if (blockedUntil !== 0) continue;
      records.delete(address);
      return;
    }
  }

  function isKnown(address: string, now: number): boolean {
    const at = signedIn.get(address);
    return at !== undefined && now - at < KNOWN_MS;
  }

  function judge(address: string, record: Watched, now: number): Verdict | null {
    const tooMany =
      count(record.wrong, now - GUESS_WINDOW_MS) >= rules.guesses ||
      count(record.none, now - PROBE_WINDOW_MS) >= rules.probes;
    if (!tooMany) return null;
    record.wrong = [];
    record.none = [];
    if (isKnown(address, now)) return { address, outcome: 'spared', seconds: 0, times: record.times };
    if (blocked(now).length >= MOST_BLOCKED) return null;
    record.times = now - record.blockedUntil < DAY_MS ? record.times + 1 : 1;
    const seconds = Math.min(rules.blockSeconds * 2 ** (record.times - 1), DAY_MS / 1000);
    record.blockedUntil = now + seconds * 1000;
    return { address, outcome: 'blocked', seconds, times: record.times };
  }

  const blocked = (now: number): string[] =>
    [...records].filter(([, { blockedUntil }]) => blockedUntil > now).map(([address]) => address);

  return {
    note({ password, address }, now) {
      if (password === 'right') {
        signedIn.set(address, now);
        const record = records.get(address);
        if (record !== undefined) record.none = [];
        return null;
      }
      const record = recordOf(address);
      // What was under way when the block began.
      if (record.blockedUntil > now) return null;
      const most = password === 'wrong' ? rules.guesses : rules.probes;
      record[password] = [...record[password], now].slice(-most);
      return judge(address, record, now);
    },
    blocked,
    nextEnd(now) {
      const ends = [...records.values()].map(({ blockedUntil }) => blockedUntil).filter((end) => end > now);
      return ends.length === 0 ? null : Math.min(...ends);
    },
    known: () => signedIn,
  };
}

const count = (times: readonly number[], since: number): number => times.filter((at) => at > since).length;
