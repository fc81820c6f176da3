/** A call that comes to us: it does nothing by itself; ringing, answering and refusing are told to it. */
import { faceOf, partyOf } from './call-face.mjs';
import { connectSound, describe, finish, newCall, note, reasonOf, sayGoodbye } from './call.mjs';
import { dialogOfCalled } from './dialog.mjs';
import { createRtp } from './rtp.mjs';
import { responseTo } from './responses.mjs';
import { headerValue, headerValues, parseUri } from './sip.mjs';
import { answerTo, readSdp } from './sdp.mjs';

/**
 * @typedef {Awaited<ReturnType<typeof takeCall>>} InboundCall
 * @param {any} ua
 * @param {import('./sip.mjs').SipRequest} invite
 * @param {import('./transactions.mjs').ServerTransaction} server
 */
export async function takeCall(ua, invite, server) {
  const dialog = dialogOfCalled(invite);
  const offer = readSdp(invite.body);
  const ours = ua.options;
  const agreed = offer === null ? null : answerTo(offer, ours.codecs);
  let gone = false;
  server.onCancel = () => {
    gone = true;
  };
  const dtmfPayloadType = agreed?.dtmfPayloadType ?? ours.dtmfPayloadType;
  const rtp = await createRtp({
    ...ours,
    dtmfPayloadType,
    onDigit: ({ digit }) => note(call, 'digit', { digit }),
  });
  const call = newCall({
    ua,
    options: { ...ours, dtmfPayloadType },
    direction: 'inbound',
    dialog,
    rtp,
    invite,
  });
  call.server = server;
  call.media = agreed;
  call.hangup = () => (call.state === 'talking' ? leave(call) : reject(call, 603));
  server.onCancel = () => cancelled(call);
  server.onUnacknowledged = () => unacknowledged(call);
  note(call, 'invite-received');
  if (gone) cancelled(call);
  else if (invite.body !== '' && agreed === null) reject(call, 488);
  return Object.assign(faceOf(call), commandsOf(call), {
    from: partyOf(headerValue(invite, 'from')),
    /** Whom the network vouches for, where it says so. */
    assertedIdentities: headerValues(invite, 'p-asserted-identity').map(partyOf),
    /** The user part the INVITE asked for. */
    target: parseUri(invite.uri).user,
  });
}

function commandsOf(call) {
  return {
    /** 180. */
    ringing() {
      if (call.state !== 'incoming' && call.state !== 'ringing') return;
      call.state = 'ringing';
      answerWith(call, 180);
      note(call, 'ringing-sent');
      call.rang.resolve(true);
    },
    /**
     * Another provisional response; with `sound` the description comes early, and what we say is heard before the answer.
     * @param {number} status
     * @param {{ headers?: import('./sip.mjs').Header[], sound?: boolean }} [extra]
     */
    progress(status, { headers = [], sound = false } = {}) {
      if (call.state !== 'incoming' && call.state !== 'ringing') return;
      call.state = 'ringing';
      const described = sound ? { headers: [...headers, DESCRIBED], body: describe(call) } : { headers };
      answerWith(call, status, described);
      if (sound) connectSound(call, call.invite.body);
    },
    /**
     * 200, in this very instant.
     * @param {{ headers?: import('./sip.mjs').Header[] }} [extra]
     * @returns {Promise<boolean>} true with the ACK; false: it came to nothing
     */
    answer({ headers = [] } = {}) {
      if (call.state !== 'incoming' && call.state !== 'ringing') return call.answered.promise;
      call.state = 'talking';
      note(call, 'answer-sent');
      answerWith(call, 200, { headers: [...headers, DESCRIBED], body: describe(call) });
      if (call.invite.body !== '') connectSound(call, call.invite.body);
      return call.answered.promise;
    },
    /**
     * @param {number} [status] 486 busy, 603 declined, 480 away, 302 with a Contact of its own …
     * @param {import('./sip.mjs').Header[]} [headers]
     */
    reject: (status = 603, headers = []) => reject(call, status, headers),
    /** Says nothing at all, now and to repetitions: a telephone that has lost its network. */
    ignore() {
      call.server.ignored = true;
      finish(call, { by: 'local', status: 0, reason: 'ignored' });
    },
    /**
     * BYE in a talk, 603 before.
     * @returns {Promise<import('./call.mjs').CallEnd>}
     */
    hangup() {
      call.hangup();
      return call.ended.promise;
    },
  };
}

