/** The asking half of SIP transactions (RFC 3261 section 17.1): repeats, time-outs, the ACK of refusals, CANCEL. */
import { responseTo } from './responses.mjs';
import { headerValue, MAGIC_COOKIE, parseCseq, token, topVia } from './sip.mjs';
import { after, drop, GIVE_UP, repeat, T2, T4 } from './timers.mjs';

/**
 * See createTransactions.
 */
export function startClient(layer, request, to, handlers) {
  const { host, port } = layer.upper.sentBy();
  const branch = `${MAGIC_COOKIE}${token()}`;
  const via = /** @type {import('./sip.mjs').Header} */ ([
    'Via',
    `SIP/2.0/UDP ${host}:${port};rport;branch=${branch}`,
  ]);
  const client = {
    request: { ...request, headers: [via, ...request.headers] },
    invite: request.method === 'INVITE',
    state: 'calling',
    to,
    handlers,
    acknowledge: null,
    cancelWanted: false,
    stop: () => {},
    deadline: undefined,
  };
  const key = `${branch}|${request.method}`;
  layer.clients.set(key, client);
  const send = () => layer.upper.send(client.request, to);
  client.stop = repeat(layer, send, client.invite ? Infinity : T2);
  client.deadline = after(layer, GIVE_UP, () => {
    finishClient(layer, key, client, local408(client.request));
  });
  send();
  return {
    /**
     * What to do at the first and every repeated 2xx of an INVITE.
     * @param {() => void} send
     */
    acknowledgeWith(send) {
      client.acknowledge = send;
      send();
    },
    /** CANCEL, as soon as it may be sent: not before a first provisional response. */
    cancel() {
      client.cancelWanted = true;
      if (client.state === 'proceeding') sendCancel(layer, key, client);
    },
  };
}

/** Every response from the network; one without its request is dropped. */
export function receiveResponse(layer, response) {
  const branch = topVia(response).params['branch'] ?? '';
  const key = `${branch}|${parseCseq(response).method}`;
  const client = layer.clients.get(key);
  if (client === undefined) return;
  if (client.state === 'completed') {
    if (client.invite && response.status >= 300) acknowledgeRefusal(layer, client, response);
    else if (client.invite && response.status >= 200) client.acknowledge?.();
    return;
  }
  if (response.status >= 200) {
    finishClient(layer, key, client, response);
    return;
  }
  if (client.state === 'calling') {
    client.state = 'proceeding';
    // A ring may last: from here only the final answer, or our CANCEL, ends an INVITE.
    if (client.invite) {
      client.stop();
      drop(layer, client.deadline);
    }
    if (client.cancelWanted) sendCancel(layer, key, client);
  }
  client.handlers.onProvisional?.(response);
}

function finishClient(layer, key, client, response) {
  client.stop();
  drop(layer, client.deadline);
  client.state = 'completed';
  if (client.invite && response.status >= 300 && !response.local) acknowledgeRefusal(layer, client, response);
  // Kept for as long as the peer may repeat its answer.
  after(layer, client.invite ? GIVE_UP : T4, () => layer.clients.delete(key));
  client.handlers.onFinal(response);
}

/** The ACK of a refusal belongs to the INVITE's own transaction: same branch, To from the response. */
function acknowledgeRefusal(layer, client, response) {
  const kept = pick(client.request, ['via', 'max-forwards', 'from', 'call-id', 'route']);
  const headers = [
    ...kept,
    ['To', headerValue(response, 'to') ?? ''],
    ['CSeq', `${parseCseq(response).number} ACK`],
  ];
  layer.upper.send({ method: 'ACK', uri: client.request.uri, headers, body: '' }, client.to);
}

function sendCancel(layer, inviteKey, client) {
  client.cancelWanted = false;
  client.state = 'cancelling';
  const kept = pick(client.request, ['via', 'max-forwards', 'from', 'to', 'call-id', 'route']);
  const number = parseCseq(client.request).number;
  const request = {
    method: 'CANCEL',
    uri: client.request.uri,
    headers: [...kept, ['CSeq', `${number} CANCEL`]],
    body: '',
  };
  const send = () => layer.upper.send(request, client.to);
  const key = inviteKey.replace(/INVITE$/, 'CANCEL');
  const cancel = {
    request,
    invite: false,
    state: 'calling',
    to: client.to,
    handlers: { onFinal: () => {} },
    stop: () => {},
  };
  cancel.stop = repeat(layer, send, T2);
  cancel.deadline = after(layer, GIVE_UP, () => finishClient(layer, key, cancel, local408(request)));
  layer.clients.set(key, cancel);
  // An INVITE that is not answered even now is given up (section 9.1).
  client.deadline = after(layer, GIVE_UP, () => {
    finishClient(layer, inviteKey, client, local408(client.request));
  });
  send();
}

/** No answer at all counts as a 408 (section 8.1.3.1). */
const local408 = (request) => Object.assign(responseTo(request, 408), { local: true });

const pick = (message, names) => message.headers.filter(([name]) => names.includes(name.toLowerCase()));
