import { watchStandstill } from '../platform/standstill.ts';
import { stopRinging } from './dialling.ts';
import { expertChannel, talkBridge } from './identity.ts';
import type { Mark } from './marks.ts';
import { about, type Do, type Doing, type EffectDeps } from './ports.ts';

/** The effects of a talk: citizen and expert brought together, listened for, recorded, and parted. */

type TalkEffect = 'accept' | 'bridge' | 'count-packets' | 'record-talk' | 'end-talk';

export function createTalkEffects(deps: EffectDeps, mark: Mark): Doing<TalkEffect> {
  const { telephony, routing, clock, log } = deps;

  const accept: Do<'accept'> = async (call, { offerId }, reply) => {
    try {
      reply({ type: 'accept-told', offerId, accepted: (await routing.accept(offerId)) === 'accepted' });
    } catch (error) {
      log.error({ err: error, ...about(call), offerId }, 'accept.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  const bridge: Do<'bridge'> = async (call, { offerId }, reply) => {
    const stoodStill = watchStandstill(clock);
    try {
      const id = talkBridge(offerId);
      const [expert, citizen] = await Promise.all([
        telephony.addToBridge(id, expertChannel(offerId)),
        telephony.addToBridge(id, call.channelId),
      ]);
      // Asked for a moment ago they are joined since then, whenever we read so.
      const at = Math.round(clock.now() - stoodStill());
      // A citizen who is gone is told by an event of its own, which is on its way.
      if (expert === 'gone') reply({ type: 'expert-gone', offerId, cause: null });
      else if (citizen === 'done') reply({ type: 'bridged', offerId, at });
      // When the talk began is kept for a process that cannot read our snapshot (see rebuild.ts).
      await mark(call.channelId, { 'TIMEOUT(absolute)': '0', CLINIC_ANSWERED_AT: String(at) });
    } catch (error) {
      stoodStill();
      log.error({ err: error, ...about(call), offerId }, 'bridge.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  /** The citizen who stays is taken out of the bridge first: see removeFromBridge. */
  const endTalk: Do<'end-talk'> = async (call, { offerId, legGone }) => {
    if (call.announced === true) deps.recorder.end({ callId: call.id, offerId });
    if (call.citizenGone) return stopRinging(telephony, offerId);
    const bridgeId = talkBridge(offerId);
    return Promise.all([
      legGone === true ? undefined : telephony.hangup(expertChannel(offerId)),
      telephony.removeFromBridge(bridgeId, call.channelId).finally(() => telephony.destroyBridge(bridgeId)),
    ]);
  };

  /** Who holds may send nothing, for as long as the hold lasts. */
  const countPackets: Do<'count-packets'> = async (call, { offerId }, reply) => {
    const ask = (name: string) => telephony.getVariable(expertChannel(offerId), name);
    try {
      const [held, received] = await Promise.all([ask('CHANNEL(rtp,hold)'), ask('CHANNEL(rtcp,rxcount)')]);
      const isCount = /^[0-9]+$/.test(received ?? '') && held === '0';
      reply({ type: 'packets-told', offerId, packets: isCount ? Number(received) : null });
    } catch (error) {
      log.warn({ err: error, ...about(call), offerId }, 'packets.uncounted');
      reply({ type: 'packets-told', offerId, packets: null });
    }
  };

  return {
    accept,
    bridge,
    'count-packets': countPackets,
    'end-talk': endTalk,
    // Not waited for: whatever becomes of it disturbs no talk.
    'record-talk': (call, { offerId }) =>
      Promise.resolve(deps.recorder.begin({ callId: call.id, offerId }, call.channelId)),
  };
}
