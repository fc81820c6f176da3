import type { ChannelSnapshot } from '../asterisk/telephony.ts';
import type { Call, State } from './call.ts';
import { callIdOf, isCallbackChannel } from './identity.ts';
import type { Runner } from './runner.ts';

/** What others may know of the live calls. */

type Live = ReadonlyMap<string, Runner>;
const callsOf = (live: Live): Call[] => [...live.values()].map((runner) => runner.call());

export function liveCount(live: Live): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of callsOf(live)) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

const WITHOUT_EXPERT: ReadonlySet<State> = new Set(['position', 'waiting', 'ringing', 'connecting']);

export function waiting(live: Live): { specialty: string; queuedAt: number }[] {
  return callsOf(live).flatMap(({ state, specialty, queuedAt }) =>
    WITHOUT_EXPERT.has(state) && specialty !== null && queuedAt !== null ? [{ specialty, queuedAt }] : [],
  );
}

/** Callback → the call that is to keep it. */
export const callingBack = (live: Live): Map<string, string> =>
  new Map(
    callsOf(live).flatMap(({ id, callback }) => (callback === null ? [] : [[callback.id, id] as const])),
  );

/** Calls we have made to citizens whose channels are among these. */
export const calledBack = (channels: readonly ChannelSnapshot[], asteriskId: string): Set<string> =>
  new Set(channels.flatMap(({ id }) => (isCallbackChannel(id) ? [callIdOf(asteriskId, id)] : [])));

/** Whether the citizen of this number is calling us. */
export const isHere = (live: Live, number: string): boolean =>
  callsOf(live).some((call) => isFrom(call, number));

const isFrom = ({ caller, callback, citizenGone }: Call, number: string): boolean =>
  callback === null && caller === number && !citizenGone;
