/**
 * The line's voice: a sound for every text of the manifest, the beep and the music of those who wait.
 *
 * espeak-ng speaks, sox brings it to 8 and 16 kHz (raw 16-bit mono: Asterisk's sln and sln16, so that telephones and
 * browsers both get theirs without a detour). A recording under dialplan/prompts/recordings/<key>.wav takes the spoken
 * one's place, and a broken one does not: a phrase is said in any case. What was made once lies in the cache under a hash of what it was made from; every file is written aside
 * and moved into place, so an interrupted run is picked up.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** 140 words a minute: slow enough for a bad line. A change of any of these makes every sound anew. */
const SPEECH = ['-v', 'fa', '-s', '140'];
/** Silence before and, on the reversed sound, after is cut (the application puts phrases together), then the peak is set 5 dB below the limit. */
const TRIM = ['silence', '1', '0.01', '0.4%', 'fade', 't', '0.01', 'reverse'];
export const CUT_SILENCE = [...TRIM, ...TRIM];
const EFFECTS = [...CUT_SILENCE, 'pad', '0.02', '0.12', 'norm', '-5'];
const RATES = { sln16: 16000, sln: 8000 };
const MUSIC_SECONDS = 60;

export class VoiceError extends Error {
  constructor(code, message, cause) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * The manifest's texts: key → {text, spoken}. `spoken` is the same phrase with the vowels espeak-ng needs.
 * @throws {VoiceError} voice-manifest-invalid
 */
export function readManifest(manifestPath) {
  const phrases = new Map();
  for (const [key, value] of Object.entries(JSON.parse(readFileSync(manifestPath, 'utf8')))) {
    const text = typeof value === 'string' ? value : value?.text;
    const spoken = typeof value === 'string' ? value : value?.spoken;
    if (!/^[a-z0-9-]+\/[a-z0-9-]+$/.test(key))
      throw new VoiceError('voice-manifest-invalid', `${key} is not a prompt key`);
    for (const part of [text, spoken]) {
      if (typeof part !== 'string' || part.trim() === '')
        throw new VoiceError('voice-manifest-invalid', `${key} has no text`);
    }
    phrases.set(key, { text, spoken });
  }
  return phrases;
}

/**
 * Makes what is missing under outDir: fa/<key>.{sln16,sln}, fa/beep.* and music/hold.*.
 * @param {{ manifestPath: string, recordingsDir: string, outDir: string, cacheDir: string, onProgress?: (done: number, total: number) => void }} options
 *   outDir: Asterisk's sounds folder.
 * @returns {Promise<{ keys: number, made: number, cached: number, recorded: number, unusable: string[] }>}
 *   unusable: recordings that are none, each with the reason; the synthetic voice stands in
 * @throws {VoiceError} voice-manifest-invalid, voice-tool-missing, voice-tool-failed
 */
export async function makeVoice({
  manifestPath,
  recordingsDir,
  outDir,
  cacheDir,
  onProgress = () => undefined,
}) {
  mkdirSync(cacheDir, { recursive: true });
  const sounds = [
    ...[...readManifest(manifestPath)].map(([key, { spoken }]) => phrase(key, spoken, recordingsDir)),
    generated('fa/beep', 'beep-1', beep),
    generated('music/hold', 'music-1', music),
  ];
  const count = { keys: sounds.length, made: 0, cached: 0, recorded: 0, unusable: [] };
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < sounds.length) {
      const sound = sounds[next++];
      const broken = (error) => {
        if (sound.spare === undefined || error.code !== 'voice-tool-failed') throw error;
        count.unusable.push(`${sound.recording}: ${error.message.split('\n')[0]}`);
        return place(sound.spare, outDir, cacheDir);
      };
      count[await place(sound, outDir, cacheDir).catch(broken)] += 1;
      onProgress(++done, sounds.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return count;
}

function phrase(key, spoken, recordingsDir) {
  const recording = join(recordingsDir, `${key}.wav`);
  const spare = synthetic(key, spoken);
  if (!existsSync(recording)) return spare;
  return {
    ...{ name: `fa/${key}`, kind: 'recorded', recording, spare },
    hash: hashOf('recording', readFileSync(recording)),
    source: () => ({ args: [recording] }),
  };
}

function synthetic(key, spoken) {
  const source = async () => ({
    args: ['-t', 'wav', '-'],
    input: await run('espeak-ng', [...SPEECH, '--stdout', '--', spoken]),
  });
  return { name: `fa/${key}`, kind: 'made', hash: hashOf('speech', spoken, ...SPEECH), source };
}

function generated(name, version, make) {
  const source = () => ({
    args: ['-t', 'raw', '-r', '16000', '-c', '1', '-b', '16', '-e', 'signed', '-'],
    input: make(16000),
  });
  return { name, kind: 'made', hash: hashOf(version), source, effects: [] };
}

/** Puts one sound where Asterisk looks for it. Returns what it took. */
async function place(sound, outDir, cacheDir) {
  const cached = (format) => join(cacheDir, `${sound.hash}.${format}`);
  const known = Object.keys(RATES).every((format) => existsSync(cached(format)));
  if (!known) {
    const { args, input } = await sound.source();
    for (const [format, rate] of Object.entries(RATES)) {
      const raw = ['-t', 'raw', '-r', String(rate), '-c', '1', '-b', '16', '-e', 'signed', '-'];
      writeAside(
        cached(format),
        await run('sox', ['-V1', ...args, ...raw, ...(sound.effects ?? EFFECTS)], input),
      );
    }
  }
  for (const format of Object.keys(RATES)) {
    const target = join(outDir, `${sound.name}.${format}`);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(cached(format), `${target}.new`);
    renameSync(`${target}.new`, target);
  }
  if (sound.kind === 'recorded') return 'recorded';
  return known ? 'cached' : 'made';
}

function hashOf(...parts) {
  const hash = createHash('sha256').update(JSON.stringify([RATES, EFFECTS]));
  for (const part of parts) hash.update('\0').update(part);
  return hash.digest('hex').slice(0, 32);
}

function writeAside(file, bytes) {
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, bytes);
  renameSync(aside, file);
}

/** Runs a tool, gives it `input`, returns what it printed. */
function run(tool, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output = [];
    const complaint = [];
    child.stdout.on('data', (bytes) => output.push(bytes));
    child.stderr.on('data', (bytes) => complaint.push(bytes));
    child.on('error', (error) =>
      reject(
        new VoiceError(
          'voice-tool-missing',
          `${tool} cannot be started; it is Debian's package ${tool}`,
          error,
        ),
      ),
    );
    // The tool may end before it has read everything; its exit code tells.
    child.stdin.on('error', (error) => complaint.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      if (code === 0 && output.length > 0) resolve(Buffer.concat(output));
      else
        reject(
          new VoiceError(
            'voice-tool-failed',
            `${tool} ended with ${code}: ${Buffer.concat(complaint).toString().trim()}`,
          ),
        );
    });
    child.stdin.end(input);
  });
}

