import { Type } from 'typebox';
import type { AriTelephony } from '../asterisk/telephony-ari.ts';
import * as phrases from '../calls/phrases.ts';
import type { Talks } from '../calls/talks.ts';
import type { Config } from '../config.ts';
import { command, type CommandHandler } from '../platform/commands.ts';
import { fault } from '../platform/fault.ts';
import { aborted } from '../platform/signals.ts';
import { createCollector } from '../recordings/collector.ts';
import type { TalkName } from '../recordings/names.ts';
import { followPauseKeys } from '../recordings/pause-keys.ts';
import { createPauses, type Pauses, type PauseWords } from '../recordings/pauses.ts';
import { createSentences } from '../recordings/sentences.ts';
import { createRecorder, type Recorder } from '../recordings/recorder.ts';
import { createRetention, type Retention } from '../recordings/retention.ts';
import { keyringOf } from '../recordings/sealing.ts';
import { createRecordings, type Recordings } from '../recordings/service.ts';
import { createVault, type Vault } from '../recordings/vault.ts';
import type { Shared } from './role.ts';

/** Longest wait for a recording that is being fetched; it lies in the exchange's spool for the next process. */
const CLOSE_WITHIN_MS = 2000;

const vaultOf = (config: Config): Vault =>
  createVault({
    folder: config.RECORDINGS_DIR,
    keys: keyringOf(config.RECORDINGS_KEY, config.RECORDINGS_OLD_KEYS),
  });

/** The room of recordings as the roles `web` and `jobs` use it. */
export function recordingsOf({ config, pool, clock, log }: Shared): {
  recordings: Recordings;
  retention: Retention;
} {
  const vault = vaultOf(config);
  const keeping = {
    talks: config.KEEP_TALKS_DAYS,
    messages: config.KEEP_MESSAGES_DAYS,
    numbers: config.KEEP_NUMBERS_DAYS,
    notes: config.KEEP_NOTES_DAYS,
  };
  return {
    recordings: createRecordings({ pool, vault, log }),
    retention: createRetention({ pool, vault, clock, log, keeping }),
  };
}

/** The same beside the exchange: talks are recorded there, and fetched from there. */
export interface TalkRecording {
  recorder: Recorder;
  vault: Vault;
  /** `recording.pause`, `recordings.collect`: for serveCommands. */
  handlers: Readonly<Record<string, CommandHandler>>;
  /** What began or ended while nobody was here, and pauses that nobody would end. */
  takeUp(): void;
  close(): Promise<void>;
}

/** calls: asked for when something happens, since the calls themselves need the recorder. */
export function recordTalks(
  { config, pool, log }: Shared,
  telephony: AriTelephony,
  calls: () => Talks,
): TalkRecording {
  const vault = vaultOf(config);
  const sounds = telephony.talkSounds;
  const collector = createCollector({ sounds, vault, pool, log });
  let underWay: Promise<void> = Promise.resolve();
  const collect = (): void => {
    underWay = collector.run().then(
      () => undefined,
      // It is looked again every minute.
      (error: unknown) => log.warn({ err: error }, 'recordings.not-collected'),
    );
  };
  const recorder = createRecorder({ telephony, sounds, log, onFinished: collect });
  const sentences = createSentences({ telephony, sounds, log });
  const pauses = createPauses({
    ...{ telephony, sounds, log, seconds: config.RECORDING_PAUSE_SECONDS },
    say: (talk, words) => sentences.say(legsOf(talk, calls()), WORDS[words]),
    onSwitched: (talk, paused, actor) => calls().noteRecording(talk, paused, actor),
  });
  const unfollow = followPauseKeys({
    telephony,
    talkAt: (channelId) => calls().talkAt(channelId),
    onCode: (talk) => pauses.toggle(talk, `expert:${talk.expertId}`),
  });

  return {
    ...{ recorder, vault },
    handlers: {
      'recordings.collect': command(Type.Object({}), collect),
      'recording.pause': pauseCommand(calls, pauses),
    },
    takeUp: () => {
      recorder
        .takeUp()
        .catch((error: unknown) => log.warn({ err: error }, 'recordings.not-taken-up'))
        .finally(collect);
      Promise.all([pauses.takeUp(), sentences.takeUp()]).catch((error: unknown) =>
        log.warn({ err: error }, 'pauses.not-taken-up'),
      );
    },
    close: async () => {
      unfollow();
      pauses.close();
      sentences.close();
      recorder.close();
      await Promise.race([underWay, aborted(AbortSignal.timeout(CLOSE_WITHIN_MS))]);
    },
  };
}

/** A process of the version before does not say who has asked. */
const PauseRequest = Type.Object({
  callId: Type.String(),
  paused: Type.Boolean(),
  actor: Type.Optional(Type.String()),
});

const pauseCommand = (calls: () => Talks, pauses: Pauses): CommandHandler =>
  command(PauseRequest, async ({ callId, paused, actor = 'system' }) => {
    const talk = calls().talkOf(callId);
    if (talk === null || (await pauses.set(talk, paused, actor)) === 'gone')
      throw fault('recording-not-running', 'No talk of this call is being recorded');
  });

const WORDS: Readonly<Record<PauseWords, phrases.Phrase>> = {
  paused: phrases.recordingPaused,
  resumed: phrases.recordingResumed,
  none: phrases.notRecorded,
};

/** Both, unless they have parted. */
function legsOf({ callId, offerId }: TalkName, calls: Talks): readonly string[] {
  const talk = calls.talkOf(callId);
  return talk?.offerId === offerId ? talk.legs : [];
}
