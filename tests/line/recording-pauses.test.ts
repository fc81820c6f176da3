import { describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { HEARD, readPrompt, searchedIn } from '../support/audio.ts';
import { callRow, callStory } from '../support/calls.ts';
import type { Clinic } from '../support/clinic.ts';
import { expertPhone } from '../support/phones.ts';
import {
  CITIZEN_HZ,
  EXPERT_HZ,
  heardOver,
  recordingClinic,
  recordingOf,
  SECRET_HZ,
  speak,
} from '../support/recorded.ts';
import { said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { hearEachOther, hearsMusic, mark, talks, type Talk } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

/** Recordings that are paused at the telephone: what was asked for, what both hear of it, and what is in the file. */

const CODE = '*48';
const SAMPLE_RATE = 8_000;

let clinic: Clinic;
let expertId: string;

const withClinic = (env: Record<string, string>): void =>
  recordingClinic(env, (made) => ({ clinic, expertId } = made));

async function begins(from: string): Promise<Talk> {
  return talks(clinic, await expertPhone(clinic, expertId), { from });
}

/** How many of its half seconds were heard: a packet that comes late shifts the rest of a sentence, which no ear notices. */
function shareHeard(pcm: Int16Array, sentence: Int16Array): number {
  const search = searchedIn(pcm);
  const size = SAMPLE_RATE / 2;
  const pieces = Array.from({ length: Math.floor(sentence.length / size) }, (_, at) =>
    sentence.subarray(at * size, (at + 1) * size),
  );
  return pieces.filter((piece) => search(piece).correlation >= HEARD).length / pieces.length;
}

/**
 * Both have heard the sentence since. It is looked for once, when it is over: a search keeps our telephones from sending, and
 * what is whispered to a telephone goes with the other one's packets.
 */
async function bothHear({ citizen, expert }: Talk, key: string, begins: () => unknown): Promise<void> {
  const { soundsDir } = testStack().asterisk;
  const legs = [citizen, expert];
  const since = legs.map(mark);
  await begins();
  const length = readPrompt(soundsDir, key).length + 1.5 * SAMPLE_RATE;
  const over = legs.map((leg) => leg.recording().pcm.length + length);
  await waitFor(() => legs.every((leg, at) => leg.recording().pcm.length >= over[at]!), 30_000, 100);
  for (const pcm of since) expect(shareHeard(pcm(), readPrompt(soundsDir, key)), key).toBeGreaterThan(0.6);
}

/** By keys of the expert. */
const switchedBy = (talk: Talk, kind: 'paused' | 'resumed') => async () => {
  await talk.expert.sendDigits(CODE);
  await said(clinic, talk.scene, `recording.${kind}`);
};

/** What the exchange has recorded, after the citizen has hung up. */
async function endsRecorded({ citizen, scene }: Talk): Promise<Int16Array> {
  void citizen.hangup();
  await callRow(clinic, scene.id, (row) => row.state === 'ended');
  return heardOver(clinic, await recordingOf(clinic, scene));
}

/** What the ledger tells of the recording, and of whom. */
async function switches({ scene }: Talk): Promise<string[]> {
  const { entries } = await callStory(clinic, scene.id);
  return entries
    .filter(({ kind }) => kind.startsWith('recording.'))
    .map(({ kind, actor }) => `${kind} ${actor}`);
}

describe('the keys *48 in a talk', () => {
  withClinic({ RECORDING_PAUSE_SECONDS: '600' });

  it("pause the recording and let it go on, which both hear; a citizen's keys do not", async () => {
    const talk = await begins('09120004501');
    await talk.citizen.sendDigits(CODE);
    await talk.expert.sendDigits('*47');
    await speak(talk);
    await bothHear(talk, 'recording/paused', switchedBy(talk, 'paused'));
    await talk.citizen.sendDigits(`${CODE}0012345678`);
    await talk.citizen.playTone(SECRET_HZ, 3);
    await talk.expert.playTone(SECRET_HZ, 3);
    await bothHear(talk, 'recording/resumed', switchedBy(talk, 'resumed'));
    await speak(talk);
    await hearEachOther(talk);
    const pcm = await endsRecorded(talk);
    expect(findTone(pcm, SECRET_HZ).seconds).toBeLessThan(0.2);
    for (const hertz of [CITIZEN_HZ, EXPERT_HZ]) expect(findTone(pcm, hertz).seconds).toBeGreaterThan(3);
    // What was paused is no silence in the file either.
    const { talkSeconds } = await callRow(clinic, talk.scene.id);
    expect((talkSeconds ?? 0) - pcm.length / 8000).toBeGreaterThan(6);
    expect(await switches(talk)).toEqual([
      `recording.paused expert:${expertId}`,
      `recording.resumed expert:${expertId}`,
    ]);
  }, 120_000);

  it('and the way over HTTP are one: what the one has paused the other ends', async () => {
    const talk = await begins('09120004502');
    const token = await clinic.signIn('expert', expertId);
    const path = `/calls/${talk.scene.id}/recording`;
    const put = () => clinic.api(path, { method: 'PUT', body: { paused: true }, token });
    await bothHear(talk, 'recording/paused', () => waitFor(async () => (await put()).status === 200));
    // Asked for once more it is no other pause, and nothing is said.
    expect((await put()).status).toBe(200);
    await bothHear(talk, 'recording/resumed', switchedBy(talk, 'resumed'));
    await speak(talk);
    expect(findTone(await endsRecorded(talk), CITIZEN_HZ).seconds).toBeGreaterThan(1.5);
    expect(await switches(talk)).toEqual([
      expect.stringMatching(/^recording\.paused account:/) as string,
      `recording.resumed expert:${expertId}`,
    ]);
  }, 120_000);

  it('leave nothing behind when the talk ends in the pause, before the sentence does', async () => {
    const talk = await begins('09120004503');
    await speak(talk);
    await talk.expert.sendDigits(CODE);
    await said(clinic, talk.scene, 'recording.paused');
    const pcm = await endsRecorded(talk);
    expect(findTone(pcm, EXPERT_HZ).seconds).toBeGreaterThan(1.5);
    expect(await switches(talk)).toEqual([`recording.paused expert:${expertId}`]);
  }, 120_000);
});

describe('a pause that is forgotten', () => {
  withClinic({ RECORDING_PAUSE_SECONDS: '8' });

  it('ends by itself, and both hear it', async () => {
    const talk = await begins('09120004504');
    await speak(talk);
    await bothHear(talk, 'recording/paused', switchedBy(talk, 'paused'));
    await bothHear(talk, 'recording/resumed', () => said(clinic, talk.scene, 'recording.resumed'));
    await speak(talk);
    const pcm = await endsRecorded(talk);
    for (const hertz of [CITIZEN_HZ, EXPERT_HZ]) expect(findTone(pcm, hertz).seconds).toBeGreaterThan(3);
    expect(await switches(talk)).toEqual([`recording.paused expert:${expertId}`, 'recording.resumed system']);
  }, 120_000);

  it('is ended by the successor of the process that began it', async () => {
    const talk = await begins('09120004505');
    await bothHear(talk, 'recording/paused', switchedBy(talk, 'paused'));
    await clinic.kill();
    await clinic.start();
    await bothHear(talk, 'recording/resumed', () =>
      said(clinic, talk.scene, 'recording.resumed', undefined, 20_000),
    );
    await speak(talk);
    expect(findTone(await endsRecorded(talk), CITIZEN_HZ).seconds).toBeGreaterThan(1.5);
    expect(await switches(talk)).toEqual([`recording.paused expert:${expertId}`, 'recording.resumed system']);
  }, 120_000);
});

describe('a talk that is not recorded', () => {
  withClinic({ RECORD_TALKS: 'false' });

  it('says so when the expert would pause it', async () => {
    const talk = await begins('09120004506');
    await hearEachOther(talk);
    await bothHear(talk, 'recording/none', () => talk.expert.sendDigits(CODE));
    // Words do not make a conference of it.
    expect((await talk.expert.offer({ direction: 'sendonly' })).status).toBe(200);
    await hearsMusic(talk.citizen);
    expect((await talk.expert.offer()).status).toBe(200);
    await hearEachOther(talk);
    void talk.citizen.hangup();
    await callRow(clinic, talk.scene.id, (row) => row.state === 'ended');
    expect(await switches(talk)).toEqual([]);
  }, 120_000);
});
