import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/stack/phone/g711.mjs';
import {
  HEARD,
  heard,
  heardInOrder,
  hearing,
  notHeard,
  readPrompt,
  readWav,
  writeWav,
} from '../support/audio.ts';
import { powerOfTwo, transform } from '../support/fft.ts';

/** Something like speech: syllables of gliding harmonics, differing by seed, with pauses. */
function speech(seed: number, seconds: number): Int16Array {
  let state = seed;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const pcm = new Int16Array(Math.round(seconds * 8_000));
  let at = 0;
  while (at < pcm.length) {
    const length = Math.round((0.08 + 0.2 * random()) * 8_000);
    const [pitch, glide, bright] = [90 + 130 * random(), 1 + 0.4 * (random() - 0.5), 1 + 6 * random()];
    for (let within = 0; within < length && at + within < pcm.length; within += 1) {
      const phase = (2 * Math.PI * pitch * (within + ((glide - 1) * within * within) / length)) / 8_000;
      const shape = Math.sin((Math.PI * within) / length);
      pcm[at + within] =
        5_000 * shape * (Math.sin(phase) + 0.5 * Math.sin(bright * phase) + 0.3 * (random() - 0.5));
    }
    at += length + Math.round(0.05 * random() * 8_000);
  }
  return pcm;
}

function after(...parts: (Int16Array | number)[]): Int16Array {
  const sounds = parts.map((part) =>
    typeof part === 'number' ? new Int16Array(Math.round(part * 8_000)) : part,
  );
  const whole = new Int16Array(sounds.reduce((sum, sound) => sum + sound.length, 0));
  let at = 0;
  for (const sound of sounds) {
    whole.set(sound, at);
    at += sound.length;
  }
  return whole;
}

const onTheLine = (pcm: Int16Array, codec: 'PCMA' | 'PCMU' = 'PCMA') => decode(codec, encode(codec, pcm));

const greeting = speech(11, 2.4);
const menu = speech(22, 4.1);
const goodbye = speech(33, 1.3);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-sounds-'));
  mkdirSync(join(folder, 'fa/t'), { recursive: true });
  const raw = (pcm: Int16Array) => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  writeFileSync(join(folder, 'fa/t/greeting.sln'), raw(greeting));
  writeFileSync(join(folder, 'fa/t/menu.wav'), writeWav(menu));
  const wide = Int16Array.from({ length: goodbye.length * 2 }, (_, at) => {
    const [left, right] = [
      goodbye[Math.floor(at / 2)]!,
      goodbye[Math.min(Math.ceil(at / 2), goodbye.length - 1)]!,
    ];
    return (left + right) / 2;
  });
  writeFileSync(join(folder, 'fa/t/goodbye.sln16'), raw(wide));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the Fourier transform', () => {
  it('comes back to where it began, and knows a pure tone', () => {
    const size = powerOfTwo(1_000);
    expect(size).toBe(1_024);
    const re = Float64Array.from({ length: size }, (_, at) => Math.cos((2 * Math.PI * 5 * at) / size));
    const signal = { re: Float64Array.from(re), im: new Float64Array(size) };
    transform(signal);
    expect(signal.re[5]).toBeCloseTo(size / 2, 6);
    expect(signal.re[6]).toBeCloseTo(0, 6);
    transform(signal, true);
    expect(Math.max(...re.map((value, at) => Math.abs(value - signal.re[at]!)))).toBeLessThan(1e-9);
  });
});

describe('hearing', () => {
  it.each(['PCMA', 'PCMU'] as const)('finds a prompt at its place through %s, at any volume', (codec) => {
    const soft = menu.map((sample) => sample / 8);
    const { correlation, atSeconds } = heard(onTheLine(after(1.5, soft, 2), codec), menu);
    expect(correlation).toBeGreaterThan(0.97);
    expect(atSeconds).toBeCloseTo(1.5, 3);
  });

  it('does not take another prompt, silence or noise for it', () => {
    expect(heard(onTheLine(after(greeting, 1, goodbye)), menu.subarray(0, 20_000)).correlation).toBeLessThan(
      0.4,
    );
    expect(heard(new Int16Array(80_000), menu).correlation).toBe(0);
    let seed = 7;
    const noise = Int16Array.from(
      { length: 80_000 },
      () => ((seed = (seed * 48_271) % 2_147_483_647) % 6_000) - 3_000,
    );
    expect(heard(noise, menu).correlation).toBeLessThan(0.2);
  });

  it('hears through noise 20 dB below the voice, and through an offset of the zero line', () => {
    let seed = 5;
    const noisy = after(0.7, menu, 1).map(
      (sample) => sample + 600 + ((seed = (seed * 48_271) % 2_147_483_647) % 900) - 450,
    );
    const { correlation, atSeconds } = heard(noisy, menu);
    expect(correlation).toBeGreaterThan(HEARD);
    expect(atSeconds).toBeCloseTo(0.7, 3);
  });

  it('forgives a first and a last packet that were lost', () => {
    const cut = onTheLine(menu).subarray(160, menu.length - 160);
    const { correlation, atSeconds } = heard(cut, menu);
    expect(correlation).toBeGreaterThan(0.97);
    expect(atSeconds).toBeCloseTo(-0.02, 3);
  });

  it('does not hear a prompt of which half is missing', () => {
    const half = onTheLine(after(menu.subarray(0, menu.length / 2), 4));
    expect(heard(half, menu).correlation).toBeLessThan(HEARD);
    expect(heard(menu.subarray(0, 4_000), menu).correlation).toBe(0);
  });

  it('searches a minute in a moment', () => {
    const minute = onTheLine(after(50, menu, 6));
    const since = performance.now();
    expect(heard(minute, menu).atSeconds).toBeCloseTo(50, 3);
    expect(performance.now() - since).toBeLessThan(30_000);
  });
});

