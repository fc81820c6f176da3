/**
 * What a telephone asks inside a call: another description (hold, resume, another port), and requests of any method.
 *
 * @typedef {import('./sip.mjs').Header} Header
 * @typedef {import('./sip.mjs').SipResponse} SipResponse
 * @typedef {{
 *   method?: 'INVITE' | 'UPDATE', direction?: import('./sdp.mjs').Direction, newPort?: boolean, headers?: Header[],
 *   shape?: (sdp: string) => string,
 * }} Offer
 *   direction: anything but `sendrecv` is a hold, in which we say nothing; shape: what is made of the description before it
 *   is sent, for the ways of telephones that write theirs differently.
 */
import { connectSound, describe, note } from './call.mjs';
import { destinationOf, dialogOfCaller, dialogRequest } from './dialog.mjs';
import { answerTo, readSdp } from './sdp.mjs';
import { parseCseq } from './sip.mjs';

export function requestsOf(call) {
  return {
    /**
     * @param {string} method INFO, UPDATE, REFER … within this call
     * @param {{ headers?: Header[], body?: string }} [content]
     * @returns {Promise<SipResponse>} the final answer; a 408 of our own making without one
     */
    request: (method, content = {}) => ask(call, method, content).then(({ response }) => response),
    /**
     * Offers a new description and follows the answer.
     * @param {Offer} [offer]
     * @returns {Promise<SipResponse>} the final answer; refused, everything stays as it was
     */
    offer: (offer = {}) => offerAnew(call, offer),
  };
}

async function offerAnew(call, { method = 'INVITE', direction = 'sendrecv', newPort, headers = [], shape }) {
  if (newPort) await call.rtp.move();
  const wanted = { ...(call.media ?? call.options), direction };
  call.sdpVersion += 1;
  const body = describe(call, wanted, shape);
  const { client, response } = await ask(call, method, {
    headers: body === '' ? headers : [...headers, DESCRIBED],
    body,
  });
  if (response.status >= 300) return response;
  call.holding = direction !== 'sendrecv';
  connectSound(call, response.body);
  if (method === 'INVITE') acknowledge(call, client, response, body === '');
  note(call, 'offer-taken', { direction });
  return response;
}

/** @type {Header} */
const DESCRIBED = ['Content-Type', 'application/sdp'];

/** answering: the other side's 200 was the offer, since ours had none. */
function acknowledge(call, client, response, answering) {
  const offer = answering ? readSdp(response.body) : null;
  const agreed = offer === null ? null : answerTo(offer, call.options.codecs);
  const content = agreed === null ? {} : { headers: [DESCRIBED], body: describe(call, agreed) };
  const sequence = parseCseq(response).number;
  const ack = call.ua.withVia(dialogRequest(call.dialog, 'ACK', { sequence, ...content }));
  client.acknowledgeWith(() => call.ua.send(ack, destinationOf(call.dialog, call.ua.server)));
}

/** @returns {Promise<{ client: any, response: SipResponse }>} */
function ask(call, method, { headers = [], body = '' }) {
  const build = (credentials) =>
    dialogRequest(call.dialog, method, {
      headers: [['Contact', call.ua.contact()], ...call.ua.common, ...headers, ...credentials],
      body,
    });
  return new Promise((resolve) => {
    let client;
    call.ua.sendAuthenticated(build, destinationOf(call.dialog, call.ua.server), {
      onClient: (made) => {
        client = made;
      },
      onFinal: (response) => resolve({ client, response }),
    });
  });
}

/**
 * A request outside of any call.
 * @param {any} ua
 * @param {string} method
 * @param {string} target a whole SIP address
 * @param {{ headers?: Header[], body?: string }} [content]
 * @returns {Promise<SipResponse>}
 */
export function askOutside(ua, method, target, { headers = [], body = '' } = {}) {
  const { username } = ua.options;
  const local = `<sip:${encodeURIComponent(username)}@${ua.server.host}>`;
  const sequence = { ...dialogOfCaller({ local, remote: `<${target}>`, target }), localSequence: 0 };
  const build = (credentials) =>
    dialogRequest(sequence, method, {
      headers: [['Contact', ua.contact()], ...ua.common, ...headers, ...credentials],
      body,
    });
  return new Promise((resolve) => {
    ua.sendAuthenticated(build, ua.server, { onFinal: resolve });
  });
}
