import type { Telephony } from '../asterisk/telephony.ts';
import type { Call, LiveOffer } from './call.ts';
import { expertChannel, talkBridge } from './identity.ts';
import { about, type Do, type Doing, type EffectDeps } from './ports.ts';

/** The dialling of experts, and of citizens who are called back. */

/** Asterisk gives up by itself this much later than we do, in case we are gone by then. */
const RING_GRACE_SECONDS = 5;

export function createDiallingEffects(deps: EffectDeps): Doing<'dial' | 'ring' | 'stop-ringing'> {
  const { telephony, log } = deps;

  /** The first of two requests may have come through: the channel's name is the same, so that nobody is rung twice. */
  const dial: Do<'dial'> = async (call, _effect, reply) => {
    const number = call.callback?.number ?? '';
    try {
      if (!deps.callbacks.allows(number))
        return reply({ type: 'dial-failed', reason: 'destination-refused' });
      if (deps.callbacks.isHere(number)) return reply({ type: 'dial-failed', reason: 'on-the-line' });
      const placed = await telephony.originate(dialCitizen(call, number, deps));
      if (placed !== 'done') reply({ type: 'dial-failed', reason: 'unreachable' });
    } catch (error) {
      log.error({ err: error, ...about(call) }, 'dial.failed');
      reply({ type: 'dial-failed', reason: 'lost' });
    }
  };

  const ring: Do<'ring'> = async (call, { offer }, reply) => {
    const { offerId } = offer;
    try {
      // The bridge is needed when the expert answers, not before: nothing competes with the call itself.
      const placed = await telephony.originate(originate(call, offer, deps));
      if (placed === 'done') await telephony.createBridge(talkBridge(offerId));
      if (placed === 'unreachable') reply({ type: 'expert-failed', offerId, reason: 'unreachable' });
    } catch (error) {
      log.error({ err: error, ...about(call), offerId }, 'ring.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  return { dial, ring, 'stop-ringing': (_call, { offerId }) => stopRinging(telephony, offerId) };
}

/** Ends the expert's leg and the bridge it was rung for. */
export const stopRinging = (telephony: Telephony, offerId: string) =>
  Promise.all([telephony.hangup(expertChannel(offerId)), telephony.destroyBridge(talkBridge(offerId))]);

function originate(call: Call, offer: LiveOffer, deps: EffectDeps): Parameters<Telephony['originate']>[0] {
  return {
    channelId: expertChannel(offer.offerId),
    endpoint: `PJSIP/${offer.expertId}`,
    args: ['expert', offer.offerId],
    // An expert does not see citizens' numbers; the call's own page tells those who may.
    callerId: deps.callerId,
    timeoutSeconds: deps.ringSeconds + RING_GRACE_SECONDS,
    originatorId: call.channelId,
    variables: { CLINIC_CALL_ID: call.id },
  };
}

/** The citizen sees the city's number. The variables name the call for whoever finds the channel without our snapshot. */
function dialCitizen(
  call: Call,
  number: string,
  { callbacks, callerId }: EffectDeps,
): Parameters<Telephony['originate']>[0] {
  // As the dialplan writes it down: seconds since the epoch.
  const entered = String(Math.floor(call.enteredAt / 1000));
  return {
    channelId: call.channelId,
    endpoint: `PJSIP/${callbacks.dialled(number)}@${callbacks.trunk}`,
    // Whoever takes the channel up without our snapshot numbers the call's entries by the time since then.
    args: ['callback', call.id, entered],
    callerId,
    timeoutSeconds: callbacks.ringSeconds + RING_GRACE_SECONDS,
    variables: {
      ...{ CLINIC_CALL_ID: call.id, CLINIC_CALLER: number, CLINIC_CALLABLE: '1', CLINIC_ENTRY: 'callback' },
      // For the dialplan, should the citizen come to its message service.
      CLINIC_ENTERED: entered,
    },
  };
}
