import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/**
 * A call's id follows from the channel it came on: whoever meets the channel (this process, its successor after a
 * crash, or the hand-over of what the dialplan kept) names the call alike, so that nothing is written down twice.
 *
 * asteriskId: the exchange's system name. channelId: Asterisk's unique id, `[system-]<epoch seconds>.<serial>`.
 * Returns a UUIDv7 whose time is the channel's; the serial keeps the order of calls within one second.
 */
export function callIdOf(asteriskId: string, channelId: string): string {
  const random = createHash('sha256').update(`${asteriskId}\0${channelId}`).digest().subarray(0, 16);
  const { seconds, serial } = partsOf(channelId);
  return uuidv7({ msecs: seconds * 1000 + (serial % 1000), random, seq: 0 });
}

const CALLBACK = 'callback-';
/** A citizen's channel that we make: named as Asterisk names its own, so that the call's id follows from it as well. */
export const callbackChannel = (now: number, serial: number): string =>
  `${CALLBACK}${Math.floor(now / 1000)}.${serial}`;
export const isCallbackChannel = (channelId: string): boolean => channelId.startsWith(CALLBACK);

const LEG = 'exp-';
const TALK = 'talk-';
export const expertChannel = (offerId: string): string => LEG + offerId;
export const talkBridge = (offerId: string): string => TALK + offerId;
/** The offer an expert's leg was made for; null for any other channel. */
export const offerOf = (channelId: string): string | null => restOf(channelId, LEG);
/** The offer whose talk is held in this bridge; null for any other bridge. */
export const offerOfBridge = (bridgeId: string): string | null => restOf(bridgeId, TALK);

const restOf = (name: string, prefix: string): string | null =>
  name.startsWith(prefix) ? name.slice(prefix.length) : null;

/**
 * Whether a channel was made by an Asterisk that has been started anew since: it cannot be there any more, and nobody has hung
 * up. Both times are by Asterisk's own clock. startedAt: milliseconds since the epoch.
 */
export function isOfEarlierStart(channelId: string, startedAt: number): boolean {
  // The id tells whole seconds; within the second of the start itself it cannot be known.
  const { seconds } = partsOf(channelId);
  return seconds > 0 && (seconds + 1) * 1000 <= startedAt;
}

function partsOf(channelId: string): { seconds: number; serial: number } {
  const [, seconds = '0', serial = '0'] = /([0-9]{9,11})\.([0-9]+)$/.exec(channelId) ?? [];
  return { seconds: Number(seconds), serial: Number(serial) };
}
