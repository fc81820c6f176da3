import type { Pool } from 'pg';
import type { TalkSounds } from '../asterisk/talk-sounds.ts';
import type { Log } from '../log.ts';
import { readTalkName, talkPath, type TalkName } from './names.ts';
import { addTalk, talkIsKept } from './store.ts';
import type { Vault } from './vault.ts';
import { SECOND_BYTES, wholeWav, WAV_HEAD_BYTES } from './wav.ts';

/**
 * Fetches recorded talks from the exchange's spool: sealed, written down as a row, and only then deleted there. Whatever a
 * process left in between is found by the next look and done again.
 */
export interface Collector {
  /** Looks at all that lies there. One look at a time: asked meanwhile, it looks once more afterwards. @returns how many were kept */
  run(): Promise<number>;
}

export interface CollectorDeps {
  sounds: Pick<TalkSounds, 'stored' | 'isLive' | 'sound' | 'remove'>;
  vault: Pick<Vault, 'keep'>;
  pool: Pool;
  log: Log;
}

export function createCollector({ sounds, vault, pool, log }: CollectorDeps): Collector {
  let running: Promise<number> | null = null;
  let again = false;

  async function look(): Promise<number> {
    let kept = 0;
    do {
      again = false;
      for (const name of await sounds.stored()) {
        const talk = readTalkName(name);
        if (talk !== null && (await fetched(name, talk))) kept += 1;
      }
    } while (again);
    return kept;
  }

  /** One that cannot be kept must not keep the others from it. */
  async function fetched(name: string, talk: TalkName): Promise<boolean> {
    try {
      if (await sounds.isLive(name)) return false;
      const done = (await talkIsKept(pool, talk.offerId)) || (await keep(name, talk));
      if (done) await sounds.remove(name);
      return done;
    } catch (error) {
      log.error({ err: error, callId: talk.callId, recording: name, alarm: true }, 'recording.not-kept');
      return false;
    }
  }

  /** False where the call's own row is not there yet: the next look finds it. */
  async function keep(name: string, talk: TalkName): Promise<boolean> {
    const found = await sounds.sound(name);
    if (found === null) return false;
    const kept = await vault.keep(talkPath(talk), wholeWav(found.parts, found.bytes));
    const seconds = Math.round(Math.max(0, kept.bytes - WAV_HEAD_BYTES) / SECOND_BYTES);
    if (!(await addTalk(pool, talk, { ...kept, seconds }))) {
      log.warn({ callId: talk.callId }, 'recording.awaits-call');
      return false;
    }
    log.info({ callId: talk.callId, seconds, bytes: kept.bytes }, 'recording.kept');
    return true;
  }

  return {
    run: () => {
      again = true;
      running ??= look().finally(() => (running = null));
      return running;
    },
  };
}
