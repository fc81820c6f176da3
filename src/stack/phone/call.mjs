/**
 * One telephone call, as both the caller's and the called side see it: its state, its sound, its end.
 *
 * @typedef {import('./sip.mjs').SipRequest} SipRequest
 * @typedef {import('./sip.mjs').SipResponse} SipResponse
 * @typedef {'calling' | 'incoming' | 'ringing' | 'talking' | 'ended'} CallState
 * @typedef {{ at: number, type: string, [detail: string]: unknown }} CallEvent at: milliseconds since the epoch
 * @typedef {{ by: 'local' | 'remote', status: number, reason: string, cause: number | null }} CallEnd
 *   status: the final answer to the INVITE (487: cancelled, 200: it was a talk); reason and cause (Q.850) as the other
 *   side told them.
 */
import { deferred } from './deferred.mjs';
import { destinationOf, dialogRequest } from './dialog.mjs';
import { headerValues } from './sip.mjs';
import { readSdp, writeSdp } from './sdp.mjs';

/**
 * @param {{ ua: any, options: any, direction: 'outbound' | 'inbound', dialog: import('./dialog.mjs').Dialog, rtp: any, invite: SipRequest | null }} parts
 */
export function newCall({ ua, options, direction, dialog, rtp, invite }) {
  const call = {
    ua,
    /** Codecs and digits of this call. */
    options,
    direction,
    dialog,
    rtp,
    invite,
    /** @type {CallState} */
    state: direction === 'outbound' ? 'calling' : 'incoming',
    /** @type {SipResponse | null} */
    response: null,
    client: null,
    server: null,
    /** A re-INVITE whose ACK has not come. */
    pending: null,
    acknowledged: false,
    leaving: false,
    leavingWanted: false,
    /** We have put the other side on hold: nothing is said meanwhile. */
    holding: false,
    /** Hangs up as the direction and the state want. */
    hangup: () => {},
    sessionId: Date.now(),
    sdpVersion: 1,
    media: null,
    /** @type {CallEvent[]} */
    events: [],
    listeners: new Set(),
    rang: /** @type {ReturnType<typeof deferred<boolean>>} */ (deferred()),
    answered: /** @type {ReturnType<typeof deferred<boolean>>} */ (deferred()),
    ended: /** @type {ReturnType<typeof deferred<CallEnd>>} */ (deferred()),
  };
  ua.calls.set(callKey(dialog.callId, dialog.localTag), call);
  return call;
}

/** @param {string} callId @param {string} localTag */
export const callKey = (callId, localTag) => `${callId}|${localTag}`;

/** Writes an event down and tells it. */
export function note(call, type, detail = {}) {
  const event = { at: Date.now(), type, ...detail };
  call.events.push(event);
  for (const listener of [...call.listeners]) listener(event);
}

/**
 * The call is over, whoever ended it. Idempotent: of two ends in the same instant the first counts.
 * @param {Partial<CallEnd>} end
 */
export function finish(call, end) {
  if (call.state === 'ended') return;
  call.state = 'ended';
  call.rtp.close();
  call.ua.calls.delete(callKey(call.dialog.callId, call.dialog.localTag));
  const whole = {
    by: /** @type {'local' | 'remote'} */ ('remote'),
    status: 200,
    reason: '',
    cause: null,
    ...end,
  };
  call.rang.resolve(false);
  call.answered.resolve(false);
  note(call, 'ended', whole);
  call.ended.resolve(whole);
}

/** What a message says of why (RFC 3326). */
export function reasonOf(message) {
  for (const value of headerValues(message, 'reason')) {
    const cause = /^Q\.850\s*;.*?cause=([0-9]+)/i.exec(value);
    const text = /text="([^"]*)"/i.exec(value);
    if (cause) return { cause: Number(cause[1]), reason: text?.[1] ?? '' };
  }
  return { cause: null, reason: 'reason' in message ? message.reason : '' };
}

export const outcomeOf = (response) => {
  const { cause, reason } = reasonOf(response);
  return { status: response.status, reason: reason || response.reason, cause };
};

// ---------------------------------------------------------------- sound

/** Our description as it stands: an offer, or what was agreed on. */
export function describe(call, agreed = call.media, shape = call.options.shape ?? asItIs) {
  const { claims: host, codecs, dtmfPayloadType } = call.options;
  const mine = agreed ?? { codecs, dtmfPayloadType, direction: 'sendrecv' };
  const described = writeSdp({
    host,
    port: call.rtp.port,
    sessionId: call.sessionId,
    version: call.sdpVersion,
    ...mine,
  });
  return shape(described);
}

const asItIs = (sdp) => sdp;

/**
 * Begins (or redirects) the sound to the described party.
 * @param {string} body the other side's description
 * @returns {boolean} false where nothing in it can be spoken
 */
export function connectSound(call, body) {
  const media = readSdp(body);
  const codec = media?.codecs.find((offered) => call.options.codecs.includes(offered));
  if (media === null || codec === undefined) return false;
  const sending =
    !call.holding &&
    media.port > 0 &&
    (media.direction === 'sendrecv' || media.direction === 'recvonly') &&
    media.host !== '0.0.0.0';
  call.rtp.connect({
    host: media.host,
    port: media.port,
    codec,
    dtmfPayloadType: media.dtmfPayloadType,
    sending,
  });
  return true;
}

// ---------------------------------------------------------------- the end

/** BYE. The end is told when it is answered or given up; the sound stops at once. */
export function sayGoodbye(call) {
  if (call.leaving || call.state === 'ended') return;
  call.leaving = true;
  call.rtp.close();
  note(call, 'bye-sent');
  const build = (headers) => dialogRequest(call.dialog, 'BYE', { headers });
  call.ua.sendAuthenticated(build, destinationOf(call.dialog, call.ua.server), {
    onFinal: (response) =>
      finish(call, { by: 'local', ...(response.local ? { reason: 'BYE not answered' } : {}) }),
  });
}
