/**
 * The demo's people: experts who take calls all day, citizens who dial 137. Each is a telephone with a habit.
 *
 * @typedef {{ at: number, who: 'expert' | 'citizen', name: string, type: string, [detail: string]: unknown }} PersonEvent
 *   Experts: registered, refused, feature (code, answered), offered (caller), answered, left (talkSeconds, by), missed.
 *   Citizens: dialled, connected, keyed (digit), ended (by, status, cause).
 * @typedef {{ host: string, port: number }} Server
 */
import { deferred } from './deferred.mjs';
import { createPhone } from './phone.mjs';
import { findTone } from './tone.mjs';

/** What an expert's voice is in the demo: a pitch no prompt and no music holds for long. */
export const EXPERT_TONE_HZ = 1_150;
/** What a citizen looks at to tell whether the expert speaks, how often, and how long the question after it is listened to. */
const HEARS_SECONDS = 1;
const LOOKS_EVERY_MS = 500;
const LISTENS_MS = 2_000;
/** A feature code is answered with a short sentence; longer than this it hangs. */
const FEATURE_PATIENCE_MS = 20_000;

/**
 * Waits, but not beyond what makes waiting pointless; leaves no timer behind.
 * @param {number} milliseconds
 * @param {Promise<unknown>} other
 */
async function waitOr(milliseconds, other) {
  let timer;
  const elapsed = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([elapsed, other]);
  clearTimeout(timer);
}

/**
 * An expert's telephone: rings about a second, talks for a while, hangs up, notes the outcome by keypad.
 *
 * @param {{
 *   username: string, password: string, server: Server, name?: string,
 *   talkSeconds?: [least: number, most: number], ringSeconds?: number, outcomeDigit?: string | null,
 *   onEvent?: (event: PersonEvent) => void, random?: () => number,
 * }} options outcomeDigit: keyed as `*5N` after each talk, null for none
 */
export async function createExpert({
  username,
  password,
  server,
  name = username,
  talkSeconds = [10, 20],
  ringSeconds = 1,
  outcomeDigit = '1',
  onEvent = () => {},
  random = Math.random,
}) {
  const phone = await createPhone({ server, username, password });
  const leaving = deferred();
  const tell = (type, detail = {}) => onEvent({ at: Date.now(), who: 'expert', name, type, ...detail });
  const habits = {
    phone,
    tell,
    leaving: leaving.promise,
    gone: false,
    talkSeconds,
    ringSeconds,
    outcomeDigit,
    random,
  };
  phone.onInvite((call) => void takeOneCall(habits, call));
  return {
    username,
    phone,
    /**
     * Registers and reports ready (`*45`).
     * @returns {Promise<boolean>} true when both were taken
     */
    async start() {
      const registration = await phone.register();
      tell(registration.ok ? 'registered' : 'refused', { status: registration.status });
      return registration.ok && dialFeature(habits, '*45');
    },
    /** @param {string} code `*45`, `*46`, `*47`, `*5N` @returns {Promise<boolean>} answered */
    dial: (code) => dialFeature(habits, code),
    /** Goes home: hangs up, takes the registration back. */
    async stop() {
      habits.gone = true;
      leaving.resolve(undefined);
      await phone.close();
    },
  };
}

async function dialFeature({ phone, tell, leaving }, code) {
  const call = await phone.invite(code);
  await waitOr(FEATURE_PATIENCE_MS, Promise.race([call.ended, leaving]));
  void call.hangup();
  const answered = await call.answered;
  tell('feature', { code, answered });
  return answered;
}

