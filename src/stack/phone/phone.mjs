/**
 * A SIP telephone over UDP that does exactly what it is told, when it is told: the demo's experts and citizens, and the
 * tests' hands and ears. Only Node's own modules, for it runs before anything is installed.
 *
 * @typedef {{
 *   server: { host: string, port: number },
 *   username: string,
 *   password?: string,
 *   host?: string,
 *   port?: number,
 *   claims?: string,
 *   shape?: (sdp: string) => string,
 *   headers?: Record<string, string>,
 *   codecs?: ('PCMA' | 'PCMU')[],
 *   dtmfPayloadType?: number | null,
 *   expires?: number,
 * }} PhoneOptions
 *   host: our own address (default 127.0.0.1); port: our own, for calls that come without a registration (default: any);
 *   claims: the one we tell others, as a telephone behind a router does that
 *   knows only its private one; shape: what is made of every description of ours before it is sent; headers: on every INVITE we place, e.g. what makes us a trunk;
 *   dtmfPayloadType: under which digits are offered (default 101), null for a telephone without any.
 * @typedef {import('./inbound.mjs').InboundCall} InboundCall
 * @typedef {Awaited<ReturnType<typeof placeCall>>} OutboundCall
 * @typedef {{ ok: boolean, status: number, reason: string, expiresSeconds: number }} Registration
 * @typedef {{ at: number, direction: 'in' | 'out', text: string }} TracedMessage
 * @typedef {Awaited<ReturnType<typeof createPhone>>} Phone
 */
import { createAgent, METHODS } from './agent.mjs';
import { callKey, finish } from './call.mjs';
import { acknowledged, takeCall, withinCall } from './inbound.mjs';
import { placeCall } from './outbound.mjs';
import { createRegistration } from './registration.mjs';
import { askOutside } from './requests.mjs';
import { responseTo } from './responses.mjs';
import { headerValue, headerValues, parseCseq, tagOf, token } from './sip.mjs';

/** @param {PhoneOptions} options */
export async function createPhone(options) {
  const ua = await createAgent(options, { onRequest, onAck });
  const registration = createRegistration(ua);
  return {
    username: ua.options.username,
    /** Our own address, known to the server by registering. */
    address: { host: ua.options.host, port: ua.port },
    ...registration,
    /**
     * @param {string} target a number (`137`, `*45`) or a whole SIP address
     * @param {import('./outbound.mjs').InviteOptions} [invite]
     */
    invite: (target, invite) => placeCall(ua, target, invite),
    /**
     * A request outside of any call: REFER, MESSAGE, OPTIONS …
     * @param {string} method
     * @param {string} target a whole SIP address
     * @param {{ headers?: import('./sip.mjs').Header[], body?: string }} [content]
     */
    request: (method, target, content) => askOutside(ua, method, target, content),
    /**
     * What to do with a call that comes: called at once, before anything is answered. Unless the handler answers,
     * refuses or ignores it, a 100 says that we are at it. Without a handler calls get a 480.
     * @param {(call: InboundCall) => void} handler
     */
    onInvite(handler) {
      ua.onInvite = handler;
    },
    /**
     * Deaf: hears nothing, says nothing, forgets nothing (a pulled network cable).
     * @param {boolean} deaf
     */
    setDeaf(deaf) {
      ua.deaf = deaf;
    },
    /** How many calls there are. */
    liveCalls: () => ua.calls.size,
    /** The last messages in and out, as they were on the wire. @type {TracedMessage[]} */
    trace: ua.trace,
    /** Hangs up every call, takes the registration back, and leaves no handle open. Waits for neither for long. */
    async close() {
      if (ua.closed) return;
      ua.onInvite = null;
      await Promise.race([
        Promise.all([...[...ua.calls.values()].map(endOf), registration.unregister()]),
        shortly(ua),
      ]);
      while (ua.unsent > 0) await new Promise((resolve) => setImmediate(resolve));
      shut(ua, registration);
    },
    /** Gone without a word: no BYE, no unregistration (a crash). */
    vanish: () => shut(ua, registration),
  };
}

function shut(ua, registration) {
  if (ua.closed) return;
  ua.closed = true;
  registration.stop();
  for (const call of [...ua.calls.values()])
    finish(call, { by: 'local', status: 0, reason: 'telephone closed' });
  ua.transactions.close();
  ua.socket.close();
}

/** Longer than an answer on loopback takes, shorter than anyone waits for a test's end. */
const shortly = (ua) => new Promise((resolve) => setTimeout(resolve, ua.deaf ? 0 : 1_000).unref());

function endOf(call) {
  call.hangup();
  return call.ended.promise;
}

function findCall(ua, request, found, missing = () => {}) {
  const call = ua.calls.get(callKey(headerValue(request, 'call-id') ?? '', tagOf(request, 'to')));
  if (
    call === undefined ||
    (call.dialog.remoteTag !== '' && call.dialog.remoteTag !== tagOf(request, 'from'))
  )
    missing();
  else found(call);
}

function onAck(ua, request) {
  findCall(ua, request, (call) => acknowledged(call, request));
}

function onRequest(ua, request, transaction) {
  const say = (status, headers = []) =>
    transaction.respond(responseTo(request, status, { toTag: token(), headers }));
  const required = headerValues(request, 'require');
  if (required.length > 0) return say(420, [['Unsupported', required.join(', ')]]);
  if (tagOf(request, 'to') !== '')
    return findCall(
      ua,
      request,
      (call) => inOrder(call, request, transaction),
      () => say(481),
    );
  switch (request.method) {
    case 'INVITE':
      return void incoming(ua, request, transaction, say);
    case 'OPTIONS':
      return say(200, [...ua.common, ['Accept', 'application/sdp'], ['Contact', ua.contact()]]);
    case 'NOTIFY':
    case 'MESSAGE':
    case 'INFO':
      return say(200);
    case 'BYE':
    case 'UPDATE':
      return say(481);
    default:
      return say(405, [['Allow', METHODS]]);
  }
}

/** A request older than the last one is a straggler (RFC 3261 section 12.2.2). */
function inOrder(call, request, transaction) {
  const { number } = parseCseq(request);
  if (number < call.dialog.remoteSequence) return transaction.respond(responseTo(request, 500));
  call.dialog.remoteSequence = number;
  return withinCall(call, request, transaction);
}

async function incoming(ua, invite, transaction, say) {
  if (ua.onInvite === null) return say(480);
  const call = await takeCall(ua, invite, transaction);
  if (call.state !== 'incoming') return undefined;
  ua.onInvite(call);
  // Whoever waits for the call by a promise has this turn to say something, or to ignore it.
  setImmediate(() => {
    if (call.state === 'incoming') transaction.respond(responseTo(invite, 100));
  });
  return undefined;
}
