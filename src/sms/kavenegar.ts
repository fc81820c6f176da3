import http from 'node:http';
import https from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import { codeOf } from '../platform/fault.ts';
import type { Driver, Finding, Sending } from './driver.ts';

/**
 * The gateway Kavenegar. Its interface: https://kavenegar.com/rest.html. Every answer is a JSON document whose
 * `return.status` counts, whatever the status of HTTP. The key stands in the address: no address and no text of an error
 * that may quote one leaves this file.
 */
export interface KavenegarOptions {
  /** Without the trailing `/v1/…`. */
  url: string;
  key: string;
  /** The line it is sent from; empty: the account's own. */
  sender: string;
  withinMs?: number;
}

/** Usually answered within a second; longer than its slow minutes. */
const WITHIN_MS = 10_000;

/** 411: no such receiver. */
const OF_THE_NUMBER: readonly number[] = [411];
/** Missing or empty parameters (400, 406), empty or too long (413), a date (417), characters (422): the same another time. */
const OF_THE_MESSAGE: readonly number[] = [400, 406, 413, 417, 422];
/** The account (401), its key (403), its rights and addresses (407, 416), the line (412), the credit (418), its identity (430). */
const OF_THE_ACCOUNT: readonly number[] = [401, 403, 407, 412, 416, 418, 430];
/** What `statuslocalmessageid` says of an id it does not know. */
const NOT_KNOWN = 100;

export function createKavenegar({ url, key, sender, withinMs = WITHIN_MS }: KavenegarOptions): Driver {
  const base = `${url.replace(/\/+$/, '')}/v1/${encodeURIComponent(key)}`;

  async function ask(method: string, fields: Record<string, string>): Promise<Answer> {
    try {
      const { status, text } = await post(`${base}/${method}.json`, fields, withinMs);
      return read(status, text);
    } catch (error) {
      const code = codeOf(error) ?? 'connection-lost';
      // Refused or unknown at the door it was never heard; of all else nobody knows.
      const heard = !NEVER_HEARD.includes(code);
      return { status: null, entries: [], reason: code === 'ABORT_ERR' ? 'timeout' : code, heard };
    }
  }

  return {
    name: 'kavenegar',
    async send({ id, number, body }) {
      const line = sender === '' ? {} : { sender };
      // As people write it: the gateway knows no `+98`.
      const receptor = `0${number.slice('+98'.length)}`;
      return sendingOf(await ask('sms/send', { receptor, message: body, localid: localIdOf(id), ...line }));
    },
    find: async (id) => findingOf(await ask('sms/statuslocalmessageid', { localid: localIdOf(id) })),
  };
}

const NEVER_HEARD = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Not by `fetch`: that takes an answer 407, which the gateway gives to addresses it does not know, for a lost connection. */
function post(
  address: string,
  fields: Record<string, string>,
  withinMs: number,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      // A kept connection may end just as it is used, and then nobody would know what was heard.
      agent: false as const,
      signal: AbortSignal.timeout(withinMs),
    };
    const { request } = address.startsWith('https:') ? https : http;
    const asked = request(address, options, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    asked.on('error', reject);
    asked.end(new URLSearchParams(fields).toString());
  });
}

/** status: null where the gateway said nothing that can be read. heard: whether it may have had the request. */
interface Answer {
  status: number | null;
  entries: readonly Record<string, unknown>[];
  reason: string;
  heard: boolean;
}

function read(httpStatus: number, text: string): Answer {
  const document = parse(text);
  const { status } = (document['return'] ?? {}) as { status?: unknown };
  const { entries } = document;
  if (typeof status !== 'number')
    return { status: null, entries: [], reason: `http-${httpStatus}`, heard: true };
  const list = Array.isArray(entries) ? (entries as Record<string, unknown>[]) : [];
  return { status, entries: list, reason: `kavenegar-${status}`, heard: true };
}

/** A proxy in between answers by a page of its own. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function sendingOf({ status, entries, reason, heard }: Answer): Sending {
  if (status === null)
    return heard ? { came: 'unknown', reason } : { came: 'not-now', reason, needsSomebody: false };
  if (status === 200) return { came: 'sent', providerId: idIn(entries) };
  if (OF_THE_NUMBER.includes(status)) return { came: 'undeliverable', reason };
  if (OF_THE_MESSAGE.includes(status)) return { came: 'refused', reason };
  return { came: 'not-now', reason, needsSomebody: OF_THE_ACCOUNT.includes(status) };
}

function findingOf({ status, entries, reason }: Answer): Finding {
  if (status === null) return { found: 'unknown', reason };
  const providerId = idIn(entries);
  const isKnown = status === 200 && providerId !== null && entries[0]?.['status'] !== NOT_KNOWN;
  // Where it refuses to tell, the same text twice is better than none.
  return isKnown ? { found: 'sent', providerId } : { found: 'nothing' };
}

function idIn(entries: readonly Record<string, unknown>[]): string | null {
  const id = entries[0]?.['messageid'];
  return (typeof id === 'number' && id > 0) || (typeof id === 'string' && id !== '') ? String(id) : null;
}

/** Its `localid` is a whole number of 63 bits: the first half of our id, which is its time and some chance. */
export const localIdOf = (id: string): string =>
  BigInt(`0x${id.replaceAll('-', '').slice(0, 16)}`).toString();
