import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { powerOfTwo, transform, type Complex } from './fft.ts';

/** What was heard on the line, against what should have been: all sound here is 8 kHz, 16 bits, mono. */
const SAMPLE_RATE = 8_000;
/** From this likeness on a prompt counts as heard (a telephone codec leaves .98 and more, another prompt below .4). */
export const HEARD = 0.9;
/** A window quieter than this mean square is silence, like nothing. */
const QUIET = 20 * 20;
/** Around the first place that is like enough, the best one is taken. */
const PEAK_SAMPLES = 400;
/** A line may swallow the first and the last packets of a sound: a little of it may stick out at both ends. */
const MARGIN = 1_600;

export interface Found {
  /** 1: the same sound, at whatever volume; 0: nothing alike. */
  correlation: number;
  atSeconds: number;
}

/** A prompt's key, or only its beginning: one that a digit interrupted was heard for so many seconds. */
export type Expected = string | { key: string; seconds: number };

export interface FoundPrompt extends Found {
  key: string;
}

/**
 * Where in a recording a sound is most clearly heard (normalised cross-correlation). Of a sound that does not fit into
 * the recording nothing was heard.
 */
export function heard(pcm: Int16Array, expectedPcm: Int16Array): Found {
  return searchedIn(pcm)(expectedPcm);
}

/** The same for many sounds in one recording: what it costs to prepare that is paid once. */
export function searchedIn(pcm: Int16Array): (expectedPcm: Int16Array) => Found {
  const recording = prepare(stretch(pcm, -MARGIN, pcm.length + MARGIN));
  return (expectedPcm) => {
    const likeness = likenesses(recording, expectedPcm);
    return place(likeness, bestOf(likeness, 0, likeness.length));
  };
}

/**
 * Looks for prompts one after the other: each from where the one before it ended. Of several places that are like
 * enough the first counts, so a menu heard three times is found three times. One that is not heard is reported with
 * its best place, and the search for the next goes on from where this one began.
 *
 * @param soundsDir Asterisk's sounds folder, the one above `fa/`
 */
export function heardInOrder(
  recordingPcm: Int16Array,
  keys: readonly Expected[],
  soundsDir: string,
): FoundPrompt[] {
  const recording = prepare(stretch(recordingPcm, -MARGIN, recordingPcm.length + MARGIN));
  let from = 0;
  return keys.map((expected) => {
    const { key, sound } = soundOf(expected, soundsDir);
    const likeness = likenesses(recording, sound);
    if (likeness.length <= from) return { key, correlation: 0, atSeconds: recordingPcm.length / SAMPLE_RATE };
    const first = likeness.findIndex((value, at) => at >= from && value >= HEARD);
    const at =
      first < 0 ? bestOf(likeness, from, likeness.length) : bestOf(likeness, first, first + PEAK_SAMPLES);
    if (first >= 0) from = at + endOf(sound);
    return { key, ...place(likeness, at) };
  });
}

/** Samples searched at a time. */
const STRETCH = 15 * SAMPLE_RATE;

/**
 * The same while the recording grows: each call is given all of it, and searches only what came since the call before. A
 * prompt counts when all of it is there, or its end where nothing more comes.
 * @returns whether all were heard
 */
export function hearing(keys: readonly Expected[], soundsDir: string): (recordingPcm: Int16Array) => boolean {
  const left = keys.map((expected) => soundOf(expected, soundsDir).sound);
  /** Where the next one may begin, as far as was searched. */
  let from = -MARGIN;
  let before = -1;
  return (pcm) => {
    const after = pcm.length === before ? MARGIN : 0;
    before = pcm.length;
    for (let sound = left[0]; sound !== undefined; sound = left[0]) {
      const end = pcm.length + after;
      if (end - sound.length < from) return false;
      // The rest with the next call: whoever searched minutes at once would hear no packet meanwhile.
      const until = Math.min(end, from + sound.length + STRETCH);
      const likeness = likenesses(prepare(stretch(pcm, from, until)), sound);
      const first = likeness.findIndex((value) => value >= HEARD);
      if (first < 0) {
        // Where it would stick out at the end is searched again when more has come.
        from = Math.max(from, Math.min(until, pcm.length) - sound.length + 1);
        return false;
      }
      from += bestOf(likeness, first, first + PEAK_SAMPLES) + endOf(sound);
      left.shift();
    }
    return true;
  };
}

