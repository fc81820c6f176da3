import type { ChannelSnapshot } from '../asterisk/telephony.ts';
import { readCaller } from './caller.ts';
import { callIdOf } from './identity.ts';
import type { Arrival } from './machine.ts';

/**
 * A citizen who comes to us later than into the clinic may have been with an earlier process: the entries go on far above
 * any that one can have written, a thousand for each second since.
 */
const firstSeq = (enteredAt: number, at: number): number =>
  enteredAt === at ? 1 : 1000 * (1 + Math.round((at - enteredAt) / 1000));

/**
 * When the citizen came in. Usually the event's own time; a citizen whom the dialplan kept on the line while we were away
 * came earlier. entered: seconds since the epoch, as the dialplan wrote it down.
 */
function entryTime(entered: string | undefined, at: number): number {
  const written = /^[0-9]{9,11}$/.test(entered ?? '') ? Number(entered) * 1000 : at;
  // Whole seconds against milliseconds: within two of them it is the same moment.
  return at - written < 2000 ? at : written;
}

/** Events are told within milliseconds, and are kept for seconds at the most: beyond this one of two clocks has jumped. */
const SAME_CLOCK_MS = 60_000;

/** An arrival told by a clock that differs from ours, which orders everything that follows. at: the event's time; now: ours. */
export function byOurClock(arrival: Arrival, at: number, now: number): Arrival {
  if (Math.abs(now - at) < SAME_CLOCK_MS) return arrival;
  const enteredAt = arrival.enteredAt + now - at;
  return {
    ...arrival,
    enteredAt,
    facts: { ...arrival.facts, enteredAt: new Date(enteredAt).toISOString() },
  };
}

/**
 * A citizen's channel as it enters from the dialplan, made an arrival of a call.
 * args: `citizen`, `menu` or `direct`, time of entry; of a citizen we have called `callback`, the call's id, time of entry.
 * at: Asterisk's time of the event, milliseconds.
 */
export function arrivalOf(
  channel: ChannelSnapshot,
  args: readonly string[],
  at: number,
  context: { asteriskId: string; areaCode: string },
): Arrival {
  const enteredAt = entryTime(args[2], at);
  const { CLINIC_CALLER, CLINIC_WITHHELD, CLINIC_SIP_CALLID } = channel.variables;
  const received = CLINIC_CALLER ?? '';
  const { number, reason } = readCaller(received, CLINIC_WITHHELD === '1', context.areaCode);
  return {
    id: callIdOf(context.asteriskId, channel.id),
    channelId: channel.id,
    enteredAt,
    caller: number,
    firstSeq: firstSeq(enteredAt, at),
    facts: {
      direction: 'inbound',
      asteriskId: context.asteriskId,
      channelId: channel.id,
      sipCallId: CLINIC_SIP_CALLID === undefined || CLINIC_SIP_CALLID === '' ? null : CLINIC_SIP_CALLID,
      entry: args[1] === 'direct' ? 'direct' : 'menu',
      callerReceived: received,
      caller: number,
      callerReason: reason,
      enteredAt: new Date(enteredAt).toISOString(),
    },
  };
}

/** The first entry of a call that we place. number: E.164, the citizen's. */
export function callbackArrival(
  { callId, channelId, number }: { callId: string; channelId: string; number: string },
  asteriskId: string,
  now: number,
): Arrival {
  return {
    ...{ id: callId, channelId, enteredAt: now, caller: number, firstSeq: 1 },
    facts: {
      direction: 'outbound',
      ...{ asteriskId, channelId, sipCallId: null, entry: 'callback' },
      ...{ callerReceived: number, caller: number, callerReason: null },
      enteredAt: new Date(now).toISOString(),
    },
  };
}
