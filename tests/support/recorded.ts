import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { readWav } from './audio.ts';
import { startClinic, type Clinic } from './clinic.ts';
import { expectNothingLeft } from './leftovers.ts';
import { addExpert, closePhones } from './phones.ts';
import type { Scene } from './scenes.ts';
import type { Talk } from './talk.ts';
import { waitFor } from './wait.ts';

/** A clinic that records, and what it has recorded. */

export const CITIZEN_HZ = 500;
export const EXPERT_HZ = 1_300;
/** What is said while nothing may be recorded. */
export const SECRET_HZ = 900;

export interface RecordingClinic {
  clinic: Clinic;
  /** Where the sealed recordings lie. */
  folder: string;
  expertId: string;
}

/** One of its own for the tests around it, with one expert; `use` gets it before the first of them. */
export function recordingClinic(env: Record<string, string>, use: (made: RecordingClinic) => void): void {
  let folder: string;
  let clinic: Clinic;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clinic-recorded-'));
    const own = { RECORD_TALKS: 'true', RECORDINGS_DIR: folder, WRAP_UP_SECONDS: '1', RING_SECONDS: '60' };
    clinic = await startClinic({ env: { ...own, ...env } });
    use({ clinic, folder, expertId: await addExpert(clinic, 'لیلا صادقی', 'transport') });
  });
  afterEach(async () => {
    await closePhones();
    if (clinic.pid === 0) await clinic.start();
    await expectNothingLeft(clinic);
  });
  afterAll(async () => {
    await clinic.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Both say their tone, one after the other: of two at once neither is a tone. */
export async function speak({ citizen, expert }: Talk, seconds = 2): Promise<void> {
  await citizen.playTone(CITIZEN_HZ, seconds);
  await expert.playTone(EXPERT_HZ, seconds);
}

export interface Listed {
  id: string;
  kind: string;
  seconds: number;
  bytes: number;
  expertId: string | null;
}

/** The one recording of this call, as soon as it is kept. */
export async function recordingOf(clinic: Clinic, { id }: Scene): Promise<Listed> {
  let items: Listed[] = [];
  await waitFor(async () => {
    items = (await clinic.api<{ items: Listed[] }>(`/calls/${id}/recordings`)).body.items;
    return items.length > 0;
  }, 15_000);
  expect(items).toHaveLength(1);
  return items[0]!;
}

/** As a reviewer hears it over HTTP, whole. */
export async function heardOver(clinic: Clinic, { id, bytes }: Listed): Promise<Int16Array> {
  const token = await clinic.signIn('reviewer');
  const answer = await fetch(`${clinic.url}/api/v1/recordings/${id}/audio`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  const sound = Buffer.from(await answer.arrayBuffer());
  expect(sound.length).toBe(bytes);
  return readWav(sound);
}
