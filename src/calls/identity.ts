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
  const parts = /([0-9]{9,11})\.([0-9]+)$/.exec(channelId);
  const [, seconds = '0', serial = '0'] = parts ?? [];
  return uuidv7({ msecs: Number(seconds) * 1000 + (Number(serial) % 1000), random, seq: 0 });
}
