import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { HEARD, searchedIn } from './audio.ts';
import { callRow, callStory, type ApiCall } from './calls.ts';
import type { Clinic } from './clinic.ts';
import type { ExpertPhone, InboundCall, OutboundCall } from './phones.ts';
import { queues, said, type Scene } from './scenes.ts';
import { testStack } from './stack.ts';
import { waitFor } from './wait.ts';

/** Two who talk, and what each of them really hears. */

type Leg = Pick<OutboundCall, 'recording' | 'playTone' | 'silence'>;

export interface Talk {
  scene: Scene;
  citizen: OutboundCall;
  expert: InboundCall;
}

const SAMPLE_RATE = 8_000;
const CITIZEN_HZ = 600;
const EXPERT_HZ = 1_000;
/** Of music: long enough for its melody to be told from another place of it, short enough not to outlast a hold. */
const SNIPPET_SECONDS = 0.8;

/** A citizen queues, this expert's telephone rings; `answer` does the rest, by default at once. */
export async function talks(
  clinic: Clinic,
  expert: ExpertPhone,
  { answer = (call: InboundCall) => call.answer(), ...options }: TalkOptions = {},
): Promise<Talk> {
  const scene = await queues(clinic, options);
  const call = await expert.nextCall();
  void answer(call);
  await said(clinic, scene, 'call.answered');
  return { scene, citizen: scene.call, expert: call };
}
type TalkOptions = Parameters<typeof queues>[1] & { answer?: (call: InboundCall) => unknown };

/** Fails unless each of the two hears the other from now on. */
export async function hearEachOther({ citizen, expert }: Pick<Talk, 'citizen' | 'expert'>): Promise<void> {
  await Promise.all([
    carries(citizen, CITIZEN_HZ, expert, 'the citizen is not heard'),
    carries(expert, EXPERT_HZ, citizen, 'the expert is not heard'),
  ]);
}

async function carries(from: Leg, hertz: number, to: Leg, complaint: string): Promise<void> {
  const since = mark(to);
  void from.playTone(hertz, 20);
  await waitFor(() => findTone(since(), hertz).seconds >= 0.3, 10_000, 100).catch((cause: unknown) => {
    throw new Error(complaint, { cause });
  });
  from.silence();
}

/** What is recorded from now on. */
export function mark(leg: Leg): () => Int16Array {
  const from = leg.recording().pcm.length;
  return () => leg.recording().pcm.subarray(from);
}

/** Waits until this side hears the music of those who wait, from now on. */
export async function hearsMusic(leg: Leg): Promise<void> {
  const since = mark(leg);
  const snippet = SNIPPET_SECONDS * SAMPLE_RATE;
  let best = 0;
  const isMusic = () => {
    const pcm = since();
    if (pcm.length < snippet) return false;
    best = music()(pcm.slice(-snippet)).correlation;
    return best >= HEARD;
  };
  // Not oftener: a search takes so long that packets would be heard late.
  await waitFor(isMusic, 20_000, 1_000).catch((cause: unknown) => {
    throw new Error(`No music is heard (likeness ${best.toFixed(2)} after ${since().length} samples)`, {
      cause,
    });
  });
}

let prepared: ReturnType<typeof searchedIn> | undefined;

/** Where in the music a sound is; a little more than once around, since it has no end. */
function music(): ReturnType<typeof searchedIn> {
  if (prepared !== undefined) return prepared;
  const file = readFileSync(join(testStack().asterisk.soundsDir, 'music', 'hold.sln'));
  const once = new Int16Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
  const round = new Int16Array(once.length + SNIPPET_SECONDS * SAMPLE_RATE);
  round.set(once);
  round.set(once.subarray(0, round.length - once.length), once.length);
  return (prepared = searchedIn(round));
}

/** The citizen hangs up; fails unless the ledger tells of one talk with this expert, and of nothing else. */
export async function endsAsOneTalk(
  clinic: Clinic,
  { scene }: Pick<Talk, 'scene'>,
  expertId: string,
): Promise<ApiCall> {
  void scene.call.hangup();
  const row = await callRow(clinic, scene.id, (one) => one.state === 'ended');
  const { offers, entries } = await callStory(clinic, scene.id);
  const results = offers.map((offer) => `${offer.expertId} ${offer.result}`);
  const segments = entries.filter(({ kind }) => kind === 'segment.ended').length;
  const told = { ending: row.ending, expertId: row.expertId, results, segments };
  const one = { ending: 'answered', expertId, results: [`${expertId} answered`], segments: 1 };
  if (JSON.stringify(told) !== JSON.stringify(one)) throw new Error(`Not one talk: ${JSON.stringify(told)}`);
  return row;
}
