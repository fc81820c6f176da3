import type { Log } from '../log.ts';
import { codeOf } from '../platform/fault.ts';

/**
 * Whether Redis still knows all it has said it did. Every transition counts a turn up, and the next one shows the last that
 * was answered: a Redis that is behind it has lost something (emptied, its file cut short by a crash, an older copy put
 * back) and refuses. Half a memory is worse than none: it takes experts at work for idle. So the rest is wiped, and who is
 * told puts everything back.
 */
export interface Memory {
  /** Runs a transition; once more on wiped ground if it was refused for a turn that Redis does not know. */
  guard(
    run: (shown: number) => Promise<unknown>,
    wipe: (shown: number) => Promise<unknown>,
  ): Promise<unknown>;
}

/** The code of a script's refusal, and the number by which it says so. */
export const FORGOTTEN = 'queue-forgotten';
export const FORGOTTEN_NUMBER = -98;

/** onForgotten: told after the wiping, before anything else is carried out. Must not throw. */
export function createMemory({ log, onForgotten }: { log: Log; onForgotten: () => void }): Memory {
  let turn = 0;
  let wiping: Promise<void> | null = null;

  /** {result, offers, changes, earliest deadline, turn} */
  function hear(answer: unknown): unknown {
    const said = Array.isArray(answer) ? Number(answer[4]) : NaN;
    if (said > turn) turn = said;
    return answer;
  }

  async function forget(wipe: (shown: number) => Promise<unknown>): Promise<void> {
    await wipe(turn);
    log.warn({ turn }, 'queue.forgotten');
    onForgotten();
  }

  return {
    async guard(run, wipe) {
      try {
        return hear(await run(turn));
      } catch (error) {
        if (codeOf(error) !== FORGOTTEN) throw error;
      }
      await (wiping ??= forget(wipe).finally(() => (wiping = null)));
      return hear(await run(turn));
    },
  };
}
