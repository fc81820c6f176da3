/** A telephone's wire: its one socket, its transactions, its answers to challenges. What the messages mean is phone.mjs's. */
import { createSocket } from 'node:dgram';
import { answerChallenge } from './digest.mjs';
import { MAGIC_COOKIE, parseMessage, serialise, token } from './sip.mjs';
import { createTransactions } from './transactions.mjs';

export const METHODS = 'INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, INFO, UPDATE, MESSAGE';
/** Messages kept for the one who looks into a failed test. */
const TRACED = 400;

/**
 * @param {import('./phone.mjs').PhoneOptions} options
 * @param {{ onRequest: (ua: any, request: any, transaction: any) => void, onAck: (ua: any, request: any) => void }} upper
 */
export async function createAgent(options, upper) {
  const { host = '127.0.0.1', headers = {}, codecs = ['PCMA', 'PCMU'], dtmfPayloadType = 101 } = options;
  const { claims = host } = options;
  const socket = createSocket('udp4');
  await new Promise((bound, failed) => {
    socket.once('error', failed);
    socket.bind(options.port ?? 0, host, () => bound(undefined));
  });
  const ua = {
    options: { ...options, host, claims, headers: Object.entries(headers), codecs, dtmfPayloadType },
    server: options.server,
    socket,
    port: socket.address().port,
    calls: new Map(),
    trace: [],
    deaf: false,
    closed: false,
    /** Datagrams not yet handed to the system: a socket closed before would take them with it. */
    unsent: 0,
    onInvite: null,
    common: /** @type {import('./sip.mjs').Header[]} */ ([
      ['Allow', METHODS],
      ['User-Agent', 'clinic-phone'],
    ]),
    contact: () => `<sip:${encodeURIComponent(options.username)}@${claims}:${ua.port}>`,
    send: (message, to) => send(ua, message, to),
    withVia: (request) => withVia(ua, request),
    sendAuthenticated: (build, to, handlers) => sendAuthenticated(ua, build, to, handlers),
    transactions: /** @type {ReturnType<typeof createTransactions>} */ (/** @type {unknown} */ (null)),
  };
  ua.transactions = createTransactions({
    send: ua.send,
    sentBy: () => ({ host: claims, port: ua.port }),
    onRequest: (request, transaction) => upper.onRequest(ua, request, transaction),
    onAck: (request) => upper.onAck(ua, request),
  });
  // Nobody at the other port: the transaction's time-out tells it better.
  socket.on('error', () => undefined);
  socket.on('message', (datagram, from) => receive(ua, datagram, { host: from.address, port: from.port }));
  return ua;
}

function send(ua, message, to) {
  // A peer may have named a port that cannot be.
  if (ua.closed || ua.deaf || !(to.port > 0 && to.port < 65_536)) return;
  const datagram = serialise(message);
  keep(ua, 'out', datagram);
  ua.unsent += 1;
  ua.socket.send(datagram, to.port, to.host, () => {
    ua.unsent -= 1;
  });
}

function keep(ua, direction, datagram) {
  ua.trace.push({ at: Date.now(), direction, text: datagram.toString('utf8') });
  if (ua.trace.length > TRACED) ua.trace.shift();
}

function receive(ua, datagram, from) {
  if (ua.deaf || ua.closed) return;
  const message = parseMessage(datagram);
  if (message === null) return;
  keep(ua, 'in', datagram);
  if ('status' in message) ua.transactions.receiveResponse(message);
  else ua.transactions.receiveRequest(message, from);
}

/** For the one request that has no transaction: the ACK of a 2xx. */
function withVia(ua, request) {
  const via = `SIP/2.0/UDP ${ua.options.claims}:${ua.port};rport;branch=${MAGIC_COOKIE}${token()}`;
  return { ...request, headers: [['Via', via], ...request.headers] };
}

/**
 * Sends a request and answers a challenge to it, once for each nonce.
 * @param {any} ua
 * @param {(credentials: import('./sip.mjs').Header[]) => import('./sip.mjs').SipRequest} build makes the request anew, with its next number
 * @param {{ host: string, port: number }} to
 * @param {import('./transactions.mjs').ClientHandlers & { onClient?: (client: any) => void }} handlers
 */
function sendAuthenticated(ua, build, to, handlers, credentials = [], tried = false) {
  const request = build(credentials);
  const client = ua.transactions.send(request, to, {
    ...handlers,
    onFinal: (response) => {
      const answer =
        response.status === 401 || response.status === 407 ? challengeAnswer(ua, request, response) : null;
      if (answer === null || (tried && !answer.stale)) handlers.onFinal(response);
      else sendAuthenticated(ua, build, to, handlers, [answer.header], true);
    },
  });
  handlers.onClient?.(client);
}

function challengeAnswer(ua, request, response) {
  const { username, password } = ua.options;
  if (password === undefined) return null;
  return answerChallenge(response, {
    credentials: { username, password },
    method: request.method,
    uri: request.uri,
  });
}