/**
 * How often it is to be asked: a search takes as long as the sound is long, and two files of tests share the processors. Of a
 * menu of twenty seconds twice a second is soon enough for a key.
 */
export function searchEveryMs(keys: readonly Expected[], soundsDir: string): number {
  const longest = Math.max(
    ...keys.map((expected) => soundOf(expected, soundsDir).sound.length / SAMPLE_RATE),
  );
  return Math.min(500, Math.max(100, longest * 25));
}

/** From one place to another, silence where the recording has none. */
function stretch(pcm: Int16Array, from: number, to: number): Int16Array {
  const part = new Int16Array(to - from);
  part.set(pcm.subarray(Math.max(0, from), Math.max(0, to)), Math.max(0, -from));
  return part;
}

/** Where in the sound another may begin: a tenth of a second is left for its silence running into the next one. */
const endOf = (sound: Int16Array): number => Math.max(0, sound.length - SAMPLE_RATE / 10);

/** The keys that were not heard (well enough, in this order), for a message that names them. */
export function notHeard(found: readonly FoundPrompt[]): string[] {
  return found
    .filter(({ correlation }) => correlation < HEARD)
    .map(({ key, correlation }) => `${key} (${correlation.toFixed(2)})`);
}

function soundOf(expected: Expected, soundsDir: string): { key: string; sound: Int16Array } {
  if (typeof expected === 'string') return { key: expected, sound: readPrompt(soundsDir, expected) };
  return {
    key: expected.key,
    sound: readPrompt(soundsDir, expected.key).subarray(0, Math.round(expected.seconds * SAMPLE_RATE)),
  };
}

/**
 * A prompt's sound as Asterisk plays it on a telephone line.
 * @throws Error `prompt-missing` when no file stands for the key
 */
export function readPrompt(soundsDir: string, key: string, language = 'fa'): Int16Array {
  const base = join(soundsDir, language, key);
  if (existsSync(`${base}.sln`)) return samplesOf(readFileSync(`${base}.sln`));
  if (existsSync(`${base}.wav`)) return readWav(readFileSync(`${base}.wav`));
  if (existsSync(`${base}.sln16`)) return halve(samplesOf(readFileSync(`${base}.sln16`)));
  throw fault('prompt-missing', `There is no sound for ${key} below ${soundsDir}.`);
}

/** A RIFF file of 16-bit mono samples at 8 or 16 kHz. @throws Error `wav-unusable` */
export function readWav(file: Buffer): Int16Array {
  let rate = 0;
  if (file.toString('latin1', 0, 4) !== 'RIFF') throw fault('wav-unusable', 'This is not a WAV file.');
  for (
    let at = 12;
    at + 8 <= file.length;
    at += 8 + file.readUInt32LE(at + 4) + (file.readUInt32LE(at + 4) % 2)
  ) {
    const name = file.toString('latin1', at, at + 4);
    if (name === 'fmt ') {
      rate = file.readUInt32LE(at + 12);
      const plain =
        file.readUInt16LE(at + 8) === 1 &&
        file.readUInt16LE(at + 10) === 1 &&
        file.readUInt16LE(at + 22) === 16;
      if (!plain || (rate !== 8_000 && rate !== 16_000))
        throw fault('wav-unusable', 'Only 16-bit mono at 8 or 16 kHz is read.');
    }
    if (name === 'data') {
      const samples = samplesOf(file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4)));
      return rate === 16_000 ? halve(samples) : samples;
    }
  }
  throw fault('wav-unusable', 'The WAV file has no data.');
}

/** A RIFF file of a recording, to be listened to. */
export function writeWav(pcm: Int16Array): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + pcm.length * 2, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLE_RATE, 24);
  head.writeUInt32LE(SAMPLE_RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(pcm.length * 2, 40);
  return Buffer.concat([head, Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)]);
}

