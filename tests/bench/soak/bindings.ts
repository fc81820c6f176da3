import { grouped, talksOf, type History, type Talk } from './history.ts';
import type { Finding } from './judge.ts';

/** Nobody talks to two at once: Asterisk says who entered and left which bridge. */

/** One leaves a bridge and another enters the next in the same breath, and CEL tells of both a moment later. */
const TOLERANCE_MS = 100;

export function judgeBindings(history: History): Finding[] {
  const talks = talksOf(history.exchange);
  const rows = new Map(history.calls.map((row) => [row.channelId, row]));
  const doubles = [
    ...doubled(
      talks,
      ({ citizen }) => citizen,
      ({ expert }) => expert,
    ),
    ...doubled(
      talks,
      ({ expert }) => expert,
      ({ citizen }) => citizen,
    ),
  ];
  return doubles.map(([first, second]) => {
    const row = rows.get(second.citizen);
    const what = `${said(first)}, and ${said(second)}`;
    return {
      ...{ violation: 'doubleBindings' as const, callId: row?.id ?? null, sipCallId: row?.sipCallId ?? null },
      ...{ at: second.from, what },
    };
  });
}

/** Pairs of talks of the same one (`of`) with different others (`with_`) that overlap. */
function doubled(
  talks: readonly Talk[],
  of: (talk: Talk) => string,
  with_: (talk: Talk) => string,
): [Talk, Talk][] {
  const pairs: [Talk, Talk][] = [];
  for (const [, mine] of grouped(talks, of))
    for (const [i, first] of mine.entries())
      for (const second of mine.slice(i + 1))
        if (
          with_(first) !== with_(second) &&
          Math.min(first.to, second.to) - Math.max(first.from, second.from) > TOLERANCE_MS
        )
          pairs.push([first, second]);
  return pairs;
}

const said = ({ citizen, expert, bridge, from, to }: Talk): string =>
  `${citizen} with ${expert} in ${bridge} from ${time(from)} to ${time(to)}`;

export const time = (at: number): string => (Number.isFinite(at) ? new Date(at).toISOString() : 'the end');
