import type { ExpertStatus, Waiting, WaitingRow } from './routing.ts';

/**
 * How long a citizen will still wait, as a range that holds most such waits. Pure.
 *
 * With n experts always at work whose calls bind them for m seconds on average, one becomes free every m/n seconds, and the
 * citizen at place p needs p of these moments. Whoever stands before may leave meanwhile, at a rate θ each: the queue then moves
 * on at n/m + (k−1)θ while k stand there, which for exponential times is the waiting time of M/M/n+M (Palm's Erlang A). The mean
 * and the variance of that sum are fitted with a gamma distribution, whose quantiles come from Wilson and Hilferty's cube
 * (1931). Two things make it wider: the times are less or more even than exponential ones, which counts the more the
 * oftener each expert has to become free (n renewals together are nearly Poisson at first), and the mean itself is known
 * from a number of talks only.
 */

/** What the latest talks and waits of a specialty tell. */
export interface Handling {
  /** Talks counted. */
  talks: number;
  /** How long one binds an expert on average, from the ring to the end of wrap-up. */
  meanSeconds: number;
  /** Variance ÷ square of the mean; 1 for exponential times. */
  spread: number;
  /** Of who waits, how many leave unanswered a second. */
  leavingPerSecond: number;
}

/** Before whom the citizen stands, and who will become free for whom. */
export interface Ahead {
  /** From 1; those for whom an expert is being rung have theirs already. */
  place: number;
  /** Experts at work, each counted by the part that falls to this queue. */
  share: number;
  /** The same, each divided evenly among their specialties: what the queue gets in a flood of others at least. */
  entitled: number;
  /** The same people counted whole. */
  staffed: number;
  /** Experts who could be asked this moment. */
  ready: number;
}

export interface WaitRange {
  lowSeconds: number;
  highSeconds: number;
}

export interface WaitEstimate extends WaitRange {
  /** Experts of the specialty who are at work. */
  staffed: number;
}

/** No expert of the specialty is at work. */
export interface NobodyAtWork {
  /** When the first of them comes back from a pause by itself, ms since the epoch; null: nobody does. */
  backAt: number | null;
}

/** Fewer talks say nothing about a mean: with an exponential time five still leave it uncertain by nearly a half. */
export const TALKS_NEEDED = 5;

/** Quantiles of the normal distribution that leave a tenth on each side. */
const Z = 1.2816;

/** null: nobody is at work, somebody is free at once, or too little is known; nothing is invented. */
export function waitRange(ahead: Ahead, handling: Handling | null): WaitRange | null {
  const { place, share } = ahead;
  if (handling === null || handling.talks < TALKS_NEEDED || handling.meanSeconds <= 0) return null;
  if (share <= 0 || (ahead.ready > 0 && place <= ahead.ready)) return null;
  const { mean, variance } = untilTurn(place, share, handling);
  const shape = (mean * mean) / variance;
  const quantile = (z: number) =>
    mean * Math.max(0, 1 - 1 / (9 * shape) + z * Math.sqrt(1 / (9 * shape))) ** 3;
  return { lowSeconds: quantile(-Z), highSeconds: quantile(Z) };
}

/**
 * The same where a flood of other queues holds this one up for a while at most: then each of its experts counts by the part that
 * falls to it. Whichever is sooner holds. leftSeconds: of that while; null: it is held up for as long as it may be.
 */
export function boundedRange(
  ahead: Ahead,
  handling: Handling | null,
  leftSeconds: number | null,
): WaitRange | null {
  const range = waitRange(ahead, handling);
  if (range === null || leftSeconds === null || ahead.entitled <= ahead.share) return range;
  const entitled = waitRange({ ...ahead, share: ahead.entitled }, handling);
  if (entitled === null || leftSeconds + entitled.highSeconds >= range.highSeconds) return range;
  return {
    lowSeconds: Math.min(range.lowSeconds, leftSeconds + entitled.lowSeconds),
    highSeconds: leftSeconds + entitled.highSeconds,
  };
}

function untilTurn(place: number, share: number, handling: Handling): { mean: number; variance: number } {
  const { talks, meanSeconds, spread, leavingPerSecond } = handling;
  let mean = 0;
  let variance = 0;
  for (let before = 0; before < place; before += 1) {
    const step = 1 / (share / meanSeconds + before * leavingPerSecond);
    mean += step;
    variance += step * step;
  }
  const renewals = place / (place + share);
  const unevenness = 1 - renewals + renewals * spread;
  return { mean, variance: variance * unevenness + (mean * mean * spread) / talks };
}

/** At work: comes back to the queue by itself. Who has asked for a pause after the present talk does not. */
const isAtWork = ({ intent, activity, reachable }: ExpertStatus): boolean =>
  intent === 'ready' && (activity !== 'idle' || reachable);

const isReady = ({ intent, activity, reachable, restUntil }: ExpertStatus): boolean =>
  intent === 'ready' && activity === 'idle' && reachable && restUntil === null;

export function nobodyAtWork(specialty: string, experts: readonly ExpertStatus[]): NobodyAtWork {
  const ends = experts.flatMap(({ specialties, activity, reachable, pausedUntil }) =>
    specialties.includes(specialty) && (activity !== 'idle' || reachable) ? (pausedUntil ?? []) : [],
  );
  return { backAt: ends.length === 0 ? null : Math.min(...ends) };
}

/**
 * The moments at which an expert of several skills becomes free go to whoever has come first, of whatever queue: they are divided by
 * how many stand before this citizen in each. Exact where all have the same skills, and where nobody has two.
 * place: in the own queue, from 1, those being rung for included.
 */
export function aheadOf(
  entry: Pick<Waiting, 'callId' | 'specialty' | 'score'>,
  place: number,
  picture: { experts: readonly ExpertStatus[]; waiting: readonly WaitingRow[] },
): Ahead {
  const { specialty } = entry;
  const rung = new Set(picture.experts.flatMap((one) => (one.activity === 'ringing' ? [one.callId] : [])));
  const before = new Map<string, number>();
  let rungBefore = 0;
  for (const row of picture.waiting) {
    if (row.score > entry.score || (row.score === entry.score && row.callId >= entry.callId)) continue;
    if (!rung.has(row.callId)) before.set(row.specialty, (before.get(row.specialty) ?? 0) + 1);
    else if (row.specialty === specialty) rungBefore += 1;
  }
  const own = Math.max(1, place - rungBefore);
  const skilled = picture.experts.filter((expert) => expert.specialties.includes(specialty));
  const atWork = skilled.filter(isAtWork);
  const partOf = ({ specialties }: ExpertStatus): number => {
    const others = specialties.filter((one) => one !== specialty).map((one) => before.get(one) ?? 0);
    return own / (own + others.reduce((sum, count) => sum + count, 0));
  };
  return {
    place: own,
    share: atWork.reduce((sum, expert) => sum + partOf(expert), 0),
    entitled: atWork.reduce((sum, { specialties }) => sum + 1 / specialties.length, 0),
    staffed: atWork.length,
    ready: skilled.filter(isReady).length,
  };
}
