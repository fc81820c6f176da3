/**
 * HTTP digest as SIP uses it (RFC 3261 section 22, RFC 7616, RFC 8760): answers to a challenge.
 *
 * @typedef {{ username: string, password: string }} Credentials
 */
import { createHash, randomBytes } from 'node:crypto';
import { headerValues } from './sip.mjs';

const HASHES = { MD5: 'md5', 'SHA-256': 'sha256' };

/**
 * `Digest realm="clinic", nonce="…", qop="auth"` as a record, names in lower case.
 * @param {string} value
 * @returns {Record<string, string>}
 */
export function parseChallenge(value) {
  const parameters = value.replace(/^\s*Digest\s+/i, '');
  const found = parameters.matchAll(/([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g);
  return Object.fromEntries(
    [...found].map(([, name, quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? '']),
  );
}

/**
 * The credentials' header value for one challenge.
 *
 * The nonce is used once and its count is therefore always 1: each refusal brings a fresh one.
 * @param {{ challenge: Record<string, string>, credentials: Credentials, method: string, uri: string, cnonce?: string }} options
 */
export function digestAnswer({
  challenge,
  credentials,
  method,
  uri,
  cnonce = randomBytes(8).toString('hex'),
}) {
  const algorithm = challenge['algorithm']?.toUpperCase() ?? 'MD5';
  const hash = (text) => createHash(HASHES[algorithm]).update(text).digest('hex');
  const { realm = '', nonce = '', opaque } = challenge;
  const ha1 = hash(`${credentials.username}:${realm}:${credentials.password}`);
  const ha2 = hash(`${method}:${uri}`);
  const withQop = offersAuth(challenge);
  const count = '00000001';
  const response = withQop
    ? hash(`${ha1}:${nonce}:${count}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${nonce}:${ha2}`);
  const quoted = {
    username: credentials.username,
    realm,
    nonce,
    uri,
    response,
    ...(opaque === undefined ? {} : { opaque }),
  };
  return [
    `Digest ${Object.entries(quoted)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ')}`,
    `algorithm=${algorithm}`,
    ...(withQop ? [`qop=auth, nc=${count}, cnonce="${cnonce}"`] : []),
  ].join(', ');
}

/**
 * The header that answers a 401 or 407, or null where none of its challenges can be answered.
 * @param {import('./sip.mjs').SipResponse} response
 * @param {{ credentials: Credentials, method: string, uri: string }} options
 * @returns {{ header: import('./sip.mjs').Header, stale: boolean } | null}
 */
export function answerChallenge(response, options) {
  const proxy = response.status === 407;
  const challenge = headerValues(response, proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate')
    .map(parseChallenge)
    .find(
      (given) =>
        (given['algorithm']?.toUpperCase() ?? 'MD5') in HASHES &&
        (given['qop'] === undefined || offersAuth(given)),
    );
  if (challenge === undefined) return null;
  const value = digestAnswer({ challenge, ...options });
  return {
    header: [proxy ? 'Proxy-Authorization' : 'Authorization', value],
    stale: challenge['stale']?.toLowerCase() === 'true',
  };
}

function offersAuth(challenge) {
  return (challenge['qop'] ?? '').split(',').some((offer) => offer.trim() === 'auth');
}
