import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { callRow } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { ari } from '../support/leftovers.ts';
import { expectHeard, expertPhone, hears } from '../support/phones.ts';
import {
  CITIZEN_HZ,
  EXPERT_HZ,
  heardOver,
  recordingClinic,
  recordingOf,
  SECRET_HZ,
  speak,
} from '../support/recorded.ts';
import { queues, said } from '../support/scenes.ts';
import { hearEachOther, hearsMusic, talks, type Talk } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

/** Talks that are recorded and messages that were left, on real parts: what is said is what is heard afterwards. */

let clinic: Clinic;
let folder: string;
let expertId: string;

recordingClinic({}, (made) => ({ clinic, folder, expertId } = made));

async function hangUp(talk: Talk): Promise<void> {
  void talk.citizen.hangup();
  await callRow(clinic, talk.scene.id, (row) => row.state === 'ended');
}

/** In the exchange's spool nothing is left, and below the folder nothing can be played. */
async function expectSealed(): Promise<void> {
  const stored = await ari<{ name: string }[]>('/recordings/stored');
  expect(stored.map(({ name }) => name).filter((name) => name.startsWith('clinic-talks'))).toEqual([]);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const { name, parentPath } of files) {
    expect(name).toMatch(/\.wav\.sealed$/);
    expect(readFileSync(join(parentPath, name)).includes('RIFF')).toBe(false);
  }
}

describe('a talk', () => {
  it('is recorded after the announcement, with both voices, sealed, and heard over HTTP', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004401' });
    expectHeard(talk.citizen, 'clinic/recorded');
    await hearEachOther(talk);
    await speak(talk);
    await hangUp(talk);
    const recording = await recordingOf(clinic, talk.scene);
    expect(recording).toMatchObject({ kind: 'talk', expertId });
    const pcm = await heardOver(clinic, recording);
    for (const hertz of [CITIZEN_HZ, EXPERT_HZ]) expect(findTone(pcm, hertz).seconds).toBeGreaterThan(1);
    const { talkSeconds } = await callRow(clinic, talk.scene.id);
    expect(Math.abs((talkSeconds ?? 0) - pcm.length / 8000)).toBeLessThan(1.5);
    await expectSealed();
  }, 90_000);

  it('has nothing of what is said while it is paused', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004402' });
    const path = `/calls/${talk.scene.id}/recording`;
    const token = await clinic.signIn('expert', expertId);
    const put = async (paused: boolean) =>
      (await clinic.api(path, { method: 'PUT', body: { paused }, token })).status;
    await speak(talk);
    await waitFor(async () => (await put(true)) === 200);
    await talk.citizen.playTone(SECRET_HZ, 2);
    expect(await put(false)).toBe(200);
    await speak(talk);
    await hangUp(talk);
    const pcm = await heardOver(clinic, await recordingOf(clinic, talk.scene));
    expect(findTone(pcm, SECRET_HZ).seconds).toBeLessThan(0.2);
    expect(findTone(pcm, CITIZEN_HZ).seconds).toBeGreaterThan(2.5);
    expect(await put(true)).toBe(409);
    const { body } = await clinic.api<{ items: { action: string }[] }>(
      `/audit?subject=call:${talk.scene.id}`,
    );
    expect(body.items.map(({ action }) => action)).toEqual(['recording.resumed', 'recording.paused']);
  }, 90_000);

  it('is the same talk: on hold the citizen hears music', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004407' });
    await hearEachOther(talk);
    expect((await talk.expert.offer({ direction: 'sendonly' })).status).toBe(200);
    await hearsMusic(talk.citizen);
    expect((await talk.expert.offer()).status).toBe(200);
    await hearEachOther(talk);
    await hangUp(talk);
    expect((await recordingOf(clinic, talk.scene)).seconds).toBeGreaterThan(1);
  }, 90_000);

  it('is recorded on while the application is dead, and kept by its successor', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004403' });
    await speak(talk, 1);
    await clinic.kill();
    await speak(talk);
    await clinic.start();
    await said(clinic, talk.scene, 'call.taken-up');
    await speak(talk, 1);
    await hangUp(talk);
    const pcm = await heardOver(clinic, await recordingOf(clinic, talk.scene));
    for (const hertz of [CITIZEN_HZ, EXPERT_HZ]) expect(findTone(pcm, hertz).seconds).toBeGreaterThan(3);
    await expectSealed();
  }, 90_000);

  it('that ended while nobody was there is found in the exchange', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004404' });
    await speak(talk);
    await clinic.kill();
    void talk.citizen.hangup();
    await talk.citizen.ended;
    void talk.expert.hangup();
    await talk.expert.ended;
    await clinic.start();
    const pcm = await heardOver(clinic, await recordingOf(clinic, talk.scene));
    expect(findTone(pcm, CITIZEN_HZ).seconds).toBeGreaterThan(1);
    await expectSealed();
  }, 90_000);

  it('is over for the recording when the expert has hung up, though the citizen stays', async () => {
    const expert = await expertPhone(clinic, expertId);
    const talk = await talks(clinic, expert, { from: '09120004405' });
    await speak(talk);
    void talk.expert.hangup();
    await talk.citizen.ended;
    expectHeard(talk.citizen, 'talk/goodbye');
    const pcm = await heardOver(clinic, await recordingOf(clinic, talk.scene));
    const { talkSeconds } = await callRow(clinic, talk.scene.id, (row) => row.state === 'ended');
    expect(pcm.length / 8000).toBeLessThan((talkSeconds ?? 0) + 0.7);
  }, 90_000);
});

describe('a message', () => {
  it('that a citizen has spoken is sealed and heard over HTTP, and its case names it', async () => {
    const scene = await queues(clinic, { from: '09120004406' });
    await hears(scene.call, { key: 'queue/please-wait', seconds: 1 });
    await scene.call.sendDigits('2');
    await hears(scene.call, 'fallback/message');
    await scene.call.playTone(CITIZEN_HZ, 3);
    await scene.call.sendDigits('#');
    await scene.call.ended;
    const row = await callRow(
      clinic,
      scene.id,
      ({ ending, caseId }) => ending === 'voicemail' && caseId !== null,
    );
    const recording = await recordingOf(clinic, scene);
    expect(recording.kind).toBe('message');
    const pcm = await heardOver(clinic, recording);
    expect(findTone(pcm, CITIZEN_HZ).seconds).toBeGreaterThan(1.5);
    const { body } = await clinic.api<{ recordings: { id: string }[] }>(`/cases/${row.caseId}`);
    expect(body.recordings.map(({ id }) => id)).toEqual([recording.id]);
    const { body: audit } = await clinic.api<{ items: { action: string }[] }>(
      `/audit?subject=recording:${recording.id}`,
    );
    expect(audit.items).toMatchObject([{ action: 'recording.heard' }]);
    await expectSealed();
  }, 90_000);
});
