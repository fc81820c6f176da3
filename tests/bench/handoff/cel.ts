import { readFileSync } from 'node:fs';
import type { Served } from './overtakes.ts';

/** Asterisk's own account of its channels (dialplan/cel_custom.conf), as far as it tells who was served when. */

interface Event {
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  uniqueId: string;
  linkedId: string;
  channel: string;
}

export function readCel(file: string): Event[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [type = '', time = '', uniqueId = '', linkedId = '', channel = ''] = line
        .split(',')
        .map((field) => field.replaceAll('"', ''));
      return { type, at: Number(time) * 1000, uniqueId, linkedId, channel };
    });
}

/**
 * The citizens who were answered from `since` on. entered: when a channel took its place, by its unique id; default: when the
 * exchange answered it. A citizen is taken when the first leg to an expert is made for that call.
 */
export function servedSince(
  events: readonly Event[],
  since: number,
  entered?: ReadonlyMap<string, number>,
): Served[] {
  const recent = events.filter(({ at }) => at >= since);
  const taken = new Map<string, number>();
  for (const { type, channel, linkedId, at } of recent) {
    if (type === 'CHAN_START' && /^PJSIP\/e\d/.test(channel) && !taken.has(linkedId)) taken.set(linkedId, at);
  }
  const answered = new Map<string, number>();
  for (const { type, channel, uniqueId, at } of recent) {
    if (type === 'ANSWER' && channel.startsWith('PJSIP/trunk-137')) answered.set(uniqueId, at);
  }
  return [...(entered ?? answered)].flatMap(([id, at]) => {
    const when = taken.get(id);
    return when === undefined ? [] : [{ entered: at, taken: when }];
  });
}