/** A short soft tone: speak now. */
function beep(rate) {
  const samples = new Float64Array(rate * 0.35);
  for (let i = 0; i < samples.length; i += 1) {
    const edge = Math.min(1, i / (rate * 0.02), (samples.length - i) / (rate * 0.02));
    samples[i] = 0.3 * edge * Math.sin((2 * Math.PI * 800 * i) / rate);
  }
  return pcm(samples);
}

/**
 * Calm plucked notes on a pentatonic scale in the telephone's band. What rings on past the end is heard at the
 * beginning, so the loop has no seam. Quieter than speech: people wait with the telephone at their ear.
 */
function music(rate) {
  const scale = [293.66, 329.63, 392, 440, 493.88, 587.33, 659.25, 783.99];
  const melody = [
    0, 2, 4, 5, 4, 2, 3, 1, 0, 3, 5, 6, 5, 3, 2, 4, 1, 3, 4, 7, 6, 4, 3, 2, 0, 2, 3, 5, 4, 2, 1, 0,
  ];
  const samples = new Float64Array(rate * MUSIC_SECONDS);
  const step = samples.length / (melody.length * 2);
  for (let note = 0; note < melody.length * 2; note += 1) {
    const frequency =
      scale[melody[note % melody.length]] * (note >= melody.length && note % 4 === 0 ? 0.5 : 1);
    const begin = Math.round(note * step);
    for (let i = 0; i < rate * 3; i += 1) {
      const time = i / rate;
      const loudness = Math.min(1, time / 0.03) * Math.exp(-1.7 * time) * Math.min(1, (3 - time) / 0.1);
      const tone =
        Math.sin(2 * Math.PI * frequency * time) +
        0.25 * Math.sin(4 * Math.PI * frequency * time) * Math.exp(-2 * time);
      samples[(begin + i) % samples.length] += 0.09 * loudness * tone;
    }
  }
  return pcm(samples);
}

function pcm(samples) {
  const bytes = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) =>
    bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), i * 2),
  );
  return bytes;
}
