/**
 * Dialogs (RFC 3261 section 12): what two sides agreed on when a call came about, and the requests inside it.
 *
 * @typedef {import('./sip.mjs').SipRequest} SipRequest
 * @typedef {import('./sip.mjs').SipResponse} SipResponse
 * @typedef {{
 *   callId: string, localTag: string, remoteTag: string, local: string, remote: string,
 *   localSequence: number, remoteSequence: number, target: string, routes: string[],
 * }} Dialog local and remote: From and To as they were, without tags
 */
import { headerValue, headerValues, parseCseq, parseNameAddress, parseUri, tagOf, token } from './sip.mjs';

/**
 * A dialog we begin; the other side's tag, target and routes come with its answer.
 * @param {{ local: string, remote: string, target: string }} sides
 * @returns {Dialog}
 */
export function dialogOfCaller({ local, remote, target }) {
  const begun = {
    callId: `${token()}${token()}`,
    localTag: token(),
    remoteTag: '',
    localSequence: 1,
    remoteSequence: -1,
  };
  return { ...begun, local, remote, target, routes: [] };
}

/**
 * @param {Dialog} dialog changed in place
 * @param {SipResponse} response the 2xx to our INVITE
 */
export function completeDialog(dialog, response) {
  dialog.remoteTag = tagOf(response, 'to');
  dialog.target = contactOf(response) ?? dialog.target;
  dialog.routes = headerValues(response, 'record-route').reverse();
}

/**
 * A dialog the other side began.
 * @param {SipRequest} invite
 * @returns {Dialog}
 */
export function dialogOfCalled(invite) {
  return {
    callId: headerValue(invite, 'call-id') ?? '',
    localTag: token(),
    remoteTag: tagOf(invite, 'from'),
    local: headerValue(invite, 'to') ?? '',
    remote: withoutTag(headerValue(invite, 'from') ?? ''),
    localSequence: 0,
    remoteSequence: parseCseq(invite).number,
    target: contactOf(invite) ?? '',
    routes: headerValues(invite, 'record-route'),
  };
}

/**
 * A request of this dialog, without Via.
 * @param {Dialog} dialog its sequence goes on, but for an ACK, which has its INVITE's number
 * @param {string} method
 * @param {{ headers?: import('./sip.mjs').Header[], body?: string, sequence?: number }} [extra]
 * @returns {SipRequest}
 */
export function dialogRequest(dialog, method, { headers = [], body = '', sequence } = {}) {
  const number = sequence ?? (dialog.localSequence += 1);
  return {
    method,
    uri: dialog.target,
    headers: [
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route) => /** @type {import('./sip.mjs').Header} */ (['Route', route])),
      ['From', withTag(dialog.local, dialog.localTag)],
      ['To', withTag(dialog.remote, dialog.remoteTag)],
      ['Call-ID', dialog.callId],
      ['CSeq', `${number} ${method}`],
      ...headers,
    ],
    body,
  };
}

/**
 * Where the dialog's requests go: the first route, else the target; the server where that names no address.
 * @param {Dialog} dialog
 * @param {{ host: string, port: number }} server
 */
export function destinationOf(dialog, server) {
  const next = dialog.routes[0] === undefined ? dialog.target : parseNameAddress(dialog.routes[0]).uri;
  const { host, port } = parseUri(next);
  return /^[0-9.]+$/.test(host) ? { host, port: port ?? 5060 } : server;
}

/** @param {import('./sip.mjs').SipMessage} message */
export function contactOf(message) {
  const contact = headerValue(message, 'contact');
  return contact === undefined ? undefined : parseNameAddress(contact).uri;
}

const withTag = (address, tag) => (tag === '' ? address : `${address};tag=${tag}`);
const withoutTag = (address) => address.replace(/;tag=[^;>]*/i, '');
