import { Counter, Histogram, type Registry } from 'prom-client';
import type { Call } from '../calls/call.ts';
import type { AttemptResult, Ending, LedgerFact, OfferResult } from '../calls/ledger.ts';
import type { CallObserver } from '../calls/observer.ts';

/**
 * What a supervisor judges a line by, taken from the ledger's own facts: what came in, what was offered, how long people
 * waited and talked. Labels are the few words of the tables; no call, no number and no expert is ever one.
 */

/**
 * Waits. 20 s is the service level's bound and so has an edge of its own; below it the edges tell a telephone picked up at
 * once from one let ring, above it they follow the announcements (every 60 s) up to ten minutes, where hardly anyone stays.
 */
const WAIT_SECONDS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600];
/** Talks: under 15 s is a misunderstanding, three to six minutes is advice, half an hour a case of its own. */
const TALK_SECONDS = [5, 15, 30, 60, 120, 180, 240, 300, 420, 600, 900, 1800, 3600];
/** RING_SECONDS (15 by default, 3 to 120) is where rings that nobody answers end. */
const RING_SECONDS = [0.5, 1, 2, 3, 5, 8, 12, 15, 16, 20, 30, 60, 120];
/** WRAP_UP_SECONDS (30 by default) is where a wrap-up ends that no expert ends earlier. */
const WRAP_UP_SECONDS = [1, 2, 5, 10, 15, 20, 30, 35, 45, 60, 120, 300, 600];

const ENTRIES = ['menu', 'direct', 'fallback'] as const;
const ENDINGS: Readonly<Record<Ending, true>> = {
  answered: true,
  callback: true,
  voicemail: true,
  'self-served': true,
  abandoned: true,
  closed: true,
  'transferred-out': true,
  failed: true,
};
const RESULTS: Readonly<Record<OfferResult, true>> = {
  answered: true,
  'no-answer': true,
  busy: true,
  declined: true,
  unreachable: true,
  cancelled: true,
  lost: true,
};
const TOLD = ['inside', 'sooner', 'later'] as const;
/** What came of calling a citizen back. */
const ATTEMPTS: Readonly<Record<AttemptResult | 'talked', true>> = {
  talked: true,
  busy: true,
  'no-answer': true,
  rejected: true,
  unobtainable: true,
  unreachable: true,
  'destination-refused': true,
  'on-the-line': true,
  lost: true,
  closed: true,
  listed: true,
  recalled: true,
  postponed: true,
  'not-needed': true,
  silent: true,
  'hung-up': true,
};
/** Label of a call that ended before a specialty was chosen. */
export const NONE = 'none';

/** Far more calls than can be live at once; what is forgotten costs one duration. */
const TRACES_KEPT = 10_000;

/** What of a call's earlier facts its later ones need. */
interface Trace {
  answered: boolean;
  /** What the citizen was told of the wait, and when (ms since the epoch). */
  told: { at: number; low: number; high: number }[];
  rings: Map<string, number>;
  talkEndedAt: number | null;
}

export function createCallFigures(registry: Registry, specialties: readonly string[]): CallObserver {
  const figures = makeFigures(registry, specialties);
  const traces = new Map<string, Trace>();

  function traceOf(callId: string): Trace {
    const known = traces.get(callId);
    if (known !== undefined) return known;
    const trace = { answered: false, told: [], rings: new Map<string, number>(), talkEndedAt: null };
    traces.set(callId, trace);
    const [oldest] = traces.keys();
    if (traces.size > TRACES_KEPT && oldest !== undefined) traces.delete(oldest);
    return trace;
  }

  return (fact, callId, call) => {
    // Sent to the message service, a call comes back as one the exchange kept: it entered once.
    const isInbound = fact.kind === 'call.entered' && fact.data.direction === 'inbound';
    if (isInbound && !traces.has(callId)) figures.entered.inc({ entry: fact.data.entry });
    const trace = traceOf(callId);
    const specialty = call?.specialty ?? NONE;
    if (call !== null && call.callback !== null) countAttempt(fact, trace.answered, figures);
    if (call === null || call.callback === null) countFact(fact, specialty, call, figures);
    countOffer(fact, specialty, figures);
    timeFact(fact, specialty, call, figures, trace);
    const isOver = call === null ? fact.kind === 'call.ended' : call.state === 'ended';
    if (isOver) traces.delete(callId);
  };
}

