import { begin, step, type Arrival, type Step } from '../../src/calls/machine.ts';
import type { Call, CallEvent, Effect, Settings } from '../../src/calls/call.ts';
import type { OfferReason } from '../../src/routing/routing.ts';

/** Values the tests of calls/ share: settings, an arrival, an offer, and a way to walk the table. */

export const settings: Settings = {
  specialties: { '1': 'urban-planning', '2': 'transport', '3': 'urban-services', '4': 'finance' },
  defaultSpecialty: 'urban-services',
  menuPrompts: 3,
  menuTimeoutSeconds: 6,
  dialSeconds: 30,
  ringSeconds: 15,
  wrapUpSeconds: 30,
  positionRepeatSeconds: 60,
  sameExpertSeconds: 20,
  destinations: '+98,!+98909',
  surveyMinTalkSeconds: 10,
  recordTalks: false,
};

export const NOW = Date.parse('2026-11-23T08:30:00Z');

export const arrival: Arrival = {
  id: '01890000-0000-7000-8000-000000000001',
  channelId: 'clinic-1700000000.1',
  enteredAt: NOW,
  caller: '+989121234567',
  firstSeq: 1,
  facts: {
    direction: 'inbound',
    asteriskId: 'clinic',
    channelId: 'clinic-1700000000.1',
    sipCallId: 'abc@host',
    entry: 'menu',
    callerReceived: '09121234567',
    caller: '+989121234567',
    callerReason: null,
    enteredAt: new Date(NOW).toISOString(),
  },
};

const why: OfferReason = {
  rule: 'longest-waiting-to-longest-idle',
  waitedMs: 0,
  position: 1,
  candidates: [],
  excluded: [],
};

export const offered = (offerId: string, expertId = 'e001'): CallEvent => ({
  type: 'offered',
  offer: { offerId, expertId, attempt: 1, madeAt: NOW, why },
});

export const open = (specialty: string | null): CallEvent => ({
  type: 'hours-told',
  specialty,
  open: true,
  reason: 'weekly',
  opensAt: null,
  words: [],
});

export const closed = (specialty: string | null): CallEvent => ({
  ...(open(specialty) as Extract<CallEvent, { type: 'hours-told' }>),
  open: false,
  reason: 'outside-hours',
  opensAt: '2026-11-24T08:00:00+03:30',
  words: ['closed/clinic', 'closed/opens', 'day/tomorrow', 'hour/8'],
});

export interface Walk extends Step {
  /** Every effect since the beginning. */
  all: Effect[];
}

export function start(): Walk {
  const first = begin(arrival, settings, NOW);
  return { ...first, all: first.effects };
}

/** Feeds the events one after another. `effects` are those of the last one. */
export const feed = (walk: Walk, ...events: Fed[]): Walk => feedAt(NOW, walk, ...events);

/** The same at another moment. */
export function feedAt(now: number, walk: Walk, ...events: Fed[]): Walk {
  return events.reduce((before, event) => {
    const next = step(before.call, typeof event === 'function' ? event(before.call) : event, settings, now);
    return { ...next, all: [...before.all, ...next.effects] };
  }, walk);
}

type Fed = CallEvent | ((call: Call) => CallEvent);

export const wordsOver = (call: Call): CallEvent => ({
  type: 'playback-finished',
  playbackId: call.playing ?? 'none',
});
export const timer =
  (name: Extract<CallEvent, { type: 'timer' }>['name']) =>
  (call: Call): CallEvent => ({
    type: 'timer',
    name,
    visit: call.visit,
  });

/** The ledger entries among effects, as `kind` or with their data. */
export const entries = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.do === 'record' ? [effect.entry] : []));
export const kinds = (effects: Effect[]): string[] => entries(effects).map((entry) => entry.kind);
export const deeds = (effects: Effect[]): string[] =>
  effects.map((effect) => effect.do).filter((name) => name !== 'record');

export const inMenu = () => feed(start(), wordsOver, open(null));
export const inQueue = () =>
  feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport'), {
    type: 'queue-joined',
    position: 3,
  });
export const isRinging = () => feed(inQueue(), offered('o1'));
export const isConnecting = () => feed(isRinging(), { type: 'expert-answered', offerId: 'o1' });
export const isTalking = () =>
  feed(
    isConnecting(),
    { type: 'accept-told', offerId: 'o1', accepted: true },
    { type: 'bridged', offerId: 'o1' },
  );
