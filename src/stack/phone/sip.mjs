/**
 * SIP messages (RFC 3261) as plain values: read from a datagram, written to one. Nothing here sends anything.
 *
 * @typedef {[name: string, value: string]} Header
 * @typedef {{ method: string, uri: string, headers: Header[], body: string }} SipRequest
 * @typedef {{ status: number, reason: string, headers: Header[], body: string }} SipResponse
 * @typedef {SipRequest | SipResponse} SipMessage
 * @typedef {{ scheme: string, user: string, host: string, port: number | null, params: Record<string, string> }} SipUri
 * @typedef {{ display: string, uri: string, params: Record<string, string> }} NameAddress
 */
import { randomBytes } from 'node:crypto';

/** RFC 3261 section 20 and later documents: the one-letter forms a peer may send. */
const COMPACT = new Map(
  Object.entries({
    i: 'call-id',
    m: 'contact',
    e: 'content-encoding',
    l: 'content-length',
    c: 'content-type',
    f: 'from',
    s: 'subject',
    k: 'supported',
    t: 'to',
    v: 'via',
    o: 'event',
    x: 'session-expires',
  }),
);
/** Headers whose comma separates values. In the others (dates, credentials) it is part of the value. */
const LISTS = new Set([
  'via',
  'contact',
  'route',
  'record-route',
  'require',
  'supported',
  'allow',
  'unsupported',
]);

/** What the branch of every request of our time begins with (RFC 3261 section 8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

const canonical = (name) => {
  const lower = name.trim().toLowerCase();
  return COMPACT.get(lower) ?? lower;
};

/** A random token for tags, branches and Call-IDs: 64 bits, letters and digits only. */
export const token = () => randomBytes(8).toString('hex');

/**
 * Reads one datagram.
 * @param {Buffer} datagram
 * @returns {SipMessage | null} null for what is not SIP (keep-alives, noise, a message cut off)
 */
export function parseMessage(datagram) {
  const text = datagram.toString('utf8').replace(/^(\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines.map(parseHeader);
  if (headers.includes(null)) return null;
  const rest = Buffer.from(text.slice(end + 4), 'utf8');
  const stated = Number(headers.find(([name]) => canonical(name) === 'content-length')?.[1] ?? rest.length);
  if (!Number.isInteger(stated) || stated < 0 || stated > rest.length) return null;
  const parts = { headers, body: rest.subarray(0, stated).toString('utf8') };
  const response = /^SIP\/2\.0 ([1-6][0-9]{2}) ?(.*)$/i.exec(first);
  if (response) return { status: Number(response[1]), reason: response[2] ?? '', ...parts };
  const request = /^([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP\/2\.0$/i.exec(first);
  return request ? { method: request[1], uri: request[2], ...parts } : null;
}

function parseHeader(line) {
  const colon = line.indexOf(':');
  return colon < 1 ? null : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

/**
 * Writes a message as it goes on the wire; Content-Length is ours to state.
 * @param {SipMessage} message
 */
export function serialise(message) {
  const body = Buffer.from(message.body, 'utf8');
  const first =
    'method' in message
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const lines = message.headers
    .filter(([name]) => canonical(name) !== 'content-length')
    // A value with a line break would begin a header of its own.
    .map(([name, value]) => `${name}: ${value.replace(/[\r\n]+/g, ' ')}`);
  const head = [first, ...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'utf8'), body]);
}

/**
 * All values of a header in order, lists taken apart.
 * @param {SipMessage} message
 * @param {string} name in any case, compact or long
 * @returns {string[]}
 */
export function headerValues(message, name) {
  const wanted = canonical(name);
  const values = message.headers.filter(([given]) => canonical(given) === wanted).map(([, value]) => value);
  return LISTS.has(wanted) ? values.flatMap((value) => splitOutside(value, ',')) : values;
}

/**
 * @param {SipMessage} message
 * @param {string} name
 * @returns {string | undefined} the first value
 */
export const headerValue = (message, name) => headerValues(message, name)[0];

/** Splits at a separator that stands neither in quotes nor in angle brackets. */
function splitOutside(value, separator) {
  const parts = [];
  let from = 0;
  let quoted = false;
  let depth = 0;
  for (let at = 0; at < value.length; at += 1) {
    const sign = value[at];
    if (quoted && sign === '\\') at += 1;
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && sign === '<') depth += 1;
    else if (!quoted && sign === '>') depth -= 1;
    else if (!quoted && depth === 0 && sign === separator) {
      parts.push(value.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, value.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

/**
 * `;a=1;b` as a record; names in lower case, a parameter without a value is ''.
 * @param {readonly string[]} parts
 * @returns {Record<string, string>}
 */
function parameters(parts) {
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', ...value] = part.split('=');
      return [
        name.trim().toLowerCase(),
        value
          .join('=')
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      ];
    }),
  );
}

/**
 * From, To, Contact, Route, P-Asserted-Identity …
 * @param {string} value
 * @returns {NameAddress}
 */
export function parseNameAddress(value) {
  const bracketed = /^(.*?)<([^>]*)>(.*)$/s.exec(value);
  if (bracketed) {
    const display = (bracketed[1] ?? '')
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replace(/\\(.)/gs, '$1');
    return { display, uri: bracketed[2] ?? '', params: parameters(splitOutside(bracketed[3] ?? '', ';')) };
  }
  const [uri = '', ...params] = splitOutside(value, ';');
  return { display: '', uri, params: parameters(params) };
}

/**
 * @param {string} uri
 * @returns {SipUri}
 */
export function parseUri(uri) {
  const [address = '', ...params] = uri.split('?')[0].split(';');
  const parts = /^([A-Za-z]+):(?:([^@]*)@)?(\[[^\]]+\]|[^:]*)(?::([0-9]+))?$/.exec(address);
  return {
    scheme: (parts?.[1] ?? '').toLowerCase(),
    user: decodeUser(parts?.[2] ?? ''),
    host: parts?.[3] ?? '',
    port: parts?.[4] === undefined ? null : Number(parts[4]),
    params: parameters(params),
  };
}

function decodeUser(user) {
  return user.replace(/(%[0-9A-Fa-f]{2})+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

/**
 * The top Via's parameters and where it was sent from.
 * @param {SipMessage} message
 */
export function topVia(message) {
  const [sent = '', ...params] = splitOutside(headerValue(message, 'via') ?? '', ';');
  const host = /\s(\[[^\]]+\]|[^:\s]+)(?::([0-9]+))?$/.exec(sent);
  return { host: host?.[1] ?? '', port: Number(host?.[2] ?? 5060), params: parameters(params) };
}

/**
 * @param {SipMessage} message
 * @returns {{ number: number, method: string }}
 */
export function parseCseq(message) {
  const [number = '0', method = ''] = (headerValue(message, 'cseq') ?? '').split(/\s+/);
  return { number: Number(number), method };
}

/**
 * The tag of From or To; '' without one.
 * @param {SipMessage} message
 * @param {'from' | 'to'} side
 */
export const tagOf = (message, side) =>
  parseNameAddress(headerValue(message, side) ?? '').params['tag'] ?? '';
