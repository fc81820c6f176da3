/** What a soak's witnesses have seen. Times in milliseconds since the epoch, all of one machine. */

/** A citizen's call as SIPp made it. */
export interface SipCall {
  sipCallId: string;
  dialledAt: number;
  /** When the clinic took it; null: it never did. */
  answeredAt: number | null;
  /** Who hung up; null: nobody ever did. */
  end: { at: number; by: 'clinic' | 'citizen' } | null;
}

export interface Entry {
  seq: number;
  kind: string;
  at: number;
  data: Readonly<Record<string, unknown>>;
}

/** A call's row, and everything the ledger holds of it. */
export interface LedgerCall {
  id: string;
  sipCallId: string | null;
  channelId: string | null;
  ending: string | null;
  specialty: string | null;
  queuedAt: number | null;
  entries: readonly Entry[];
}

/** Asterisk's own account of its channels (CEL). */
export interface ChannelEvent {
  type: string;
  at: number;
  uniqueId: string;
  linkedId: string;
  channel: string;
  app: string;
  /** Of BRIDGE_ENTER and BRIDGE_EXIT. */
  bridge: string | null;
}

/** The application had no control from..to; known to who broke it. */
export interface Absence {
  from: number;
  to: number;
}

export interface History {
  sip: readonly SipCall[];
  calls: readonly LedgerCall[];
  /** Entries of calls that have no row, and entries the ledger could not take. */
  strays: readonly { callId: string; what: string }[];
  exchange: readonly ChannelEvent[];
  absences: readonly Absence[];
}

export interface Span {
  from: number;
  to: number;
}

/** A ring of one expert's telephone for one citizen. uniqueId of the leg: `exp-<offer>`. */
export interface Leg extends Span {
  id: string;
  expert: string;
  /** Unique id of the citizen's channel. */
  citizen: string;
}

/** A citizen and an expert in one bridge. */
export interface Talk extends Leg {
  bridge: string;
}

const EXPERT = /^PJSIP\/(e\d+)-/;
const TRUNK = 'PJSIP/trunk-137';

/** Each citizen's channel from its start to its end; one without an end goes on for ever. */
export function citizensOf(events: readonly ChannelEvent[]): Map<string, Span> {
  const found = new Map<string, Span>();
  for (const { type, channel, uniqueId, at } of events) {
    if (!channel.startsWith(TRUNK)) continue;
    if (type === 'CHAN_START') found.set(uniqueId, { from: at, to: Infinity });
    const span = found.get(uniqueId);
    if (type === 'CHAN_END' && span !== undefined) span.to = at;
  }
  return found;
}

export function legsOf(events: readonly ChannelEvent[]): Leg[] {
  const found = new Map<string, Leg>();
  for (const { type, channel, uniqueId, linkedId, at } of events) {
    const expert = EXPERT.exec(channel)?.[1];
    if (expert === undefined) continue;
    // What an expert dials has a life of its own: no citizen began it.
    if (type === 'CHAN_START' && linkedId !== uniqueId)
      found.set(uniqueId, { id: uniqueId, expert, citizen: linkedId, from: at, to: Infinity });
    const leg = found.get(uniqueId);
    if (type === 'CHAN_END' && leg !== undefined) leg.to = at;
  }
  return [...found.values()];
}

interface Stay extends Span {
  bridge: string;
  uniqueId: string;
  channel: string;
}

function staysOf(events: readonly ChannelEvent[]): Stay[] {
  const stays: Stay[] = [];
  const open = new Map<string, Stay>();
  for (const { type, bridge, uniqueId, channel, at } of events) {
    const last = open.get(uniqueId);
    // A channel is in one bridge at a time, and in none once it has ended.
    if (last !== undefined && ['BRIDGE_ENTER', 'BRIDGE_EXIT', 'CHAN_END'].includes(type)) {
      last.to = at;
      open.delete(uniqueId);
    }
    if (type !== 'BRIDGE_ENTER' || bridge === null) continue;
    const stay = { bridge, uniqueId, channel, from: at, to: Infinity };
    open.set(uniqueId, stay);
    stays.push(stay);
  }
  return stays;
}

export function grouped<T>(all: readonly T[], by: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(by(one));
    if (group === undefined) groups.set(by(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** Who was joined to whom and when, in the order in which it began. */
export function talksOf(events: readonly ChannelEvent[]): Talk[] {
  const byBridge = grouped(staysOf(events), ({ bridge }) => bridge);
  const talks: Talk[] = [];
  for (const [bridge, stays] of byBridge)
    for (const leg of stays)
      for (const citizen of stays) {
        const expert = EXPERT.exec(leg.channel)?.[1];
        if (expert === undefined || !citizen.channel.startsWith(TRUNK)) continue;
        const [from, to] = [Math.max(leg.from, citizen.from), Math.min(leg.to, citizen.to)];
        if (from < to) talks.push({ bridge, id: leg.uniqueId, expert, citizen: citizen.uniqueId, from, to });
      }
  return talks.toSorted((a, b) => a.from - b.from);
}

/** When each citizen was in the application's hands: between entering Stasis and leaving it. */
export function inHand(events: readonly ChannelEvent[]): Map<string, Span[]> {
  const found = new Map<string, Span[]>();
  for (const { type, app, channel, uniqueId, at } of events) {
    if (!channel.startsWith(TRUNK)) continue;
    const spans = found.get(uniqueId) ?? [];
    found.set(uniqueId, spans);
    const last = spans.at(-1);
    if (type === 'APP_START' && app === 'Stasis') spans.push({ from: at, to: Infinity });
    if ((type === 'APP_END' || type === 'CHAN_END') && last?.to === Infinity) last.to = at;
  }
  return found;
}
