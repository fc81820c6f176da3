/**
 * Responses to requests.
 *
 * @typedef {import('./sip.mjs').Header} Header
 * @typedef {import('./sip.mjs').SipRequest} SipRequest
 * @typedef {import('./sip.mjs').SipResponse} SipResponse
 */
import { headerValue, headerValues, tagOf } from './sip.mjs';

/** Reason phrases of what we answer. */
const REASONS = new Map(
  Object.entries({
    100: 'Trying',
    180: 'Ringing',
    183: 'Session Progress',
    200: 'OK',
    405: 'Method Not Allowed',
    408: 'Request Timeout',
    415: 'Unsupported Media Type',
    420: 'Bad Extension',
    480: 'Temporarily Unavailable',
    481: 'Call/Transaction Does Not Exist',
    486: 'Busy Here',
    487: 'Request Terminated',
    488: 'Not Acceptable Here',
    491: 'Request Pending',
    500: 'Server Internal Error',
    501: 'Not Implemented',
    603: 'Decline',
  }),
);

/**
 * A response to a request (RFC 3261 section 8.2.6): Via, From, To, Call-ID, CSeq and, where a dialog may arise,
 * Record-Route are the request's; To gets our tag unless it has one.
 * @param {SipRequest} request
 * @param {number} status
 * @param {{ toTag?: string, headers?: Header[], body?: string, reason?: string }} [extra]
 * @returns {SipResponse}
 */
export function responseTo(request, status, { toTag = '', headers = [], body = '', reason = '' } = {}) {
  const to = headerValue(request, 'to') ?? '';
  const tagged = toTag !== '' && status > 100 && tagOf(request, 'to') === '' ? `${to};tag=${toTag}` : to;
  const copied = (name) => headerValues(request, name).map((value) => /** @type {Header} */ ([name, value]));
  return {
    status,
    reason: reason || (REASONS.get(String(status)) ?? 'Answer'),
    headers: [
      ...copied('Via'),
      ...(request.method === 'INVITE' && status > 100 && status < 300 ? copied('Record-Route') : []),
      ['From', headerValue(request, 'from') ?? ''],
      ['To', tagged],
      ['Call-ID', headerValue(request, 'call-id') ?? ''],
      ['CSeq', headerValue(request, 'cseq') ?? ''],
      ...headers,
    ],
    body,
  };
}
