import { percentile } from '../support/figures.ts';
import { citizensOf, legsOf, talksOf, type History, type Span } from './history.ts';

/** How many citizens waited, were rung for and talked, as the witnesses saw it: second by second, while the house was full. */

const EVERY_MS = 1_000;

interface Seen {
  /** Present in the clinic, and neither rung for nor in a talk. */
  waiting: number;
  ringing: number;
  talking: number;
}

/** The figure that 95 of 100 seconds reach, and the middle one. */
export type Presence = Record<keyof Seen, { p5: number; p50: number }>;

export function presence(history: Pick<History, 'exchange'>, { from, to }: Span): Presence {
  const lives = [...citizensOf(history.exchange).values()];
  const talks = talksOf(history.exchange);
  // A leg rings until it is in a talk or gone.
  const answered = new Map(talks.map((talk) => [talk.id, talk.from]));
  const rings = legsOf(history.exchange).map((leg) => ({ ...leg, to: answered.get(leg.id) ?? leg.to }));
  const seconds: Seen[] = [];
  for (let at = from; at < to; at += EVERY_MS) {
    const [ringing, talking] = [during(rings, at), during(talks, at)];
    seconds.push({ ringing, talking, waiting: during(lives, at) - ringing - talking });
  }
  const of = (name: keyof Seen) => {
    const values = seconds.map((one) => one[name]);
    return { p5: percentile(values, 0.05), p50: percentile(values, 0.5) };
  };
  return { waiting: of('waiting'), ringing: of('ringing'), talking: of('talking') };
}

const during = (spans: readonly Span[], at: number): number =>
  spans.filter((span) => span.from <= at && at < span.to).length;
