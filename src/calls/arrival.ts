import type { ChannelSnapshot } from '../asterisk/telephony.ts';
import { readCaller } from './caller.ts';
import { callIdOf } from './identity.ts';
import type { Arrival } from './machine.ts';

/**
 * A call whose snapshot is lost begins anew under its own id; its entries go on far above any that were written, one
 * thousand for each second since the channel came.
 */
const seqAfterLoss = (channel: ChannelSnapshot, at: number): number =>
  1000 * (1 + Math.max(0, Math.round((at - channel.createdAt) / 1000)));

/** A citizen's channel as it enters from the dialplan, made an arrival of a call. at: Asterisk's time, milliseconds. */
export function arrivalOf(
  channel: ChannelSnapshot,
  entry: 'menu' | 'direct',
  at: number,
  context: { asteriskId: string; areaCode: string },
): Arrival {
  const { CLINIC_CALL_ID, CLINIC_CALLER, CLINIC_WITHHELD, CLINIC_SIP_CALLID } = channel.variables;
  const received = CLINIC_CALLER ?? '';
  const { number, reason } = readCaller(received, CLINIC_WITHHELD === '1', context.areaCode);
  return {
    id: callIdOf(context.asteriskId, channel.id),
    channelId: channel.id,
    enteredAt: at,
    caller: number,
    firstSeq: CLINIC_CALL_ID === undefined || CLINIC_CALL_ID === '' ? 1 : seqAfterLoss(channel, at),
    facts: {
      direction: 'inbound',
      asteriskId: context.asteriskId,
      channelId: channel.id,
      sipCallId: CLINIC_SIP_CALLID === undefined || CLINIC_SIP_CALLID === '' ? null : CLINIC_SIP_CALLID,
      entry,
      callerReceived: received,
      caller: number,
      callerReason: reason,
      enteredAt: new Date(at).toISOString(),
    },
  };
}
