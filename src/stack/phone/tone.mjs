/** Tones: made to be spoken by a test's telephone, and found again in what another one heard. */

const SAMPLE_RATE = 8_000;
const WINDOW = 400;
/** A soft voice: loud enough to stand out from comfort noise, far from clipping. */
const AMPLITUDE = 4_000;
/** Share of a window's energy at one frequency above which it is a tone and not speech. */
const PURE = 0.7;
/** Mean square below which a window counts as silence. */
const QUIET = 100 * 100;

/**
 * @param {number} frequencyHz
 * @param {number} seconds
 * @param {number} [amplitude]
 * @returns {Int16Array} 8 kHz, soft at both ends
 */
export function tone(frequencyHz, seconds, amplitude = AMPLITUDE) {
  const pcm = new Int16Array(Math.round(seconds * SAMPLE_RATE));
  const edge = Math.min(80, pcm.length / 2);
  for (let at = 0; at < pcm.length; at += 1) {
    const softened = Math.min(1, at / edge, (pcm.length - 1 - at) / edge);
    pcm[at] = Math.round(amplitude * softened * Math.sin((2 * Math.PI * frequencyHz * at) / SAMPLE_RATE));
  }
  return pcm;
}

/**
 * Where a tone is heard (Goertzel, in windows of 50 ms).
 * @param {Int16Array} pcm 8 kHz
 * @param {number} frequencyHz
 * @returns {{ atSeconds: number | null, seconds: number }} its beginning (null: not at all) and its whole length
 */
export function findTone(pcm, frequencyHz) {
  let first = null;
  let windows = 0;
  for (let at = 0; at + WINDOW <= pcm.length; at += WINDOW) {
    if (!isTone(pcm.subarray(at, at + WINDOW), frequencyHz)) continue;
    first ??= at / SAMPLE_RATE;
    windows += 1;
  }
  return { atSeconds: first, seconds: (windows * WINDOW) / SAMPLE_RATE };
}

function isTone(window, frequencyHz) {
  const turn = 2 * Math.cos((2 * Math.PI * frequencyHz) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of window) {
    [before, last] = [last, sample + turn * last - before];
    energy += sample * sample;
  }
  const power = last * last + before * before - turn * last * before;
  return energy / window.length > QUIET && power / (energy * (window.length / 2)) > PURE;
}
