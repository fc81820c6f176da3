import type { Telephony } from '../asterisk/telephony.ts';
import { NOTHING_KEYED, press, type Keyed } from './keys.ts';

export interface PauseKeysDeps<Talk> {
  telephony: Pick<Telephony, 'onEvent'>;
  /** The talk on the channel of an expert's telephone; null for any other channel, a citizen's above all. */
  talkAt: (channelId: string) => Talk | null;
  onCode: (talk: Talk) => void;
}

/** Experts' keys while they talk. @returns the unsubscriber */
export function followPauseKeys<Talk>({ telephony, talkAt, onCode }: PauseKeysDeps<Talk>): () => void {
  /** By channel, as long as a code is begun. */
  const begun = new Map<string, Keyed>();
  return telephony.onEvent((event) => {
    if (event.type === 'channel-destroyed') begun.delete(event.channelId);
    if (event.type !== 'digit') return;
    const { channelId, digit, at } = event;
    const talk = talkAt(channelId);
    if (talk === null) return;
    const { keyed, complete } = press(begun.get(channelId) ?? NOTHING_KEYED, digit, at);
    if (keyed === NOTHING_KEYED) begun.delete(channelId);
    else begun.set(channelId, keyed);
    if (complete) onCode(talk);
  });
}
