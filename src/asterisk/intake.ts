import type { Log } from '../log.ts';
import type { Echo } from './echo.ts';
import { readFrame, type Raw } from './events.ts';

/** What comes in on one socket: echoes are taken out, the rest is kept until the socket is proven. */
export interface Intake {
  frame: (text: string) => void;
  /** Tells what was kept, in order; from now on everything is told as it comes. */
  open: () => void;
  /** Frames heard so far, of any kind. */
  heard: () => number;
}

export interface IntakeSettings {
  echo: Echo;
  log: Log;
  onRaw: (raw: Raw) => void;
  onMalformed: () => void;
  onReplaced: () => void;
}

export function createIntake({ echo, log, onRaw, onMalformed, onReplaced }: IntakeSettings): Intake {
  let kept: Raw[] | null = [];
  let heard = 0;

  return {
    frame: (text) => {
      heard++;
      const frame = readFrame(text);
      if (frame.kind === 'malformed') {
        log.debug({ characters: text.length }, 'frame.unreadable');
        return onMalformed();
      }
      if (frame.type === 'ApplicationReplaced') return onReplaced();
      if (echo.saw(frame.raw)) return;
      if (kept === null) onRaw(frame.raw);
      else kept.push(frame.raw);
    },
    open: () => {
      for (const raw of kept ?? []) onRaw(raw);
      kept = null;
    },
    heard: () => heard,
  };
}
