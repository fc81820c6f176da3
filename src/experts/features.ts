import type { ChannelSnapshot, Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { within } from '../platform/within.ts';
import { expertOfChannel, readFeature, type Feature } from './rules.ts';

/**
 * An expert's telephone dialled a code: it is done, a short phrase says what came of it, and the call ends. The code
 * counts as soon as it is dialled, whether or not the expert stays to hear the phrase.
 */

export interface FeaturesDeps {
  telephony: Telephony;
  log: Log;
  /** Does what was asked. Returns the prompts that tell the expert. */
  perform: (expertId: string, feature: Feature) => Promise<readonly string[]>;
}

export interface Features {
  handle(event: TelephonyEvent): void;
  /** Takes up calls that were left standing in our application while we were away. */
  takeUp(channels: readonly ChannelSnapshot[]): void;
  /** Waits for those under way. */
  settle(): Promise<void>;
  /** The same without waiting for phrases to be heard to their end: what was asked is done, the rest is politeness. */
  drain(): Promise<void>;
}

/** The phrases last a second or two; a telephone that never says it has heard them is not waited for. */
const LONGEST_PHRASE_MS = 10_000;

export function createFeatures({ telephony, log, perform }: FeaturesDeps): Features {
  /** Calls under way, each with what to do when its phrase is over or its caller gone. */
  const calls = new Map<string, { finish: () => void; over: Promise<void> }>();

  function begin(channel: ChannelSnapshot, code: string): void {
    if (calls.has(channel.id)) return;
    let finish: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => (finish = resolve));
    const over = serve(channel, code, heard)
      .catch((error: unknown) => log.warn({ err: error, channelId: channel.id }, 'feature.failed'))
      .finally(() => calls.delete(channel.id));
    calls.set(channel.id, { finish, over });
  }

  async function serve(channel: ChannelSnapshot, code: string, heard: Promise<void>): Promise<void> {
    try {
      const prompts = await decide(channel, code);
      if (prompts.length > 0 && (await telephony.answer(channel.id)) === 'done') {
        const playing = await telephony.play(channel.id, playbackOf(channel.id), prompts);
        if (playing === 'done') await within(heard, LONGEST_PHRASE_MS);
      }
    } finally {
      await telephony.hangup(channel.id);
    }
  }

  /** None: not an expert's telephone, which gets no word. */
  async function decide(channel: ChannelSnapshot, code: string): Promise<readonly string[]> {
    const expertId = expertOfChannel(channel.name);
    const feature = readFeature(code);
    if (expertId === null || feature === null) {
      log.warn({ channel: channel.name, code }, 'feature.refused');
      return expertId === null ? [] : ['feature/refused'];
    }
    try {
      return await perform(expertId, feature);
    } catch (error) {
      log.error({ err: error, expertId, code }, 'feature.failed');
      return ['feature/unavailable'];
    }
  }

  async function settle(): Promise<void> {
    await Promise.all([...calls.values()].map((call) => call.over));
  }

  return {
    handle(event) {
      switch (event.type) {
        case 'channel-entered':
          if (event.args[0] === 'feature') begin(event.channel, event.args[1] ?? '');
          return;
        case 'playback-finished':
          calls.get(channelOf(event.playbackId))?.finish();
          return;
        case 'channel-left':
        case 'channel-destroyed':
        case 'hangup-requested':
          calls.get(event.channelId)?.finish();
          return;
        default:
          return;
      }
    },
    takeUp(channels) {
      for (const channel of channels) {
        const code = /(?:^|,)feature,([^,]*)$/.exec(channel.applicationData)?.[1];
        if (channel.application === 'Stasis' && code !== undefined) begin(channel, code);
      }
    },
    settle,
    async drain() {
      for (const call of calls.values()) call.finish();
      await settle();
    },
  };
}

const PLAYBACK = 'feature-';
const playbackOf = (channelId: string): string => `${PLAYBACK}${channelId}`;
const channelOf = (playbackId: string): string =>
  playbackId.startsWith(PLAYBACK) ? playbackId.slice(PLAYBACK.length) : '';
