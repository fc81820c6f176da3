import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { makeVoice, readManifest } from '../../src/stack/voice.mjs';

/** A speaker's recordings, made by espeak-ng and spoilt by sox: what is told of them, and what a citizen then hears. */

let folder: string;
let recordings: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-recordings-'));
  recordings = join(folder, 'recordings');
});
afterEach(() => rmSync(folder, { recursive: true }));

const manifestPath = projectPath('dialplan', 'prompts', 'fa.json');
const phrases = readManifest(manifestPath) as Map<string, { text: string; spoken: string }>;

/** A studio's file: 48 kHz, 16 bits, mono, peaks at -3 dB, half a second of silence round it; then the effects. */
function record(key: string, { as = key, format = [] as string[], effects = [] as string[] } = {}): void {
  const file = join(recordings, `${as}.wav`);
  mkdirSync(dirname(file), { recursive: true });
  const speech = execFileSync('espeak-ng', ['-v', 'fa', '-s', '150', '--stdout', phrases.get(key)!.spoken]);
  const studio = join(folder, 'studio.wav');
  const made = ['-t', 'wav', '-', '-r', '48000', '-b', '16', '-c', '1', studio];
  execFileSync('sox', ['-V1', ...made, 'norm', '-3', 'pad', '0.5', '0.5'], { input: speech });
  execFileSync('sox', ['-V1', studio, ...format, file, ...effects]);
}

function check(): { status: number | null; stdout: string } {
  const program = projectPath('src', 'stack', 'prompts.mjs');
  return spawnSync(process.execPath, [program, 'check', recordings], { encoding: 'utf8' });
}

describe('the check of recordings', () => {
  it('finds nothing wrong with good ones, long and short', () => {
    for (const key of ['clinic/menu', 'clinic/greeting', 'digit/2', 'ordinal/42']) record(key);
    const { status, stdout } = check();
    expect(stdout).toBe(
      `4 recorded and good, 0 recorded with faults, ${phrases.size - 4} spoken by the synthetic voice, 0 files of no phrase\n`,
    );
    expect(status).toBe(0);
  });

  it('names each bad one with its fault', () => {
    record('clinic/greeting', { effects: ['gain', '20'] });
    record('clinic/menu', { effects: ['trim', '0', '4'] });
    record('closed/clinic', { effects: ['gain', '-20'] });
    record('digit/1', { effects: ['vol', '0'] });
    record('queue/in-line', { format: ['-r', '8000', '-c', '2'] });
    record('clinic/menu', { as: 'day/today' });
    record('clinic/menu', { as: 'clinic_menu' });
    writeFileSync(join(recordings, 'digit', '3.wav'), 'not a sound');
    const { status, stdout } = check();
    const told = stdout.replaceAll(`${recordings}/`, '').split('\n');
    const faultsOf = (file: string) => {
      const rest = told.slice(told.indexOf(file) + 1);
      return rest
        .slice(
          0,
          rest.findIndex((line) => !line.startsWith('    ')),
        )
        .join('\n');
    };
    expect(faultsOf('clinic/greeting.wav')).toMatch(/clipped/);
    expect(faultsOf('clinic/menu.wav')).toMatch(/^ +too short \(3\.\d s, .*$/);
    expect(faultsOf('closed/clinic.wav')).toMatch(/^ +too quiet .*$/);
    expect(faultsOf('digit/1.wav')).toMatch(/^ +silence.*$/);
    expect(faultsOf('queue/in-line.wav')).toMatch(/^ +8000 Hz.*\n +2 channels.*$/);
    expect(faultsOf('day/today.wav')).toMatch(/^ +too long .*$/);
    expect(faultsOf('clinic_menu.wav')).toMatch(/no phrase has this name/);
    expect(faultsOf('digit/3.wav')).toMatch(/cannot be read/);
    expect(status).toBe(1);
  }, 120_000);
});

describe('the voice', () => {
  const say = () =>
    makeVoice({
      ...{ manifestPath: join(folder, 'fa.json'), recordingsDir: recordings },
      ...{ outDir: join(folder, 'sounds'), cacheDir: join(folder, 'cache') },
    });
  const heard = (key: string) => readFileSync(join(folder, 'sounds', 'fa', `${key}.sln`));

  it('is the recording where there is a good one, and the synthetic one again when it is taken away', async () => {
    const two = Object.fromEntries(['digit/2', 'digit/3'].map((key) => [key, phrases.get(key)]));
    writeFileSync(join(folder, 'fa.json'), JSON.stringify(two));
    expect(await say()).toMatchObject({ recorded: 0, unusable: [] });
    const synthetic = { two: heard('digit/2'), three: heard('digit/3') };

    record('digit/2');
    expect(await say()).toMatchObject({ recorded: 1, unusable: [] });
    expect(heard('digit/2').equals(synthetic.two)).toBe(false);
    expect(heard('digit/3').equals(synthetic.three)).toBe(true);

    writeFileSync(join(recordings, 'digit', '2.wav'), 'not a sound');
    const broken = await say();
    expect(broken.recorded).toBe(0);
    expect(broken.unusable).toHaveLength(1);
    expect(broken.unusable[0]).toContain('digit/2.wav');
    expect(heard('digit/2').equals(synthetic.two)).toBe(true);

    rmSync(recordings, { recursive: true });
    expect(await say()).toMatchObject({ recorded: 0, unusable: [] });
    expect(heard('digit/2').equals(synthetic.two)).toBe(true);
  });
});