async function takeOneCall(habits, call) {
  const { tell, leaving, talkSeconds, ringSeconds, random } = habits;
  tell('offered', { caller: call.from.number, callId: call.callId });
  call.ringing();
  await waitOr(ringSeconds * 1_000 * (0.7 + 0.6 * random()), Promise.race([call.ended, leaving]));
  if (call.state === 'ended' || habits.gone || !(await call.answer())) {
    tell('missed', { caller: call.from.number, callId: call.callId });
    return;
  }
  tell('answered', { caller: call.from.number, callId: call.callId });
  const since = Date.now();
  const [least, most] = talkSeconds;
  const seconds = least + (most - least) * random();
  void call.playTone(EXPERT_TONE_HZ, seconds);
  await waitOr(seconds * 1_000, Promise.race([call.ended, leaving]));
  const { by } = await call.hangup();
  tell('left', { callId: call.callId, by, talkSeconds: (Date.now() - since) / 1_000 });
  if (habits.outcomeDigit !== null && !habits.gone) await dialFeature(habits, `*5${habits.outcomeDigit}`);
}

/**
 * A citizen: dials, listens a little, keys the digits, listens until the other side hangs up or patience ends.
 *
 * @param {{
 *   server: Server, headers?: Record<string, string>, from?: string, name?: string, number?: string,
 *   digits?: readonly { digit: string, afterSeconds: number }[], patienceSeconds?: number,
 *   mark?: string | null, onEvent?: (event: PersonEvent) => void,
 * }} script
 *   headers: what takes us for the trunk; digits: each keyed so long after the one before (the first after the
 *   answer); mark: keyed when the expert has spoken and speaks no more; patienceSeconds: of the whole call.
 * @returns {Promise<CitizenReport>} after the call's end
 *
 * @typedef {{
 *   from: string, name: string, answered: boolean, end: import('./call.mjs').CallEnd, callId: string,
 *   seconds: number, expertHeardAfterSeconds: number | null, expertHeardSeconds: number,
 *   recording: import('./recorder.mjs').Recording,
 * }} CitizenReport expertHeard…: by the expert's tone in what the citizen's telephone received
 */
export async function createCaller({
  server,
  headers = {},
  from = '',
  name = from || 'anonymous',
  number = '137',
  digits = [
    { digit: '8', afterSeconds: 2 },
    { digit: '1', afterSeconds: 2 },
  ],
  patienceSeconds = 180,
  mark = null,
  onEvent = () => {},
}) {
  const phone = await createPhone({ server, username: 'citizen', headers });
  const tell = (type, detail = {}) => onEvent({ at: Date.now(), who: 'citizen', name, type, ...detail });
  const since = Date.now();
  const call = await phone.invite(number, { from });
  tell('dialled', { number, callId: call.callId });
  const conversation = talkThrough(call, digits, mark, tell);
  await waitOr(patienceSeconds * 1_000, call.ended);
  const end = await call.hangup();
  await conversation;
  tell('ended', { ...end, callId: call.callId });
  const recording = call.recording();
  await phone.close();
  const heard = findTone(recording.pcm, EXPERT_TONE_HZ);
  return {
    from,
    name,
    answered: await call.answered,
    end,
    callId: call.callId,
    seconds: (Date.now() - since) / 1_000,
    expertHeardAfterSeconds: heard.atSeconds,
    expertHeardSeconds: heard.seconds,
    recording,
  };
}

async function talkThrough(call, digits, mark, tell) {
  if (!(await call.answered)) return;
  tell('connected', { callId: call.callId });
  for (const { digit, afterSeconds } of digits) {
    await waitOr(afterSeconds * 1_000, call.ended);
    if (call.state === 'ended') return;
    tell('keyed', { digit, callId: call.callId });
    await call.sendDigits(digit);
  }
  if (mark !== null) await rate(call, mark, tell);
}

/** Whoever is asked for no mark keys into the goodbye, where it means nothing. */
async function rate(call, mark, tell) {
  const hears = () =>
    findTone(call.recording().pcm.subarray(-HEARS_SECONDS * 8_000), EXPERT_TONE_HZ).seconds > 0.3;
  for (let talked = false; call.state !== 'ended'; await waitOr(LOOKS_EVERY_MS, call.ended)) {
    if (hears()) talked = true;
    else if (talked) break;
  }
  await waitOr(LISTENS_MS, call.ended);
  if (call.state === 'ended') return;
  tell('keyed', { digit: mark, callId: call.callId });
  await call.sendDigits(mark);
}
