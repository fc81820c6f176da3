import type { Api } from './api.ts';
import { isRaw, text } from './events.ts';
import { AsteriskFault, meansGone, orNull, reached } from './faults.ts';
import type { Reached } from './telephony.ts';
import type { Streamed } from './transport.ts';

/**
 * Talks recorded by the exchange. A channel of its own listens to the citizen's ("snoop") and is recorded: the bridge keeps its
 * two members. Recorded as a whole, a bridge becomes a conference in Asterisk, in which hold plays no music.
 */
export interface TalkSounds {
  /**
   * A channel that hears what the citizen says and hears. It enters our application with the argument `recorder`, and ends with
   * the citizen's at the latest. One that is there already stays.
   */
  listen(channelId: string, listenerId: string): Promise<Reached>;
  /**
   * A channel of which whoever is at this one hears what is played to it, beside the talk. It enters our application with the
   * argument `whisper`. Rejected was to play to the bridge: it becomes a conference meanwhile, and afterwards what listens to
   * the citizen's channel often hears the other side no more (Asterisk 22.10, two times of three). What is played to a
   * channel in a bridge waits until it has left it.
   */
  whisper(channelId: string, whispererId: string): Promise<Reached>;
  /** Writes what a listener hears into the exchange's spool until it ends. `gone` also where it is written already. */
  record(listenerId: string, name: string): Promise<Reached>;
  /** What is said meanwhile is in no file. `gone`: nothing is being recorded under this name. */
  setPaused(name: string, paused: boolean): Promise<Reached>;
  /** null: nothing is being recorded under this name. */
  isPaused(name: string): Promise<boolean | null>;
  /** Whether it is still being written. */
  isLive(name: string): Promise<boolean>;
  /** Names of all that lie in the spool, those being written included. */
  stored(): Promise<string[]>;
  /** null: it is not there. */
  sound(name: string): Promise<Streamed | null>;
  remove(name: string): Promise<Reached>;
}

/** Asterisk makes the folder with its first recording, and until then cannot list it. */
function noneYet(error: unknown): [] {
  if (error instanceof AsteriskFault && error.status === 500) return [];
  throw error;
}

/**
 * @param app name of our application in Asterisk.
 * @param fetch refuses as `call` does, and what is not there by status 404.
 */
export function createTalkSounds(
  call: Api['call'],
  app: string,
  fetch: (path: string) => Promise<Streamed>,
): TalkSounds {
  return {
    listen: (channelId, snoopId) =>
      reached(
        call('channels.snoopChannelWithId', { channelId, snoopId, app, spy: 'both', appArgs: 'recorder' }),
      ),
    whisper: (channelId, snoopId) =>
      reached(
        call('channels.snoopChannelWithId', { channelId, snoopId, app, whisper: 'out', appArgs: 'whisper' }),
      ),
    record: (channelId, name) =>
      reached(call('channels.record', { channelId, name, format: 'wav', ifExists: 'fail' })),
    setPaused: (recordingName, paused) =>
      reached(call(paused ? 'recordings.pause' : 'recordings.unpause', { recordingName })),
    isPaused: async (recordingName) => {
      const live = await orNull(call('recordings.getLive', { recordingName }));
      return isRaw(live) ? live.state === 'paused' : null;
    },
    isLive: async (recordingName) => (await orNull(call('recordings.getLive', { recordingName }))) !== null,
    stored: async () => {
      const answer = await call('recordings.listStored').catch(noneYet);
      return Array.isArray(answer) ? answer.filter(isRaw).map(({ name }) => text(name)) : [];
    },
    sound: async (name) => {
      try {
        return await fetch(`/ari/recordings/stored/${encodeURIComponent(name)}/file`);
      } catch (error) {
        if (meansGone(error)) return null;
        throw error;
      }
    },
    remove: (recordingName) => reached(call('recordings.deleteStored', { recordingName })),
  };
}
