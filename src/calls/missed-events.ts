import type { ChannelSnapshot } from '../asterisk/telephony.ts';
import type { Call, CallEvent, State } from './call.ts';
import { expertChannel, isCallbackChannel, isOfEarlierStart } from './identity.ts';
import type { Runner } from './runner.ts';

/** What a call has not heard of, told from what the exchange says is there. */

type Listener = Pick<Runner, 'post'>;

export interface Exchange {
  startedAt: number;
  byId: ReadonlyMap<string, ChannelSnapshot>;
}

export function missedEvents(runner: Listener, call: Call, { byId, startedAt }: Exchange): void {
  const { state, offer, talk } = call;
  const offerId = talk?.offerId ?? offer?.offerId;
  const leg = offerId === undefined ? undefined : byId.get(expertChannel(offerId));
  const citizenHere = byId.has(call.channelId);
  if (state === 'due' || state === 'dialling') return missedDialling(runner, call, byId, startedAt);
  if (!citizenHere && isOfEarlierStart(call.channelId, startedAt))
    return runner.post({ type: 'exchange-lost' });
  if (isAway(call, byId)) return runner.post(whatBecomesOf(call, byId.get(call.channelId)));
  if (offerId !== undefined && state === 'ringing' && citizenHere) {
    if (leg === undefined) runner.post({ type: 'expert-failed', offerId, reason: 'lost' });
    else if (leg.application === 'Stasis') runner.post({ type: 'expert-answered', offerId });
  }
  if (offerId !== undefined && state === 'talking' && leg === undefined)
    runner.post({ type: 'expert-gone', offerId, cause: null, unheard: true });
  if (!call.citizenGone && !citizenHere) runner.post(isGone(call));
}

const BEFORE_THE_TALK: ReadonlySet<State> = new Set([
  'inviting',
  'position',
  'waiting',
  'ringing',
  'connecting',
]);

/**
 * Whom we have called is let go by the watchdog where nobody is here. Who hung up by themselves meanwhile cannot be told from that:
 * as an attempt in vain neither counts.
 */
const isGone = ({ state, channelId }: Call): CallEvent =>
  isCallbackChannel(channelId) && BEFORE_THE_TALK.has(state)
    ? { type: 'handed-over', kept: false }
    : { type: 'citizen-gone', cause: null };

/** A citizen whom we call back has no channel before they are dialled, and while they are it is in nobody's hands. */
function missedDialling(
  runner: Listener,
  { state, channelId }: Call,
  byId: Exchange['byId'],
  startedAt: number,
): void {
  const channel = byId.get(channelId);
  if (channel === undefined && isOfEarlierStart(channelId, startedAt)) runner.post({ type: 'exchange-lost' });
  else if (state === 'due') return;
  else if (channel === undefined) runner.post({ type: 'dial-failed', reason: 'lost' });
  else if (channel.application === 'Stasis') runner.post({ type: 'citizen-answered' });
}

/** In the dialplan's hands and not in ours: nobody was here for so long that the watchdog has acted. */
export const isAway = ({ channelId }: Call, byId: Exchange['byId']): boolean => {
  const channel = byId.get(channelId);
  return channel !== undefined && channel.application !== 'Stasis';
};

/** Where the dialplan takes on whom a dead application has left in its hands. */
const TAKEN_ON = 'clinic-watchdog';

/**
 * The dialplan keeps a call whose channel does not say that we have it (see clinic-kept in extensions.conf). Elsewhere than
 * with the watchdog the channel is at its end: the citizen has hung up a moment ago, and that was not heard of.
 */
function whatBecomesOf({ id }: Call, channel: ChannelSnapshot | undefined): CallEvent {
  const kept = channel?.variables['CLINIC_CALL_ID'] !== id;
  if (kept || channel?.context === TAKEN_ON) return { type: 'handed-over', kept };
  return { type: 'citizen-gone', cause: null };
}
