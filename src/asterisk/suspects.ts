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

/** When the last of each came; no more than are needed to judge. */
interface Counted {
  wrong: number[];
  none: number[];
}

interface Block {
  until: number;
  /** Blocks in a row, each less than a day after the one before. */
  times: number;
}

/** @param known addresses of good name from before, e.g. of the last start. */
export function createSuspects(rules: SuspectRules, known: Iterable<[string, number]> = []): Suspects {
  const counts = new Map<string, Counted>();
  const active = new Map<string, Block>();
  const past = new Map<string, Block>();
  const signedIn = new Map(known);

  function letGo(now: number): void {
    for (const [address, block] of active) {
      if (block.until > now) continue;
      active.delete(address);
      putLast(past, address, block);
    }
  }

  function judge(address: string, counted: Counted, now: number): Verdict | null {
    const tooMany =
      count(counted.wrong, now - GUESS_WINDOW_MS) >= rules.guesses ||
      count(counted.none, now - PROBE_WINDOW_MS) >= rules.probes;
    if (!tooMany) return null;
    counts.delete(address);
    const signedInAt = signedIn.get(address);
    if (signedInAt !== undefined && now - signedInAt < KNOWN_MS)
      return { address, outcome: 'spared', seconds: 0, times: 0 };
    letGo(now);
    if (active.size >= MOST_BLOCKED) return null;
    const before = past.get(address);
    const times = before !== undefined && now - before.until < DAY_MS ? before.times + 1 : 1;
    const seconds = Math.min(rules.blockSeconds * 2 ** (times - 1), DAY_MS / 1000);
    active.set(address, { until: now + seconds * 1000, times });
    return { address, outcome: 'blocked', seconds, times };
  }

  return {
    note({ password, address }, now) {
      if (password === 'right') {
        signedIn.set(address, now);
        const counted = counts.get(address);
        if (counted !== undefined) counted.none = [];
        return null;
      }
      // What was under way when the block began.
      if ((active.get(address)?.until ?? 0) > now) return null;
      const counted = counts.get(address) ?? { wrong: [], none: [] };
      putLast(counts, address, counted);
      const most = password === 'wrong' ? rules.guesses : rules.probes;
      counted[password] = [...counted[password], now].slice(-most);
      return judge(address, counted, now);
    },
    blocked(now) {
      letGo(now);
      return [...active.keys()];
    },
    nextEnd(now) {
      letGo(now);
      return active.size === 0 ? null : Math.min(...[...active.values()].map(({ until }) => until));
    },
    known: () => signedIn,
  };
}

/** The one longest silent is forgotten when there are too many. */
function putLast<Value>(map: Map<string, Value>, address: string, value: Value): void {
  map.delete(address);
  map.set(address, value);
  const [oldest] = map.keys();
  if (map.size > MOST_ADDRESSES && oldest !== undefined) map.delete(oldest);
}

const count = (times: readonly number[], since: number): number => times.filter((at) => at > since).length;
