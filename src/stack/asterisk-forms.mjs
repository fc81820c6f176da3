/** What a value of Asterisk's configuration may look like, and which values must agree with each other. No input or output. */
import { isIP } from 'node:net';

/** @typedef {{ test: (text: string) => boolean, what: string }} Form */

/** @returns {Form} */
const matching = (pattern, what) => ({ test: (text) => pattern.test(text), what });
/** @returns {Form} */
const between = (least, most) => ({
  test: (text) => /^[0-9]{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most,
  what: `a number from ${least} to ${most}`,
});
/** @returns {Form} */
const oneOf = (...words) => ({ test: (text) => words.includes(text), what: words.join(' or ') });
/** @returns {Form} comma-separated, none of them empty */
const listOf = ({ test }, what) => ({ test: (text) => text.split(',').every(test), what });

export const port = between(1, 65_535);
export const path = matching(/^\/[A-Za-z0-9_./@+ -]*$/, 'an absolute path of letters, digits and ._/@+-');
export const name = matching(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  'letters, digits and ._-, at most 64, a letter or digit first',
);
export const secret = matching(/^[A-Za-z0-9_-]{16,128}$/, '16 to 128 letters, digits, _ or -');
export const shortNumber = matching(/^[0-9]{2,8}$/, 'two to eight digits');
export const digit = matching(/^[0-9]$/, 'one digit');
export const seconds = between(5, 86_400);
export const transport = oneOf('udp', 'tcp', 'tls');
export const mediaEncryption = oneOf('sdes');
export const dtmf = oneOf('rfc4733', 'auto', 'info', 'auto_info', 'inband');
export const yes = oneOf('yes');
export const address = { test: isAddress, what: 'an IP address' };
export const host = matching(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a host name or an address');
export const sipUser = matching(/^[A-Za-z0-9+][A-Za-z0-9+_.-]{0,63}$/, 'letters, digits and +_.-');
/** Printable, without what begins a comment, a placeholder or an escape. */
export const password = matching(
  /^[!-~]{1,128}$(?<!.*[;{}\\].*)/,
  'printable characters without blanks and without ; { } or a backslash',
);
export const networks = listOf(
  { test: (text) => prefixOf(text) !== null },
  'addresses or networks, comma-separated',
);
/** Half the world would be taken for the trunk by a slip of one digit. */
const SHORTEST = { 4: 8, 6: 32 };
export const trunkNetworks = listOf(
  { test: (text) => (prefixOf(text)?.bits ?? 0) >= SHORTEST[prefixOf(text)?.family ?? 4] },
  'addresses or networks (at least /8, IPv6 /32), comma-separated; no host names',
);
export const sipUri = {
  test: isSipUri,
  what: 'an address such as sip:10.1.2.3:5060, without anything behind it',
};
export const sipUris = listOf(sipUri, 'addresses such as sip:10.1.2.3:5060, comma-separated');
export const numbers = listOf(
  { test: (text) => /^\+?[0-9A-Za-z]{1,31}$/.test(text) },
  'numbers or names of letters and digits, comma-separated',
);

function isAddress(text) {
  // A zone (fe80::1%eth0) is nothing Asterisk would take.
  return isIP(text) !== 0 && !text.includes('%');
}

/** @returns {{ family: 4 | 6, bits: number } | null} */
function prefixOf(text) {
  const [, base = '', bits] = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  if (!isAddress(base)) return null;
  const family = isIP(base) === 4 ? 4 : 6;
  const most = family === 4 ? 32 : 128;
  const given = bits === undefined ? most : Number(bits);
  return given <= most ? { family, bits: given } : null;
}

function isSipUri(text) {
  const [, place = '', given] = /^sips?:(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const isPlace = place.startsWith('[') ? isIP(place.slice(1, -1)) === 6 : host.test(place);
  return isPlace && (given === undefined || port.test(given));
}

/** @param {string} uri of the form above @returns {string} the host in it; '' of '' */
export const hostOf = (uri) => uri.replace(/^sips?:/, '').replace(/:[0-9]{1,5}$/, '');

/**
 * A number as the dialplan compares it, however a provider writes it: without +, 00, the country code and the trunk
 * prefix 0. A bare 98 is the country code only before ten digits. The context trunk-called of extensions.conf does the same.
 */
export function canonicalNumber(text) {
  const lower = text.toLowerCase();
  const international = lower.replace(/^(\+|00)/, '');
  const wasInternational = international !== lower;
  const hasCountry = international.startsWith('98') && (wasInternational || international.length > 11);
  return (hasCountry ? international.slice(2) : international).replace(/^0/, '');
}

/**
 * @param {Record<string, string>} values each of its form
 * @param {(value: string) => string} called what a person knows it by
 * @returns {string[]} faults
 */
export function disagreements(values, called) {
  const together = (...names) =>
    new Set(names.map((one) => values[one] === '')).size > 1
      ? [`${names.map(called).join(', ')} belong together`]
      : [];
  const faults = [
    ...together('tlsCertFile', 'tlsKeyFile'),
    ...together('trunkRegistrar', 'trunkUser', 'trunkPassword'),
  ];
  if (Number(values.rtpEnd) - Number(values.rtpStart) < 3)
    faults.push(`${called('rtpEnd')} must lie above ${called('rtpStart')}`);
  if (values.trunkHeaderSecret + values.trunkMatch + values.trunkRegistrar === '')
    faults.push(`no trunk: ${called('trunkMatch')} or ${called('trunkRegistrar')} must be given`);
  for (const one of ['trunkTransport', 'legacyTransport'])
    if (values[one] === 'tls' && values.tlsCertFile === '')
      faults.push(`${called(one)} is tls, which needs ${called('tlsCertFile')} and its key`);
  if (values.tlsCaFile !== '' && values.tlsCertFile === '')
    faults.push(`${called('tlsCaFile')} does nothing without ${called('tlsCertFile')}`);
  return [...faults, ...sharedPorts(values, called), ...sharedNumbers(values, called)];
}

function sharedPorts(values, called) {
  const used = ['sipPort', 'sipTlsPort', 'httpPort', 'amiPort'];
  return used.flatMap((one, index) =>
    used
      .slice(index + 1)
      .filter((other) => values[other] === values[one])
      .map((other) => `${called(one)} and ${called(other)} are the same port`),
  );
}

/** A number cannot reach both the menu and the clinic. */
function sharedNumbers(values, called) {
  const listed = (names) => names.split(',').filter(Boolean).map(canonicalNumber);
  const menu = [values.clinicNumber, ...listed(values.trunkMenuNumbers)];
  const direct = [values.clinicNumber + values.optionDigit, ...listed(values.trunkDirectNumbers)];
  const both = menu.filter((number) => direct.includes(number));
  if (both.length === 0) return [];
  return [`${called('trunkMenuNumbers')} and ${called('trunkDirectNumbers')} both have ${both.join(', ')}`];
}
