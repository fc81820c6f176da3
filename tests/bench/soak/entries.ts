import { grouped, talksOf, type Entry, type History, type LedgerCall, type Talk } from './history.ts';
import { time } from './bindings.ts';
import type { Finding, Violation } from './judge.ts';

/** Each thing that happened stands in the ledger, and stands there once. */

/** A talk of less may have been broken off before it was more than a join. */
const TALK_MS = 2_000;
/** Between a talk as Asterisk has it and the entry of it. */
const NEAR_MS = 5_000;
/** Calls made anew without their snapshot go on from the next thousand, messages of the exchange from the milliard. */
const ANEW = 1_000;
const KEPT_SEQ = 1_000_000_000;

/** What may happen once in a call; of an offer each once. */
const ONCE = ['call.entered', 'call.queued', 'call.ended'];
const ONCE_AN_OFFER = ['offer.made', 'offer.ended', 'call.answered'];

export function judgeEntries(history: History): Finding[] {
  const talks = grouped(talksOf(history.exchange), ({ citizen }) => citizen);
  return [
    ...history.calls.flatMap((row) => [
      ...missing(row).map((what) => finding('lost', row, what)),
      ...untold(row, talks.get(row.channelId ?? '') ?? [], history).map((what) => finding('lost', row, what)),
      ...repeated(row).map((what) => finding('doubled', row, what)),
    ]),
    ...history.strays.map(({ callId, what }) => ({
      ...{ violation: 'lost' as const, callId, sipCallId: null, at: 0, what },
    })),
  ];
}

function missing(row: LedgerCall): string[] {
  const wrong: string[] = [];
  const has = (kind: string) => row.entries.filter((entry) => entry.kind === kind);
  for (const kind of ['call.entered', 'call.ended']) if (has(kind).length === 0) wrong.push(`has no ${kind}`);
  let last = 0;
  for (const { seq } of row.entries) {
    if (seq !== last + 1 && seq < KEPT_SEQ && !(seq > ANEW && seq % ANEW === 1))
      wrong.push(`has a gap between ${last} and ${seq}`);
    last = seq;
  }
  const ended = new Set(has('offer.ended').map(offerOf));
  for (const offer of has('offer.made').map(offerOf))
    if (!ended.has(offer)) wrong.push(`has no end of offer ${offer}`);
  const [answers, ends] = [has('call.answered').length, has('segment.ended').length];
  if (answers !== ends) wrong.push(`has ${answers} beginnings and ${ends} ends of a talk`);
  return wrong;
}

/**
 * Talks that Asterisk saw and the ledger does not know. One that ended while nobody was in control may be told by the
 * exchange's own record alone.
 */
function untold(row: LedgerCall, talks: readonly Talk[], { absences }: History): string[] {
  const answered = row.entries.filter(({ kind }) => kind === 'call.answered');
  return talks
    .filter(({ from, to }) => to - from > TALK_MS)
    .filter(({ to }) => !absences.some((absence) => absence.from <= to && to <= absence.to))
    .filter(
      ({ expert, from }) => !answered.some((entry) => entry.data['expertId'] === expert && near(from, entry)),
    )
    .map(
      ({ expert, from, to }) => `does not tell of the talk with ${expert} from ${time(from)} to ${time(to)}`,
    );
}

/** The entry is dated when it was made: late, where a process took the talk up from another. */
const near = (from: number, { data, at }: Entry): boolean =>
  Math.min(Math.abs(Date.parse(String(data['answeredAt'])) - from), Math.abs(at - from)) < NEAR_MS;

function repeated(row: LedgerCall): string[] {
  const keys = row.entries.flatMap((entry) => {
    if (ONCE.includes(entry.kind)) return [entry.kind];
    if (ONCE_AN_OFFER.includes(entry.kind)) return [`${entry.kind} of ${offerOf(entry)}`];
    if (entry.kind === 'segment.ended') return [`segment.ended of ${String(entry.data['startedAt'])}`];
    return [];
  });
  return [...grouped(keys, (key) => key)]
    .filter(([, all]) => all.length > 1)
    .map(([key, all]) => `has ${all.length} times ${key}`);
}

const offerOf = ({ data }: Entry): string => String(data['offerId']);

const finding = (violation: Violation, row: LedgerCall, what: string): Finding => ({
  ...{ violation, callId: row.id, sipCallId: row.sipCallId, at: row.entries[0]?.at ?? 0, what },
});