type Figures = ReturnType<typeof makeFigures>;

function countFact(fact: LedgerFact, specialty: string, call: Call | null, figures: Figures): void {
  switch (fact.kind) {
    case 'call.queued':
      return figures.queued.inc({ specialty });
    case 'call.ended':
      if (call === null) figures.imported.inc();
      return figures.ended.inc({ ending: fact.data.ending, specialty });
    default:
      return;
  }
}

function countOffer(fact: LedgerFact, specialty: string, figures: Figures): void {
  if (fact.kind === 'offer.made') figures.offersMade.inc({ specialty });
  if (fact.kind === 'offer.ended') figures.offersEnded.inc({ specialty, result: fact.data.result });
}

/** What we call is no part of what the line was offered. */
function countAttempt(fact: LedgerFact, answered: boolean, figures: Figures): void {
  if (fact.kind === 'callback.tried') figures.attempts.inc({ result: fact.data.result });
  if (fact.kind === 'call.answered' && !answered) figures.attempts.inc({ result: 'talked' });
}

function timeFact(
  fact: LedgerFact,
  specialty: string,
  call: Call | null,
  figures: Figures,
  trace: Trace,
): void {
  // How long a promise has waited is no wait on the line.
  const queuedAt = call === null || call.callback !== null ? null : call.queuedAt;
  switch (fact.kind) {
    case 'call.answered': {
      judgeWaits(trace, Date.parse(fact.data.answeredAt), specialty, figures);
      // A citizen whose expert's line broke has waited once; the second answer is the same call's.
      if (!trace.answered && queuedAt !== null)
        figures.waitUntilAnswer.observe({ specialty }, seconds(queuedAt, fact.data.answeredAt));
      trace.answered = true;
      return;
    }
    case 'call.ended':
      if (fact.data.ending === 'abandoned' && queuedAt !== null)
        figures.waitUntilAbandon.observe({ specialty }, seconds(queuedAt, fact.data.endedAt));
      return;
    case 'wait.told': {
      const { toldAt, lowMinutes, highMinutes } = fact.data;
      const high = highMinutes === null ? Infinity : highMinutes * 60;
      return void trace.told.push({ at: Date.parse(toldAt), low: lowMinutes * 60, high });
    }
    case 'offer.made':
      // While the citizen is dialled no telephone rings at the expert's.
      if (call !== null && call.callback !== null) return;
      return void trace.rings.set(fact.data.offerId, Date.parse(fact.data.madeAt));
    case 'offer.ended': {
      const madeAt = trace.rings.get(fact.data.offerId);
      trace.rings.delete(fact.data.offerId);
      if (madeAt !== undefined)
        figures.ring.observe({ result: fact.data.result }, seconds(madeAt, fact.data.endedAt));
      return;
    }
    case 'segment.ended':
      trace.talkEndedAt = Date.parse(fact.data.endedAt);
      return figures.talk.observe({ specialty }, seconds(fact.data.startedAt, fact.data.endedAt));
    case 'wrap-up.ended':
      if (trace.talkEndedAt !== null)
        figures.wrapUp.observe({ specialty }, seconds(trace.talkEndedAt, fact.data.endedAt));
      return;
    default:
      return;
  }
}