/** Little-endian samples, copied so that they lie aligned. */
function samplesOf(raw: Buffer): Int16Array {
  const samples = new Int16Array(Math.floor(raw.length / 2));
  for (let at = 0; at < samples.length; at += 1) samples[at] = raw.readInt16LE(at * 2);
  return samples;
}

/** 16 kHz to 8 kHz behind a low-pass at 3.6 kHz (windowed sinc). */
function halve(samples: Int16Array): Int16Array {
  const reach = 24;
  const taps = Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const offset = index - reach;
    const cut = 2 * (3_600 / 16_000);
    const sinc = offset === 0 ? cut : Math.sin(Math.PI * cut * offset) / (Math.PI * offset);
    return sinc * (0.54 + 0.46 * Math.cos((Math.PI * offset) / reach));
  });
  return Int16Array.from({ length: Math.floor(samples.length / 2) }, (_, at) => {
    return taps.reduce((sum, tap, index) => sum + tap * (samples[2 * at + index - reach] ?? 0), 0);
  });
}

interface Prepared {
  pcm: Int16Array;
  spectrum: Complex;
  /** Sums of samples and of squares up to each place, for the mean and the energy of any window. */
  sums: Float64Array;
  squares: Float64Array;
}

function prepare(pcm: Int16Array): Prepared {
  const size = powerOfTwo(pcm.length);
  const spectrum = { re: new Float64Array(size), im: new Float64Array(size) };
  spectrum.re.set(pcm);
  transform(spectrum);
  const sums = new Float64Array(pcm.length + 1);
  const squares = new Float64Array(pcm.length + 1);
  for (let at = 0; at < pcm.length; at += 1) {
    sums[at + 1] = sums[at]! + pcm[at]!;
    squares[at + 1] = squares[at]! + pcm[at]! ** 2;
  }
  return { pcm, spectrum, sums, squares };
}

/** The correlation of the sound with the recording at every place where it fits in whole. */
function likenesses(recording: Prepared, sound: Int16Array): Float64Array {
  const mean = sound.reduce((sum, sample) => sum + sample, 0) / sound.length;
  const size = recording.spectrum.re.length;
  if (sound.length > recording.pcm.length) return new Float64Array(0);
  const product = { re: new Float64Array(size), im: new Float64Array(size) };
  let energy = 0;
  for (let at = 0; at < sound.length; at += 1) {
    product.re[at] = sound[at]! - mean;
    energy += product.re[at]! ** 2;
  }
  transform(product);
  const { re, im } = recording.spectrum;
  for (let at = 0; at < size; at += 1) {
    // Times the sound's conjugate: correlation, not convolution.
    const [soundRe, soundIm] = [product.re[at]!, product.im[at]!];
    product.re[at] = re[at]! * soundRe + im[at]! * soundIm;
    product.im[at] = im[at]! * soundRe - re[at]! * soundIm;
  }
  transform(product, true);
  return normalise(recording, product.re, sound.length, energy);
}

function normalise(
  { pcm, sums, squares }: Prepared,
  raw: Float64Array,
  length: number,
  energy: number,
): Float64Array {
  const places = Math.max(0, pcm.length - length + 1);
  const result = new Float64Array(places);
  for (let at = 0; at < places; at += 1) {
    const sum = sums[at + length]! - sums[at]!;
    const windowEnergy = squares[at + length]! - squares[at]! - sum ** 2 / length;
    if (windowEnergy > QUIET * length && energy > 0) result[at] = raw[at]! / Math.sqrt(windowEnergy * energy);
  }
  return result;
}

function bestOf(likeness: Float64Array, from: number, to: number): number {
  let best = from;
  for (let at = from; at < Math.min(to, likeness.length); at += 1)
    if (likeness[at]! > likeness[best]!) best = at;
  return best;
}

function place(likeness: Float64Array, at: number): Found {
  return { correlation: likeness[at] ?? 0, atSeconds: (at - MARGIN) / SAMPLE_RATE };
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
