/** A call we place: INVITE, its challenge, ringing, answer, our change of mind. */
import { faceOf } from './call-face.mjs';
import { connectSound, describe, finish, newCall, note, outcomeOf, sayGoodbye } from './call.mjs';
import { completeDialog, destinationOf, dialogOfCaller, dialogRequest } from './dialog.mjs';
import { createRtp } from './rtp.mjs';
import { answerTo, readSdp } from './sdp.mjs';
import { parseCseq } from './sip.mjs';

/**
 * @typedef {{ from?: string, to?: string, headers?: Record<string, string> | import('./sip.mjs').Header[], codecs?: ('PCMA' | 'PCMU')[], dtmfPayloadType?: number | null, delayed?: boolean }} InviteOptions
 *   from: a number, `anonymous`, '' (no number at all), or a whole `"name" <sip:â¦>`; to: whom the To names, where it is
 *   another than whom we ask for; delayed: the INVITE offers nothing, the called side does (RFC 3261 section 13.2.1).
 */

/**
 * @param {any} ua
 * @param {string} target a number or a whole SIP address
 * @param {InviteOptions} [options]
 */
export async function placeCall(ua, target, { from = ua.options.username, to, headers = [], ...media } = {}) {
  const options = { ...ua.options, ...media };
  const domain = `${ua.server.host}:${ua.server.port}`;
  const uri = /^sips?:/.test(target) ? target : `sip:${escapeUser(target)}@${domain}`;
  const dialog = dialogOfCaller({
    local: addressOf(from, ua.server.host),
    remote: `<${to ?? uri}>`,
    target: uri,
  });
  // The first request has the number 1: what is counted up is the number of the last one.
  dialog.localSequence = 0;
  const rtp = await createRtp({
    ...options,
    onDigit: (digit) => note(call, 'digit', { digit: digit.digit }),
  });
  const call = newCall({ ua, options, direction: 'outbound', dialog, rtp, invite: null });
  const own = Array.isArray(headers) ? headers : Object.entries(headers);
  call.hangup = () => hangUp(call);
  sendInvite(call, [...ua.options.headers, ...own]);
  return Object.assign(faceOf(call), {
    /**
     * CANCEL or BYE, as the state wants; told once more it does nothing.
     * @returns {Promise<import('./call.mjs').CallEnd>}
     */
    hangup() {
      call.hangup();
      return call.ended.promise;
    },
  });
}

function sendInvite(call, headers) {
  const build = (credentials) => {
    const described = call.options.delayed ? '' : describe(call);
    const type = described === '' ? [] : [['Content-Type', 'application/sdp']];
    const about = [['Contact', call.ua.contact()], ...call.ua.common, ...type];
    call.invite = dialogRequest(call.dialog, 'INVITE', {
      headers: [...about, ...headers, ...credentials],
      body: described,
    });
    return call.invite;
  };
  note(call, 'invite-sent');
  call.ua.sendAuthenticated(build, call.ua.server, {
    onClient: (client) => {
      call.client = client;
      if (call.leaving) client.cancel();
    },
    onProvisional: (response) => onProgress(call, response),
    onFinal: (response) => onFinal(call, response),
  });
}

function onProgress(call, response) {
  if (call.state === 'ended' || response.status === 100) return;
  call.response = response;
  if (call.state === 'calling') call.state = 'ringing';
  note(call, 'progress', { status: response.status });
  call.rang.resolve(true);
  if (response.body !== '') connectSound(call, response.body);
}

function onFinal(call, response) {
  call.response = response;
  if (response.status >= 300) {
    finish(call, { by: call.leaving ? 'local' : 'remote', ...outcomeOf(response) });
    return;
  }
  completeDialog(call.dialog, response);
  const ack = dialogRequest(call.dialog, 'ACK', {
    sequence: parseCseq(response).number,
    ...answerInAck(call, response),
  });
  const withVia = call.ua.withVia(ack);
  call.client.acknowledgeWith(() => call.ua.send(withVia, destinationOf(call.dialog, call.ua.server)));
  if (call.leaving) {
    // Our CANCEL and their answer crossed: the call came about, so it is ended as one.
    call.leaving = false;
    note(call, 'answered-while-leaving');
    sayGoodbye(call);
    return;
  }
  call.state = 'talking';
  call.rang.resolve(true);
  const understood = connectSound(call, response.body);
  note(call, 'answered');
  call.answered.resolve(true);
  if (!understood) sayGoodbye(call);
}

/** The answer to an offer that came with the 200. */
function answerInAck(call, response) {
  const offer = call.options.delayed ? readSdp(response.body) : null;
  const agreed = offer === null ? null : answerTo(offer, call.options.codecs);
  if (agreed === null) return {};
  return { headers: [['Content-Type', 'application/sdp']], body: describe(call, agreed) };
}

function hangUp(call) {
  if (call.leaving || call.state === 'ended') return;
  if (call.state === 'talking') {
    sayGoodbye(call);
    return;
  }
  call.leaving = true;
  note(call, 'cancel-sent');
  call.client?.cancel();
}

/** @param {string} from */
function addressOf(from, host) {
  if (from.includes('<')) return from;
  if (from === 'anonymous') return '"Anonymous" <sip:anonymous@anonymous.invalid>';
  return from === '' ? `<sip:${host}>` : `<sip:${escapeUser(from)}@${host}>`;
}

/** What may not stand in the user part as it is (RFC 3261 section 25.1): `#` above all. */
const escapeUser = (user) =>
  encodeURIComponent(user).replace(/%(2B|24|26|3D|2C|3B|3F|2F)/gi, decodeURIComponent);
