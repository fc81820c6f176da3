import { findTone } from '../../src/stack/phone/tone.mjs';
import { waitFor } from './wait.ts';
import type { Recording } from '../../src/stack/phone/recorder.mjs';

/** Whether a line was cut for a moment: seen in what a telephone has received. */

const SAMPLE_RATE = 8_000;
const WINDOW_SECONDS = 0.05;

/**
 * Where a tone that should sound on was not there, between its first and its last moment.
 * @returns beginnings and lengths in seconds; windows of 50 ms, of which one alone may be a packet's edge
 */
export function toneBreaks(pcm: Int16Array, frequencyHz: number): { atSeconds: number; seconds: number }[] {
  const window = WINDOW_SECONDS * SAMPLE_RATE;
  const heard = Array.from(
    { length: Math.floor(pcm.length / window) },
    (_, at) => findTone(pcm.subarray(at * window, (at + 1) * window), frequencyHz).seconds > 0,
  );
  const breaks: { atSeconds: number; seconds: number }[] = [];
  let silent = 0;
  for (let at = heard.indexOf(true); at >= 0 && at <= heard.lastIndexOf(true); at += 1) {
    if (!heard[at]) silent += 1;
    else {
      if (silent > 1)
        breaks.push({ atSeconds: (at - silent) * WINDOW_SECONDS, seconds: silent * WINDOW_SECONDS });
      silent = 0;
    }
  }
  return breaks;
}

/** The longest time without any packet since a moment (milliseconds since the epoch), in seconds. */
export function longestGap({ gaps, startedAt }: Recording, since: number): number {
  const from = (since - startedAt) / 1000;
  return Math.max(0, ...gaps.filter((gap) => gap.atSeconds >= from).map((gap) => gap.seconds));
}

/** Waits until a telephone has received so many seconds more. */
export async function listensOn(call: { recording(): Recording }, seconds: number): Promise<void> {
  const until = call.recording().pcm.length + seconds * SAMPLE_RATE;
  await waitFor(() => call.recording().pcm.length >= until, 30_000, 250);
}
