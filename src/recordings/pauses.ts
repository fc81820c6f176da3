import type { TalkSounds } from '../asterisk/talk-sounds.ts';
import type { Reached, Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { heardBy, readTalkName, talkName, type TalkName } from './names.ts';

/**
 * Pauses of recorded talks, by whichever way they are asked for. Whether a recording is paused is known by the exchange alone;
 * kept here is only when a pause that was forgotten ends. It ends with the talk at the latest.
 */
export interface Pauses {
  /** `gone`: the talk is not being recorded. A pause that is asked for once more begins its time anew. */
  set(talk: TalkName, paused: boolean, actor: string): Promise<Reached>;
  /** The other way than it is. Who has asked hears what came of it; nothing where it could not be done. */
  toggle(talk: TalkName, actor: string): void;
  /** Pauses that an earlier process has left: they end as well. */
  takeUp(): Promise<void>;
  close(): void;
}

/** What the two in the talk hear: of the recording that was paused, that goes on, or that there is none. */
export type PauseWords = 'paused' | 'resumed' | 'none';

export interface PausesDeps {
  telephony: Pick<Telephony, 'channels' | 'onEvent'>;
  sounds: Pick<TalkSounds, 'isPaused' | 'setPaused'>;
  /** How long a pause lasts at most. */
  seconds: number;
  say: (talk: TalkName, words: PauseWords) => Promise<unknown>;
  onSwitched: (talk: TalkName, paused: boolean, actor: string) => void;
  log: Log;
}

/** Until a pause is tried to be ended again that could not be. */
const AGAIN_AFTER_SECONDS = 5;

export function createPauses({ telephony, sounds, seconds, say, onSwitched, log }: PausesDeps): Pauses {
  /** By name of the recording. */
  const ends = new Map<string, NodeJS.Timeout>();
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** One after the other: of two who ask at once each finds what the one before has left. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  function endAfter(talk: TalkName, delay: number): void {
    const name = talkName(talk);
    clearTimeout(ends.get(name));
    if (closed) return;
    ends.set(
      name,
      setTimeout(() => void expire(talk), delay * 1000),
    );
  }

  function forget(name: string): void {
    clearTimeout(ends.get(name));
    ends.delete(name);
  }

  /** wanted null: the other way than it is. The sentence about a pause is not in the recording, that about its end is. */
  async function turn(talk: TalkName, wanted: boolean | null, actor: string): Promise<Reached> {
    const name = talkName(talk);
    const before = await sounds.isPaused(name);
    if (before === null) return 'gone';
    const paused = wanted ?? !before;
    // Before it is asked for: where no answer comes it may be paused all the same.
    if (paused) endAfter(talk, seconds);
    if (paused !== before) {
      if ((await sounds.setPaused(name, paused)) === 'gone') return 'gone';
      onSwitched(talk, paused, actor);
      tell(talk, paused ? 'paused' : 'resumed');
    }
    if (!paused) forget(name);
    return 'done';
  }

  /** Not waited for: what was asked is done. */
  function tell(talk: TalkName, words: PauseWords): void {
    say(talk, words).catch((error: unknown) => log.warn({ err: error, ...talk, words }, 'pause.not-told'));
  }

  async function expire(talk: TalkName): Promise<void> {
    forget(talkName(talk));
    try {
      await inTurn(() => turn(talk, false, 'system'));
    } catch (error) {
      log.warn({ err: error, ...talk }, 'pause.not-ended');
      endAfter(talk, AGAIN_AFTER_SECONDS);
    }
  }

  async function toggle(talk: TalkName, actor: string): Promise<void> {
    try {
      if ((await inTurn(() => turn(talk, null, actor))) === 'gone') tell(talk, 'none');
    } catch (error) {
      log.warn({ err: error, ...talk, actor }, 'pause.not-switched');
    }
  }

  const stop = telephony.onEvent((event) => {
    const name = event.type === 'channel-left' ? heardBy(event.channelId) : null;
    if (name !== null) forget(name);
  });

  return {
    set: (talk, paused, actor) => inTurn(() => turn(talk, paused, actor)),
    toggle: (talk, actor) => void toggle(talk, actor),
    takeUp: async () => {
      for (const { id } of await telephony.channels()) {
        const name = heardBy(id);
        const talk = name === null ? null : readTalkName(name);
        if (name === null || talk === null || ends.has(name)) continue;
        if ((await sounds.isPaused(name)) === true) endAfter(talk, seconds);
      }
    },
    close: () => {
      closed = true;
      stop();
      for (const name of [...ends.keys()]) forget(name);
    },
  };
}