/** Each telling is judged by itself: the later ones are for the rest of the wait. */
function judgeWaits(trace: Trace, answeredAt: number, specialty: string, { toldWaits }: Figures): void {
  for (const { at, low, high } of trace.told.splice(0)) {
    const wait = (answeredAt - at) / 1000;
    const result = wait < low ? 'sooner' : wait > high ? 'later' : 'inside';
    toldWaits.inc({ specialty, result });
  }
}

/** Never below nothing, though a clock was set back meanwhile. */
function seconds(from: number | string, to: string): number {
  const start = typeof from === 'number' ? from : Date.parse(from);
  return Math.max(0, (Date.parse(to) - start) / 1000);
}

function makeFigures(registry: Registry, specialties: readonly string[]) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ) => new Histogram({ name, help, labelNames, buckets, registers });
  const by = ['specialty'] as const;
  const figures = {
    entered: counter(
      'clinic_calls_entered_total',
      'Calls that entered the clinic, by entry: menu, direct, or fallback while no application was there',
      ['entry'],
    ),
    queued: counter(
      'clinic_calls_queued_total',
      'Calls that joined a queue, by specialty: what the line was offered',
      by,
    ),
    ended: counter('clinic_calls_ended_total', 'Calls that ended, by ending and specialty', [
      'ending',
      'specialty',
    ]),
    imported: counter('clinic_kept_calls_imported_total', 'Calls the exchange had kept, taken over from it'),
    attempts: counter(
      'clinic_callback_attempts_total',
      'Attempts to call citizens back, by what came of them',
      ['result'],
    ),
    offersMade: counter('clinic_offers_made_total', 'Rings of one expert for one citizen, by specialty', by),
    offersEnded: counter('clinic_offers_ended_total', 'Rings that ended, by result and specialty', [
      'specialty',
      'result',
    ]),
    waitUntilAnswer: histogram(
      'clinic_wait_until_answer_seconds',
      'From the queue to the first expert, by specialty',
      by,
      WAIT_SECONDS,
    ),
    waitUntilAbandon: histogram(
      'clinic_wait_until_abandon_seconds',
      'From the queue to the hang-up of a citizen nobody had answered, by specialty',
      by,
      WAIT_SECONDS,
    ),
    toldWaits: counter(
      'clinic_told_waits_total',
      'Waits told to citizens whom an expert then answered, by result: inside the range, sooner, later',
      ['specialty', 'result'],
    ),
    talk: histogram('clinic_talk_seconds', 'Talks with one expert, by specialty', by, TALK_SECONDS),
    wrapUp: histogram(
      'clinic_wrap_up_seconds',
      "Experts' time after a talk, by specialty",
      by,
      WRAP_UP_SECONDS,
    ),
    ring: histogram(
      'clinic_ring_seconds',
      "From an offer to its end by result: the answer, the refusal, the citizen's hang-up",
      ['result'],
      RING_SECONDS,
    ),
  };
  beginAtZero(figures, specialties);
  return figures;
}

/** A series that begins with its first event has no rate for it: all that may come stand there from the start. */
function beginAtZero(
  figures: Omit<Figures, 'imported'> & { imported: Counter },
  specialties: readonly string[],
): void {
  for (const entry of ENTRIES) figures.entered.inc({ entry }, 0);
  for (const ending of Object.keys(ENDINGS))
    for (const specialty of [...specialties, NONE]) figures.ended.inc({ ending, specialty }, 0);
  for (const result of Object.keys(ATTEMPTS)) figures.attempts.inc({ result }, 0);
  for (const result of Object.keys(RESULTS)) figures.ring.zero({ result });
  for (const specialty of specialties) {
    figures.queued.inc({ specialty }, 0);
    figures.offersMade.inc({ specialty }, 0);
    for (const result of TOLD) figures.toldWaits.inc({ specialty, result }, 0);
    for (const result of Object.keys(RESULTS)) figures.offersEnded.inc({ specialty, result }, 0);
    for (const one of [figures.waitUntilAnswer, figures.waitUntilAbandon, figures.talk, figures.wrapUp])
      one.zero({ specialty });
  }
}
