import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyringOf } from '../../src/recordings/sealing.ts';
import { createVault } from '../../src/recordings/vault.ts';
import { soundKey, testKeys, testVault } from '../support/vault.ts';

/** Sound at rest: what lies on the disk, and what is refused. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-vault-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PATH = 'talks/2026-12-05/talk.wav.sealed';
const PIECE = 64 * 1024;
const file = (path = PATH) => join(folder, path);
const parts = (sound: Buffer, size = 10_000): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(sound.length / size) }, (_, i) =>
      sound.subarray(i * size, (i + 1) * size),
    ),
  );
async function read(sound: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const part of sound) all.push(part);
  return Buffer.concat(all);
}
const wav = (bytes: number) =>
  Buffer.concat([Buffer.from('RIFF....WAVEfmt '), randomBytes(Math.max(0, bytes - 16))]);

describe('a sound that is kept', () => {
  it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17])(
    'comes back as it was: %i bytes',
    async (bytes) => {
      const sound = wav(bytes).subarray(0, bytes);
      const kept = await testVault(folder).keep(PATH, parts(sound));
      expect(kept).toMatchObject({ path: PATH, bytes });
      expect(await read(await testVault(folder).sound(PATH, kept.sha256))).toEqual(sound);
      expect(await testVault(folder).known(PATH)).toEqual(kept);
    },
  );

  it('lies there encrypted, for its owner alone, and nothing beside it', async () => {
    const sound = wav(200_000);
    await testVault(folder).keep(PATH, parts(sound));
    const lies = readFileSync(file());
    expect(lies.subarray(0, 8).toString('latin1')).toBe('C137REC1');
    for (const trace of [Buffer.from('RIFF'), Buffer.from('WAVEfmt'), sound.subarray(1000, 1016)])
      expect(lies.includes(trace)).toBe(false);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file())).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(file()))).toEqual(['talk.wav.sealed']);
  });

  it('is another file each time, and the first of the same sound stays', async () => {
    const sound = wav(1000);
    const vault = testVault(folder);
    const first = await vault.keep(PATH, parts(sound));
    const lies = readFileSync(file());
    expect(await vault.keep(PATH, parts(sound))).toEqual(first);
    expect(readFileSync(file())).toEqual(lies);
    const other = await vault.keep('other', parts(sound));
    expect(other.sha256).toBe(first.sha256);
    expect(other.fileSha256).not.toBe(first.fileSha256);
  });

  it('takes the place of a file that cannot be read', async () => {
    await testVault(folder).keep(PATH, parts(wav(10)));
    writeFileSync(file(), 'no recording');
    const kept = await testVault(folder).keep(PATH, parts(wav(1000)));
    expect((await read(await testVault(folder).sound(PATH, kept.sha256))).length).toBe(1000);
  });

  it('that breaks off leaves nothing', async () => {
    async function* broken() {
      yield wav(100_000);
      await Promise.reject(new Error('the line broke'));
    }
    await expect(testVault(folder).keep(PATH, broken())).rejects.toThrow('the line broke');
    expect(readdirSync(dirname(file()))).toEqual([]);
  });
});

describe('a sound that was tampered with', () => {
  const SOUND = wav(2 * PIECE + 500);
  const kept = () => testVault(folder).keep(PATH, parts(SOUND));
  const tamper = (change: (lies: Buffer) => Buffer) => writeFileSync(file(), change(readFileSync(file())));
  const flipped = (at: number) => (lies: Buffer) => {
    lies[at < 0 ? lies.length + at : at]! ^= 1;
    return lies;
  };
  const SEALED_PIECE = PIECE + 16;

  it.each<[string, (lies: Buffer) => Buffer]>([
    ['a byte of the sound was flipped', flipped(5000)],
    ['a byte of the last tag was flipped', flipped(-1)],
    ['a byte of the salt was flipped', flipped(20)],
    ['it is no such file', flipped(0)],
    ['the last piece was cut off', (lies) => lies.subarray(0, 32 + 2 * SEALED_PIECE)],
    ['the end was cut off', (lies) => lies.subarray(0, -3)],
    ['only the head is left', (lies) => lies.subarray(0, 32)],
    ['less than a head is left', (lies) => lies.subarray(0, 7)],
    [
      'pieces were exchanged',
      (lies) =>
        Buffer.concat([
          lies.subarray(0, 32),
          lies.subarray(32 + SEALED_PIECE, 32 + 2 * SEALED_PIECE),
          lies.subarray(32, 32 + SEALED_PIECE),
          lies.subarray(32 + 2 * SEALED_PIECE),
        ]),
    ],
    ['something was put behind it', (lies) => Buffer.concat([lies, Buffer.from('x')])],
  ])('is refused before any of it is heard: %s', async (_what, change) => {
    const { sha256 } = await kept();
    tamper(change);
    await expect(testVault(folder).sound(PATH, sha256)).rejects.toMatchObject({ code: 'recording-damaged' });
    expect(await testVault(folder).known(PATH)).toBeNull();
  });

  it('is refused where another recording took its place', async () => {
    const { sha256 } = await kept();
    await testVault(folder).keep('other', parts(wav(100)));
    writeFileSync(file(), readFileSync(file('other')));
    await expect(testVault(folder).sound(PATH, sha256)).rejects.toMatchObject({ code: 'recording-damaged' });
  });

  it('is missing where it is missing', async () => {
    await expect(testVault(folder).sound('not/there', 'x')).rejects.toMatchObject({
      code: 'recording-missing',
    });
  });
});

describe('keys', () => {
  it('may change: what was sealed with an old one is heard, with one that is gone it is not', async () => {
    const sound = wav(1000);
    const kept = await testVault(folder).keep(PATH, parts(sound));
    const renewed = createVault({ folder, keys: keyringOf(soundKey('new'), soundKey('test')) });
    expect(await read(await renewed.sound(PATH, kept.sha256))).toEqual(sound);
    expect((await renewed.keep('another', parts(sound))).keyId).not.toBe(kept.keyId);
    const lost = createVault({ folder, keys: keyringOf(soundKey('new'), '') });
    await expect(lost.sound(PATH, kept.sha256)).rejects.toMatchObject({ code: 'recording-key-unknown' });
  });

  it('mark a text, each in its own way, so that it is known again without being kept', () => {
    const [mark, ...more] = testVault(folder).marksOf('09121234567');
    expect(mark).toMatch(/^[0-9a-f]{64}$/);
    expect(more).toEqual([]);
    expect(mark).not.toBe(createHash('sha256').update('09121234567').digest('hex'));
    expect(testVault(folder).marksOf('09121234568')).not.toContain(mark);
    const renewed = createVault({ folder, keys: keyringOf(soundKey('new'), soundKey('test')) });
    const alone = createVault({ folder, keys: keyringOf(soundKey('new'), '') });
    expect(renewed.marksOf('09121234567')).toEqual([...alone.marksOf('09121234567'), mark]);
  });

  it('do not show in a file', async () => {
    await testVault(folder).keep(PATH, parts(wav(1000)));
    const lies = readFileSync(file());
    expect(lies.includes(testKeys.current.secret)).toBe(false);
    expect(lies.subarray(8, 16).toString('hex')).toBe(testKeys.current.id);
  });

  it('that are none are refused', () => {
    expect(() => keyringOf('c2hvcnQ=', '')).toThrow('32 bytes');
  });
});

describe('what lies in the clear', () => {
  it('is read as it is, and removed', async () => {
    writeFileSync(file('plain.wav'), 'RIFF');
    const vault = testVault(folder);
    expect((await read((await vault.plain('plain.wav'))!)).toString()).toBe('RIFF');
    await vault.remove('plain.wav');
    expect([await vault.has('plain.wav'), await vault.plain('plain.wav')]).toEqual([false, null]);
    await vault.remove('plain.wav');
    expect(await vault.plain('.')).toBeNull();
  });
});

it('what a killed process left half-written is removed when it is old, and nothing else', async () => {
  const vault = testVault(folder);
  await vault.keep(PATH, parts(wav(10)));
  const half = `${file()}.0190a000-0000-7000-8000-000000000001`;
  const fresh = `${file()}.0190a000-0000-7000-8000-000000000002`;
  for (const path of [half, fresh]) writeFileSync(path, 'half');
  utimesSync(half, 1000, 1000);
  expect(await vault.tidy(Date.now() - 86_400_000)).toBe(1);
  expect(readdirSync(dirname(file())).length).toBe(2);
  expect(await testVault(join(folder, 'nowhere')).tidy(0)).toBe(0);
});
