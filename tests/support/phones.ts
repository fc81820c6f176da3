import {
  createPhone,
  type InboundCall,
  type OutboundCall,
  type Phone,
  type PhoneOptions,
} from '../../src/stack/phone/phone.mjs';
import { heardInOrder, hearing, searchEveryMs, notHeard, type Expected } from './audio.ts';
import type { Clinic } from './clinic.ts';
import { testStack } from './stack.ts';
import { waitFor } from './wait.ts';

/** Telephones for tests: citizens behind the trunk, experts with an account of the application's making. */

export type { InboundCall, OutboundCall, Phone };

const open = new Set<Phone>();

/** A telephone that closePhones will close. */
export const openPhone = (options: PhoneOptions): Promise<Phone> => keep(createPhone(options));

/** Hangs up and closes every telephone a test has opened: for `afterEach`. */
export async function closePhones(): Promise<void> {
  const phones = [...open];
  open.clear();
  await Promise.all(phones.map((phone) => phone.close()));
}

async function keep(phone: Promise<Phone>): Promise<Phone> {
  const made = await phone;
  open.add(made);
  return made;
}

export interface CitizenOptions {
  /** A number as a network would send it, `anonymous`, or '' for none. */
  from?: string;
  /** More headers of the INVITE, e.g. P-Asserted-Identity or Privacy. */
  headers?: Record<string, string>;
  codecs?: ('PCMA' | 'PCMU')[];
  /** null: a telephone that sends no digits of its own. */
  dtmfPayloadType?: number | null;
  /** The INVITE offers nothing: what the exchange offers is answered. */
  delayed?: boolean;
  /** See PhoneOptions. */
  claims?: string;
  shape?: (sdp: string) => string;
}

export interface Citizen {
  phone: Phone;
  /** Places a call from behind the trunk; resolves as soon as the INVITE is out. */
  dial(number: string): Promise<OutboundCall>;
}

/** A citizen's telephone behind the 137 trunk. */
export async function citizen(options: CitizenOptions = {}): Promise<Citizen> {
  const { from = '09121234567', headers = {}, delayed = false, ...media } = options;
  const { host, port, headers: trunk } = testStack().sip.trunk;
  const phone = await openPhone({
    ...{ server: { host, port }, username: 'citizen', headers: trunk },
    ...media,
  });
  return { phone, dial: (number) => phone.invite(number, { from, headers, delayed }) };
}

/**
 * A citizen who dials and keys digits, each as soon as the prompt before it could be barged into.
 *
 * The digits after the first wait for nothing: early digits are part of the promise (barge-in everywhere), so a test that
 * wants to listen first keys them itself.
 * @returns the answered call; fails with what came instead of an answer
 */
export async function dialClinic(
  options: CitizenOptions & { number?: string; digits?: string } = {},
): Promise<OutboundCall> {
  const { number = '137', digits = number === '137' ? '8' : '', ...rest } = options;
  const call = await (await citizen(rest)).dial(number);
  if (!(await call.answered)) {
    const { status, reason } = await call.ended;
    throw new Error(`${number} was not answered: ${status} ${reason}`);
  }
  if (digits !== '') await call.sendDigits(digits);
  return call;
}

export interface ExpertPhone {
  expertId: string;
  phone: Phone;
  password: string;
  /** The next call offered; a call that came while nobody waited is given first. */
  nextCall(): Promise<InboundCall>;
  /** Dials a feature code and waits until the exchange hangs up. */
  dial(code: string): Promise<void>;
  /** A second telephone with the same account, registered. */
  again(): Promise<ExpertPhone>;
}

export interface ExpertPhoneOptions {
  /** How the expert becomes ready; `none`: registered only. Default: `api`. */
  ready?: 'keypad' | 'api' | 'none';
  /** Seconds the registration lasts. */
  expires?: number;
  /** What a telephone of another make does otherwise: see PhoneOptions. */
  codecs?: ('PCMA' | 'PCMU')[];
  dtmfPayloadType?: number | null;
  claims?: string;
  shape?: (sdp: string) => string;
}

export interface SoftphoneAccount {
  username: string;
  password: string;
  domain: string;
  port: number;
}

/** A new account of this expert; an earlier one loses its password. */
export async function softphoneOf(clinic: Clinic, expertId: string): Promise<SoftphoneAccount> {
  const account = await clinic.api<SoftphoneAccount>(`/experts/${expertId}/softphone`, { method: 'POST' });
  if (account.status >= 300)
    throw new Error(`No softphone for ${expertId}: ${account.status} ${JSON.stringify(account.body)}`);
  return account.body;
}