/** @type {import('./sip.mjs').Header} */
const DESCRIBED = ['Content-Type', 'application/sdp'];

function answerWith(call, status, extra = {}) {
  const headers = [
    ...(status === 302 ? [] : [['Contact', call.ua.contact()]]),
    ...(status === 200 ? call.ua.common : []),
    ...(extra.headers ?? []),
  ];
  call.server.respond(responseTo(call.invite, status, { toTag: call.dialog.localTag, ...extra, headers }));
}

function reject(call, status, headers = []) {
  if (call.state !== 'incoming' && call.state !== 'ringing') return;
  answerWith(call, status, { headers });
  finish(call, { by: 'local', status });
}

/** The caller's CANCEL: the layer below has said 200 to it, the INVITE gets its 487. */
function cancelled(call) {
  if (call.state !== 'incoming' && call.state !== 'ringing') return;
  answerWith(call, 487);
  finish(call, { by: 'remote', status: 487, reason: 'cancelled' });
}

/** A BYE may not overtake the ACK (RFC 3261 section 15): before it the wish is kept. */
function leave(call) {
  if (call.acknowledged) sayGoodbye(call);
  else call.leavingWanted = true;
}

/** @param {import('./sip.mjs').SipRequest} ack */
export function acknowledged(call, ack) {
  call.pending?.acknowledged();
  call.pending = null;
  if (call.direction !== 'inbound' || call.acknowledged) return;
  call.server.acknowledged();
  call.acknowledged = true;
  if (ack.body !== '') connectSound(call, ack.body);
  note(call, 'answered');
  call.answered.resolve(true);
  if (call.leavingWanted) sayGoodbye(call);
}

function unacknowledged(call) {
  if (call.state !== 'talking') return;
  sayGoodbye(call);
  finish(call, { by: 'remote', status: 408, reason: 'no ACK' });
}

/**
 * What comes inside a call: BYE, re-INVITE, and what servers send for their own reasons.
 * @param {import('./sip.mjs').SipRequest} request
 * @param {import('./transactions.mjs').ServerTransaction} transaction
 */
export function withinCall(call, request, transaction) {
  const say = (status, extra = {}) => transaction.respond(responseTo(request, status, extra));
  if (request.method === 'BYE') {
    say(200);
    note(call, 'bye-received');
    finish(call, {
      by: call.leaving ? 'local' : 'remote',
      status: 200,
      ...reasonOf({ ...request, headers: request.headers }),
    });
  } else if (request.method === 'INVITE' || (request.method === 'UPDATE' && request.body !== '')) {
    renegotiate(call, request, transaction, say);
  } else if (request.method === 'REFER') {
    // A transfer would be a call of ours to somewhere told by others.
    say(603);
  } else {
    note(call, 'request', { method: request.method });
    say(200);
  }
}

function renegotiate(call, request, transaction, say) {
  const offer = readSdp(request.body);
  const agreed = offer === null ? call.media : answerTo(offer, call.options.codecs);
  if (offer !== null && agreed === null) return say(488);
  call.media = agreed;
  call.sdpVersion += 1;
  if (offer !== null) connectSound(call, request.body);
  if (request.method === 'INVITE') call.pending = transaction;
  note(call, 'renegotiated', { direction: agreed?.direction ?? 'sendrecv' });
  return say(200, {
    headers: [['Contact', call.ua.contact()], ...call.ua.common, ['Content-Type', 'application/sdp']],
    body: describe(call, agreed),
  });
}