describe('hearing in order', () => {
  const keys = ['t/greeting', 't/menu', 't/goodbye'];

  it('finds prompts one after the other, from every kind of file', () => {
    const line = onTheLine(after(0.5, greeting, menu, 3, goodbye, 0.2));
    const found = heardInOrder(line, keys, folder);
    expect(notHeard(found)).toEqual([]);
    expect(found.map(({ key }) => key)).toEqual(keys);
    const places = found.map(({ atSeconds }) => atSeconds);
    expect(places[0]).toBeCloseTo(0.5, 2);
    expect(places[1]).toBeCloseTo(2.9, 2);
    expect(places[2]).toBeCloseTo(10, 2);
  });

  it('tells the wrong order', () => {
    const line = onTheLine(after(menu, greeting, goodbye));
    const missing = notHeard(heardInOrder(line, keys, folder));
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatch(/^t\/menu \(0\.[0-9]{2}\)$/);
  });

  it('wants a repeated prompt as often as it is named', () => {
    const twice = onTheLine(after(menu, 0.5, menu, goodbye));
    expect(notHeard(heardInOrder(twice, ['t/menu', 't/menu', 't/goodbye'], folder))).toEqual([]);
    expect(notHeard(heardInOrder(twice, ['t/menu', 't/menu', 't/menu'], folder))).toHaveLength(1);
  });

  it('is content with the beginning of one that a digit interrupted', () => {
    const line = onTheLine(after(menu.subarray(0, 12_000), goodbye));
    expect(notHeard(heardInOrder(line, ['t/menu', 't/goodbye'], folder))[0]).toContain('t/menu');
    expect(notHeard(heardInOrder(line, [{ key: 't/menu', seconds: 1.2 }, 't/goodbye'], folder))).toEqual([]);
  });

  it('while they come says so when the last one is over, not before', () => {
    const line = onTheLine(after(0.5, greeting, menu, 3, menu, goodbye, 1));
    for (const [wanted, seconds] of [
      [['t/greeting'], 2.9],
      [['t/greeting', { key: 't/menu', seconds: 2 }], 4.9],
      [['t/menu', 't/menu'], 14.1],
      [keys, 15.4],
      [['t/greeting', 't/greeting'], Infinity],
      [['t/menu', 't/greeting'], Infinity],
    ] as const) {
      const areHeard = hearing(wanted, folder);
      let at = 0;
      while (at < line.length && !areHeard(line.subarray(0, at))) at += 800;
      const heardAt = at < line.length ? at / 8_000 : Infinity;
      if (seconds === Infinity) expect(heardAt).toBe(Infinity);
      else {
        // A little before its end a sound is as like as after it.
        expect(heardAt).toBeGreaterThanOrEqual(seconds - 0.1);
        expect(heardAt).toBeLessThanOrEqual(seconds + 0.11);
      }
    }
  });

  it('is found in a long recording, a stretch with each call', () => {
    const line = onTheLine(after(50, menu, goodbye, 1));
    const areHeard = hearing(['t/menu', 't/goodbye'], folder);
    let calls = 1;
    while (calls < 10 && !areHeard(line)) calls += 1;
    expect(calls).toBeGreaterThan(2);
    expect(calls).toBeLessThan(10);
  });

  it('is content with all but the end where the line breaks off', () => {
    const line = onTheLine(after(greeting, menu.subarray(0, menu.length - 800)));
    const areHeard = hearing(['t/menu'], folder);
    expect(areHeard(line)).toBe(false);
    expect(areHeard(line)).toBe(true);
  });

  it('names a key that has no sound, and a recording that is not one', () => {
    expect(() => readPrompt(folder, 't/unknown')).toThrowError(
      expect.objectContaining({ code: 'prompt-missing' }),
    );
    expect(() => readWav(Buffer.from('no wave at all'))).toThrowError(
      expect.objectContaining({ code: 'wav-unusable' }),
    );
    const stereo = writeWav(goodbye);
    stereo.writeUInt16LE(2, 22);
    expect(() => readWav(stereo)).toThrowError(expect.objectContaining({ code: 'wav-unusable' }));
    expect([...readWav(writeWav(goodbye))]).toEqual([...goodbye]);
  });
});
