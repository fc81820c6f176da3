/** The answering half of SIP transactions (RFC 3261 section 17.2): one answer however often a request comes. */
import { responseTo } from './responses.mjs';
import { headerValue, MAGIC_COOKIE, parseCseq, tagOf, token, topVia } from './sip.mjs';
import { after, drop, GIVE_UP, repeat, T2, T4 } from './timers.mjs';

function serverKey(request, method) {
  const { host, port, params } = topVia(request);
  const branch = params['branch'] ?? '';
  if (branch.startsWith(MAGIC_COOKIE)) return `${branch}|${host}:${port}|${method}`;
  // A peer of RFC 2543's time.
  return `${headerValue(request, 'call-id')}|${tagOf(request, 'from')}|${parseCseq(request).number}|${method}`;
}

/** Every request from the network: known ones are answered as before, new ones go up. */
export function receiveRequest(layer, request, from) {
  const received = withReceived(request, from);
  if (request.method === 'ACK') {
    receiveAck(layer, received);
    return;
  }
  const key = serverKey(received, request.method);
  const known = layer.servers.get(key);
  if (known !== undefined) {
    if (known.last !== null) layer.upper.send(known.last, known.to);
    return;
  }
  const server = newServer(layer, key, received, from);
  if (request.method === 'CANCEL') receiveCancel(layer, received, server);
  else layer.upper.onRequest(received, server.face);
}

/** Notes in the top Via where the request really came from (RFC 3261 section 18.2.1, RFC 3581). */
function withReceived(request, from) {
  const at = request.headers.findIndex(([name]) => ['via', 'v'].includes(name.toLowerCase()));
  if (at < 0) return request;
  const [first = '', ...others] = request.headers[at][1].split(',');
  const stated = topVia(request);
  let via = first;
  if ('rport' in stated.params) via = via.replace(/;rport(?=;|$)/i, `;rport=${from.port}`);
  if ('rport' in stated.params || stated.host !== from.host) via += `;received=${from.host}`;
  const headers = request.headers.with(at, [request.headers[at][0], [via, ...others].join(',')]);
  return { ...request, headers };
}

function newServer(layer, key, request, from) {
  const via = topVia(request);
  const server = {
    key,
    last: null,
    to: { host: from.host, port: 'rport' in via.params ? from.port : via.port },
    stop: () => {},
    deadline: undefined,
    confirmed: false,
    face: /** @type {ServerTransaction} */ ({
      request,
      answered: false,
      ignored: false,
      onCancel: () => {},
      onUnacknowledged: () => {},
      respond: (response) => respond(layer, server, response),
      acknowledged: () => confirm(layer, server),
    }),
  };
  layer.servers.set(key, server);
  return server;
}

function respond(layer, server, response) {
  if (server.face.answered) return;
  server.last = response;
  layer.upper.send(response, server.to);
  if (response.status < 200) return;
  server.face.answered = true;
  const forget = () => layer.servers.delete(server.key);
  if (server.face.request.method !== 'INVITE') {
    after(layer, GIVE_UP, forget);
    return;
  }
  // An answer to an INVITE is repeated until its ACK comes; a 2xx by its dialog's rules at the same pace (13.3.1.4).
  server.stop = repeat(layer, () => layer.upper.send(response, server.to), T2);
  server.deadline = after(layer, GIVE_UP, () => {
    server.stop();
    forget();
    server.face.onUnacknowledged();
  });
}

function confirm(layer, server) {
  if (server.confirmed || !server.face.answered) return;
  server.confirmed = true;
  server.stop();
  drop(layer, server.deadline);
  after(layer, T4, () => layer.servers.delete(server.key));
}

function receiveAck(layer, request) {
  const server = layer.servers.get(serverKey(request, 'INVITE'));
  // Some clients give the ACK of a 2xx the INVITE's branch: it still belongs to the dialog.
  if (server !== undefined && (server.last?.status ?? 0) >= 300) confirm(layer, server);
  else layer.upper.onAck(request);
}

function receiveCancel(layer, request, server) {
  const invite = layer.servers.get(serverKey(request, 'INVITE'));
  if (invite?.face.ignored) return;
  const toTag = invite?.last ? tagOf(invite.last, 'to') : token();
  server.face.respond(responseTo(request, invite === undefined ? 481 : 200, { toTag }));
  if (invite !== undefined && !invite.face.answered) invite.face.onCancel();
}
