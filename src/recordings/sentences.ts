import { randomUUID } from 'node:crypto';
import type { TalkSounds } from '../asterisk/talk-sounds.ts';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';

/** Short sentences to people in a talk, which goes on meanwhile: each hears them from a channel that whispers to theirs. */
export interface Sentences {
  /** sounds: prompt keys. Resolves when all is under way; who has left hears nothing. */
  say(channelIds: readonly string[], sounds: readonly string[]): Promise<void>;
  /** Ends what an earlier process has begun to say. */
  takeUp(): Promise<void>;
  close(): void;
}

export interface SentencesDeps {
  telephony: Pick<Telephony, 'play' | 'hangup' | 'channels' | 'onEvent'>;
  sounds: Pick<TalkSounds, 'whisper'>;
  log: Log;
}

const WHISPERER = 'say-';
const PLAYBACK = 'said-';

export function createSentences({ telephony, sounds: talkSounds, log }: SentencesDeps): Sentences {
  /** What each whispering channel is to say; it ends with the channel it whispers to at the latest. */
  const whisperers = new Map<string, readonly string[]>();

  function end(id: string): void {
    whisperers.delete(id);
    telephony.hangup(id).catch((error: unknown) => log.warn({ err: error, id }, 'request.failed'));
  }

  async function begin(id: string, words: readonly string[]): Promise<void> {
    try {
      await telephony.play(id, PLAYBACK + id, words);
    } catch (error) {
      log.warn({ err: error, id, words }, 'sentence.not-said');
      end(id);
    }
  }

  async function whisper(channelId: string, words: readonly string[]): Promise<void> {
    const id = WHISPERER + randomUUID();
    whisperers.set(id, words);
    try {
      if ((await talkSounds.whisper(channelId, id)) === 'gone') whisperers.delete(id);
    } catch (error) {
      // It may be there all the same.
      end(id);
      throw error;
    }
  }

  const stop = telephony.onEvent((event) => {
    if (event.type === 'channel-entered') {
      const words = whisperers.get(event.channel.id);
      if (words !== undefined) void begin(event.channel.id, words);
    } else if (event.type === 'playback-finished') {
      const id = event.playbackId.slice(PLAYBACK.length);
      if (whisperers.has(id)) end(id);
    } else if (event.type === 'channel-left') whisperers.delete(event.channelId);
  });

  return {
    say: async (channelIds, words) => void (await Promise.all(channelIds.map((id) => whisper(id, words)))),
    takeUp: async () => {
      for (const { id } of await telephony.channels())
        if (id.startsWith(WHISPERER) && !whisperers.has(id)) end(id);
    },
    close: stop,
  };
}
