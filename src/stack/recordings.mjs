/** Recordings of a speaker, judged before a citizen hears them: measured by sox, compared with what stands here. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.mjs';
import { fault } from './fault.mjs';
import { CUT_SILENCE } from './voice.mjs';

/** Telephones carry 8 kHz, an expert's browser 16: what is recorded below that is never wide again. */
const LOWEST_RATE = 16_000;
const FEWEST_BITS = 16;
/** RMS of the voice without the silence round it, dB below full scale: what speech with peaks from -12 to -1 dB has. */
const LOUDNESS = { least: -32, most: -12 };
/** Full scale reached so often is no peak but a top cut off. */
const CLIPPED = { peak: -0.1, samples: 10 };
/**
 * Seconds a text takes, by its letters: a line through all 241 phrases of the synthetic voice at 140 words a minute, none
 * of which is off by more than a third (without the .14 s of silence the set-up puts round each). Beyond half and double
 * something else was said, or a part is missing.
 */
const PACE = { begin: 0.14, letter: 0.138, shortest: 0.5, longest: 2 };

/** @typedef {{ rate: number, channels: number, bits: number, peak: number, peakSamples: number, rms: number, seconds: number }} Measured */
/** @typedef {{ key: string, file: string, state: 'fine' | 'faulty' | 'missing' | 'unknown', faults: string[] }} Verdict */

/** @param {string} spoken @returns {number} seconds */
export function expectedSeconds(spoken) {
  return PACE.begin + PACE.letter * [...spoken].filter((sign) => /\p{L}/u.test(sign)).length;
}

/**
 * @param {Measured} measured
 * @param {string} spoken the text as it is said
 * @returns {string[]} faults, each with what to do
 */
export function judge({ rate, channels, bits, peak, peakSamples, rms, seconds }, spoken) {
  const faults = [];
  if (rate < LOWEST_RATE) faults.push(`${rate} Hz: record at 48000 Hz, at least ${LOWEST_RATE}`);
  if (channels !== 1) faults.push(`${channels} channels: give one (mono)`);
  if (bits < FEWEST_BITS) faults.push(`${bits} bits a sample: give ${FEWEST_BITS}`);
  if (seconds === 0) return [...faults, 'silence: nothing is said'];
  if (peak > CLIPPED.peak && peakSamples >= CLIPPED.samples)
    faults.push(`clipped (${peakSamples} samples at full scale): record again, with less gain`);
  const level = `${rms.toFixed(0)} dB on average`;
  if (rms < LOUDNESS.least)
    faults.push(`too quiet (${level}): between ${LOUDNESS.least} and ${LOUDNESS.most}`);
  if (rms > LOUDNESS.most) faults.push(`too loud (${level}): between ${LOUDNESS.least} and ${LOUDNESS.most}`);
  const expected = expectedSeconds(spoken);
  const length = `${seconds.toFixed(1)} s, its text takes about ${expected.toFixed(1)}`;
  if (seconds < PACE.shortest * expected) faults.push(`too short (${length}): is it cut off?`);
  if (seconds > PACE.longest * expected) faults.push(`too long (${length}): is it the right text?`);
  return faults;
}

/**
 * Every phrase, and every file that belongs to none.
 * @param {string} folder of the recordings
 * @param {Map<string, { spoken: string }>} phrases voice.mjs's readManifest
 * @returns {Promise<Verdict[]>}
 */
export async function checkRecordings(folder, phrases) {
  const verdicts = [];
  for (const [key, { spoken }] of phrases) {
    const file = join(folder, `${key}.wav`);
    const faults = existsSync(file) ? await faultsOf(file, spoken) : null;
    const state = faults === null ? 'missing' : faults.length === 0 ? 'fine' : 'faulty';
    verdicts.push({ key, file, state, faults: faults ?? [] });
  }
  return [...verdicts, ...strangers(folder, phrases)];
}

function strangers(folder, phrases) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(
      (file) => !phrases.has(file.slice(folder.length + 1).replace(/\.wav$/, '')) || !file.endsWith('.wav'),
    )
    .map((file) => ({ key: '', file, state: 'unknown', faults: ['no phrase has this name: <key>.wav'] }));
}

async function faultsOf(file, spoken) {
  try {
    return judge(await measure(file), spoken);
  } catch (error) {
    if (error.code === 'recording-unreadable') return [error.message];
    throw error;
  }
}

/** @returns {Promise<Measured>} @throws fault recording-unreadable, program-missing */
async function measure(file) {
  const about = async (option) => Number((await run('soxi', [option, file])).output);
  const whole = await statistics(file, []);
  const voice = await statistics(file, CUT_SILENCE);
  return {
    ...{ rate: await about('-r'), channels: await about('-c'), bits: await about('-b') },
    ...{ peak: whole('Pk lev dB'), peakSamples: whole('Pk count') },
    ...{ rms: voice('RMS lev dB'), seconds: voice('Length s') },
  };
}

/** sox's table; its first column is the whole of all channels. An empty sound has none. */
async function statistics(file, effects) {
  const { code, complaint } = await run('sox', [file, '-n', ...effects, 'stats']);
  if (code !== 0) throw fault('recording-unreadable', `cannot be read: ${complaint.trim().split('\n')[0]}`);
  return (name) => {
    const [, number = '0', thousand] =
      new RegExp(`^${name}\\s+(-?[0-9.]+(?:e[+-]?[0-9]+)?|-?inf)([kM]?)`, 'm').exec(complaint) ?? [];
    const factor = { k: 1e3, M: 1e6 }[thousand ?? ''] ?? 1;
    return number === '-inf' ? -Infinity : Number(number) * factor;
  };
}
