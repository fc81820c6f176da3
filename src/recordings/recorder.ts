import type { TalkSounds } from '../asterisk/talk-sounds.ts';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { heardBy, listenerOf, talkName, type TalkName } from './names.ts';

/**
 * Talks are recorded by the exchange, so that a recording outlives this process. Nothing here is waited for by a talk, and
 * what fails is told in the log alone.
 */
export interface Recorder {
  /** May be asked for again, also by a successor: the same talk is recorded once. */
  begin(talk: TalkName, channelId: string): void;
  end(talk: TalkName): void;
  /** Listeners that entered while nobody was here. */
  takeUp(): Promise<void>;
  close(): void;
}

export interface RecorderDeps {
  telephony: Pick<Telephony, 'hangup' | 'channels' | 'onEvent'>;
  sounds: Pick<TalkSounds, 'listen' | 'record' | 'isLive'>;
  log: Log;
  /** A recording lies finished in the exchange's spool. */
  onFinished: () => void;
}

export function createRecorder({ telephony, sounds, log, onFinished }: RecorderDeps): Recorder {
  /** A listener that is there already is refused like any that cannot be: what counts is whether the talk is recorded. */
  async function quietly(name: string, request: Promise<unknown>): Promise<void> {
    try {
      await request;
    } catch (error) {
      const isLive = await sounds.isLive(name).catch(() => false);
      if (!isLive) log.error({ err: error, recording: name, alarm: true }, 'talk.not-recorded');
    }
  }

  function record(channelId: string): void {
    const name = heardBy(channelId);
    if (name !== null) void quietly(name, sounds.record(channelId, name));
  }

  async function recordIfNot(channelId: string): Promise<void> {
    const name = heardBy(channelId);
    if (name !== null && !(await sounds.isLive(name))) record(channelId);
  }

  const stop = telephony.onEvent((event) => {
    if (event.type === 'channel-entered') record(event.channel.id);
    else if (event.type === 'channel-left' && heardBy(event.channelId) !== null) onFinished();
  });

  return {
    begin: (talk, channelId) => void quietly(talkName(talk), sounds.listen(channelId, listenerOf(talk))),
    end: (talk) =>
      void telephony
        .hangup(listenerOf(talk))
        // It ends with the citizen's channel in any case.
        .catch((error: unknown) => log.warn({ err: error, ...talk }, 'request.failed')),
    takeUp: async () => {
      for (const { id } of await telephony.channels()) await recordIfNot(id);
    },
    close: stop,
  };
}