/** Gets the expert's softphone account from the application, registers and becomes ready. */
export async function expertPhone(
  clinic: Clinic,
  expertId: string,
  options: ExpertPhoneOptions = {},
): Promise<ExpertPhone> {
  const { ready = 'api', expires = 300, ...ways } = options;
  const account = await softphoneOf(clinic, expertId);
  const expert = await registered(expertId, account, { expires, ...ways });
  if (ready === 'keypad') await expert.dial('*45');
  if (ready === 'api') await setPresence(clinic, expertId, 'ready');
  return expert;
}

async function registered(
  expertId: string,
  account: SoftphoneAccount,
  options: Omit<ExpertPhoneOptions, 'ready'>,
): Promise<ExpertPhone> {
  const { expires = 300, ...ways } = options;
  const { username, password, domain, port } = account;
  const phone = await openPhone({ server: { host: domain, port }, username, password, ...ways });
  const nextCall = inTurn(phone);
  const { ok, status, reason } = await phone.register({ expires });
  if (!ok) throw new Error(`${expertId} cannot register: ${status} ${reason}`);
  return {
    ...{ expertId, phone, password, nextCall },
    dial: (code) => dialFeature(phone, code),
    again: () => registered(expertId, account, options),
  };
}

/** A new expert of these specialties, on the roster only. @returns the id */
export async function addExpert(clinic: Clinic, name: string, ...specialties: string[]): Promise<string> {
  const skills = specialties.map((specialty) => ({ specialty, level: 3 }));
  const answer = await clinic.api<{ id: string }>('/experts', { method: 'POST', body: { name, skills } });
  if (answer.status !== 201)
    throw new Error(`The expert was not added: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

export async function setPresence(
  clinic: Clinic,
  expertId: string,
  state: 'ready' | 'paused' | 'offline',
): Promise<void> {
  const answer = await clinic.api(`/experts/${expertId}/presence`, { method: 'PUT', body: { state } });
  if (answer.status >= 300)
    throw new Error(`Presence was not set: ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function dialFeature(phone: Phone, code: string): Promise<void> {
  const call = await phone.invite(code);
  const end = await call.ended;
  if (end.status !== 200) throw new Error(`${code} was not taken: ${end.status} ${end.reason}`);
}

/** onCall: told of every call as it comes. */
export function inTurn(phone: Phone, onCall: () => void = () => undefined): () => Promise<InboundCall> {
  const calls: InboundCall[] = [];
  const waiting: ((call: InboundCall) => void)[] = [];
  phone.onInvite((call) => {
    onCall();
    const first = waiting.shift();
    if (first === undefined) calls.push(call);
    else first(call);
  });
  return () => {
    const call = calls.shift();
    return call === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(call);
  };
}

/** Either side's telephone. */
type Heard = Pick<OutboundCall, 'recording'>;

/** Fails unless the caller's own recording holds these prompts in this order. @returns where each was heard, in seconds */
export function expectHeard(call: Heard, ...prompts: Expected[]): number[] {
  const found = heardInOrder(call.recording().pcm, prompts, testStack().asterisk.soundsDir);
  const missing = notHeard(found);
  if (missing.length > 0) {
    const all = found.map(
      ({ key, correlation, atSeconds }) => `${key} ${correlation.toFixed(2)} at ${atSeconds.toFixed(2)} s`,
    );
    throw new Error(`Not heard: ${missing.join(', ')} (all: ${all.join('; ')})`);
  }
  return found.map(({ atSeconds }) => atSeconds);
}

/** Waits until the caller has heard the first seconds of one of these prompts. */
export async function hearsOneOf(call: Heard, keys: readonly string[], seconds: number): Promise<void> {
  const { soundsDir } = testStack().asterisk;
  const each = keys.map((key) => hearing([{ key, seconds }], soundsDir));
  await waitFor(() => each.some((isHeard) => isHeard(call.recording().pcm)), 30_000, 100);
}

/** Waits until the caller has heard these prompts in this order, the last one to its end. */
export async function hears(
  call: Heard,
  prompts: Expected | readonly Expected[],
  withinMs = 30_000,
): Promise<void> {
  const inOrder = [prompts].flat();
  const { soundsDir } = testStack().asterisk;
  const areHeard = hearing(inOrder, soundsDir);
  const everyMs = searchEveryMs(inOrder, soundsDir);
  await waitFor(() => areHeard(call.recording().pcm), withinMs, everyMs).catch(() => {
    expectHeard(call, ...inOrder);
    throw new Error(`Heard too late, after more than ${withinMs} ms: ${JSON.stringify(inOrder)}`);
  });
}
