import type { ManagerChannel } from '../../../src/asterisk/manager.ts';
import { hear, judge, nothingHeard, silentMs, type Place } from '../../../src/roles/watchdog-rules.ts';
import type { VirtualTime } from './time.ts';

/** The process that stands behind the application, as far as the exchange notices it: it looks once a second, by its own rules. */

const LOOK_EVERY_MS = 1000;
/** Not for the moment between two proofs. */
const PATIENCE_MS = 3 * LOOK_EVERY_MS;

export function startWatchdog(deps: {
  time: VirtualTime;
  /** Whether an application is there to give a proof of life. */
  lives: () => boolean;
  channels: () => ManagerChannel[];
  move: (name: string, to: Place) => void;
}): void {
  const { time, lives, channels, move } = deps;
  let silence = nothingHeard(time.now());
  let proofs = 0;

  function look(): void {
    if (lives()) proofs += 1;
    silence = hear(silence, String(proofs), time.now());
    if (silentMs(silence, time.now()) >= PATIENCE_MS) {
      const judged = judge(silence, channels(), time.now());
      silence = judged.silence;
      for (const { name, to } of judged.moves) move(name, to);
    }
    time.after(LOOK_EVERY_MS, look);
  }
  look();
}
