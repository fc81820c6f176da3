import type { SipMessage } from './capture.ts';

/**
 * Which citizen a leg to an expert was made for. The packets cannot tell it (an expert is not shown who calls), so the pairing
 * comes from Asterisk's own account of its channels; every time comes from the packets.
 */

/** As handoff/cel.ts reads it. */
export interface ChannelEvent {
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  uniqueId: string;
  linkedId: string;
  channel: string;
}

/** One SIP dialogue. at: of its first INVITE, in milliseconds since the epoch. */
export interface Leg {
  callId: string;
  at: number;
  /** Of a leg to an expert the telephone's name; else ''. */
  user: string;
  /** Unique id of the citizen's channel. */
  citizen: string;
}

const EXPERT = /^PJSIP\/(e\d+)-/;
const TRUNK = 'PJSIP/trunk-137';

/** The legs to experts in order. One that no channel was made for shortly before is left out: it is of another time. */
export function expertLegs(
  messages: readonly SipMessage[],
  events: readonly ChannelEvent[],
  port: number,
): Leg[] {
  const starts = new Map<string, ChannelEvent[]>();
  for (const event of events) {
    const expert = EXPERT.exec(event.channel)?.[1];
    if (event.type !== 'CHAN_START' || expert === undefined) continue;
    starts.set(expert, [...(starts.get(expert) ?? []), event]);
  }
  return firstInvites(messages, ({ toPort }) => toPort === port).flatMap(({ callId, at, user }) => {
    // A channel is made before its INVITE goes out, and an expert has one telephone.
    const start = starts.get(user)?.findLast((event) => event.at <= at);
    return start === undefined ? [] : [{ callId, at, user, citizen: start.linkedId }];
  });
}

/**
 * The citizens' legs in order. The n-th INVITE of the trunk makes the n-th channel: that two neighbours may be taken for one
 * another where Asterisk's threads overtake, is a matter of a millisecond or two.
 * @throws Error when there are not as many channels as INVITEs
 */
export function citizenLegs(
  messages: readonly SipMessage[],
  events: readonly ChannelEvent[],
  port: number,
): Leg[] {
  const invites = firstInvites(messages, ({ fromPort }) => fromPort === port);
  const channels = events
    .filter(({ type, channel }) => type === 'CHAN_START' && channel.startsWith(TRUNK))
    .toSorted((a, b) => a.at - b.at);
  if (channels.length !== invites.length)
    throw new Error(`${invites.length} citizens dialled, Asterisk made ${channels.length} channels`);
  return invites.map(({ callId, at }, i) => ({ callId, at, user: '', citizen: channels[i]!.uniqueId }));
}

function firstInvites(
  messages: readonly SipMessage[],
  fits: (message: SipMessage) => boolean,
): readonly SipMessage[] {
  const first = new Map<string, SipMessage>();
  for (const message of messages) {
    if (message.method !== 'INVITE' || message.status !== null || !fits(message)) continue;
    if (!first.has(message.callId)) first.set(message.callId, message);
  }
  return [...first.values()].toSorted((a, b) => a.at - b.at);
}
