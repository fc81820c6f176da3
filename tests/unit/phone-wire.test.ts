import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { digestAnswer, parseChallenge } from '../../src/stack/phone/digest.mjs';
import { createPhone, type Phone, type PhoneOptions } from '../../src/stack/phone/phone.mjs';
import { responseTo } from '../../src/stack/phone/responses.mjs';
import {
  headerValue,
  headerValues,
  parseCseq,
  parseMessage,
  serialise,
  tagOf,
  topVia,
  type Header,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/stack/phone/sip.mjs';

/** What is on the wire, seen by a peer that is moved by hand and keeps no rules of its own. */

interface Peer {
  address: { host: string; port: number };
  /** The next message that fits; earlier ones that were not asked for are passed over. */
  next(fits: (message: SipMessage) => boolean): Promise<SipMessage>;
  request(method: string): Promise<SipRequest>;
  response(method: string): Promise<SipResponse>;
  send(message: SipMessage | string): void;
  seen: SipMessage[];
}

const phones: Phone[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const phone of phones.splice(0)) phone.vanish();
  await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((closed) => socket.close(closed))));
});

const isRequest = (message: SipMessage): message is SipRequest => 'method' in message;

async function withPeer(options: Partial<PhoneOptions> = {}): Promise<{ phone: Phone; peer: Peer }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  const address = { host: '127.0.0.1', port: socket.address().port };
  const phone = await createPhone({ server: address, username: 'e001', password: 'secret', ...options });
  phones.push(phone);
  const seen: SipMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (datagram) => {
    const message = parseMessage(datagram);
    if (message === null) throw new Error('The telephone sent what is not SIP.');
    seen.push(message);
    for (const look of [...waiting]) look();
  });
  let passed = 0;
  const next = (fits: (message: SipMessage) => boolean) =>
    new Promise<SipMessage>((resolve) => {
      const look = () => {
        const at = seen.findIndex((message, index) => index >= passed && fits(message));
        if (at < 0) return;
        passed = at + 1;
        waiting.delete(look);
        resolve(seen[at]!);
      };
      waiting.add(look);
      look();
    });
  const peer: Peer = {
    ...{ address, next, seen },
    request: async (method) =>
      (await next((message) => isRequest(message) && message.method === method)) as SipRequest,
    response: async (method) =>
      (await next((message) => !isRequest(message) && parseCseq(message).method === method)) as SipResponse,
    send: (message) => {
      const bytes = typeof message === 'string' ? Buffer.from(message) : serialise(message);
      socket.send(bytes, phone.address.port, '127.0.0.1');
    },
  };
  return { phone, peer };
}

const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 9 RTP/AVP 8 101',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join('\r\n');

let branches = 0;
function requestOf(
  peer: Peer,
  method: string,
  extra: {
    branch?: string;
    to?: string;
    cseq?: number;
    headers?: Header[];
    body?: string;
    callId?: string;
  } = {},
): SipRequest {
  const {
    branch = `z9hG4bKtest${++branches}`,
    to = '',
    cseq = 1,
    headers = [],
    body = '',
    callId = 'call-1',
  } = extra;
  return {
    ...{ method, uri: 'sip:e001@127.0.0.1', body },
    headers: [
      ['Via', `SIP/2.0/UDP 127.0.0.1:${peer.address.port};rport;branch=${branch}`],
      ['Max-Forwards', '70'],
      ['From', '<sip:137@127.0.0.1>;tag=peer'],
      ['To', `<sip:e001@127.0.0.1>${to === '' ? '' : `;tag=${to}`}`],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<sip:137@127.0.0.1:${peer.address.port}>`],
      ...(body === '' ? [] : [['Content-Type', 'application/sdp'] as Header]),
      ...headers,
    ],
  };
}

const okTo = (peer: Peer, invite: SipRequest, headers: Header[] = []) =>
  responseTo(invite, 200, {
    ...{ toTag: 'peer', body: SDP },
    headers: [
      ['Contact', `<sip:e@127.0.0.1:${peer.address.port}>`],
      ['Content-Type', 'application/sdp'],
      ...headers,
    ],
  });

describe('requests of ours', () => {
  it('come again until they are answered', async () => {
    const { phone, peer } = await withPeer();
    const registered = phone.register({ renew: false });
    const first = await peer.request('REGISTER');
    const second = await peer.request('REGISTER');
    expect(topVia(second).params['branch']).toBe(topVia(first).params['branch']);
    expect(serialise(second).equals(serialise(first))).toBe(true);
    peer.send(
      responseTo(second, 200, {
        toTag: 't',
        headers: [['Contact', `${headerValue(first, 'contact')};expires=77`]],
      }),
    );
    expect(await registered).toEqual({ ok: true, status: 200, reason: 'OK', expiresSeconds: 77 });
  });

  it('answer a challenge with the right digest, in the next request of the same call', async () => {
    const { phone, peer } = await withPeer();
    const registered = phone.register({ renew: false });
    const first = await peer.request('REGISTER');
    const challenge = 'Digest realm="clinic", nonce="n1", qop="auth", algorithm=MD5';
    peer.send(responseTo(first, 401, { toTag: 't', headers: [['WWW-Authenticate', challenge]] }));
    const second = await peer.request('REGISTER');
    const given = parseChallenge(headerValue(second, 'authorization') ?? '');
    const right = digestAnswer({
      ...{
        challenge: parseChallenge(challenge),
        method: 'REGISTER',
        uri: second.uri,
        cnonce: given['cnonce']!,
      },
      credentials: { username: 'e001', password: 'secret' },
    });
    expect(given['response']).toBe(parseChallenge(right)['response']);
    expect(headerValue(second, 'call-id')).toBe(headerValue(first, 'call-id'));
    expect(parseCseq(second).number).toBe(parseCseq(first).number + 1);
    expect(topVia(second).params['branch']).not.toBe(topVia(first).params['branch']);
    peer.send(responseTo(second, 200));
    expect((await registered).ok).toBe(true);
  });

  it('do not try a refused password again, but a stale nonce', async () => {
    const { phone, peer } = await withPeer();
    const registered = phone.register({ renew: false });
    const refuse = async (extra: string) => {
      const request = await peer.request('REGISTER');
      peer.send(
        responseTo(request, 401, {
          headers: [['WWW-Authenticate', `Digest realm="c", nonce="n", qop="auth"${extra}`]],
        }),
      );
    };
    await refuse('');
    await refuse(', stale=true');
    await refuse('');
    expect(await registered).toMatchObject({ ok: false, status: 401 });
    expect(peer.seen).toHaveLength(3);
  });

  it('take the registration back under the same Call-ID', async () => {
    const { phone, peer } = await withPeer();
    const registered = phone.register({ renew: false });
    const first = await peer.request('REGISTER');
    peer.send(responseTo(first, 200));
    await registered;
    const left = phone.unregister();
    const second = await peer.request('REGISTER');
    expect(headerValue(second, 'expires')).toBe('0');
    expect(headerValue(second, 'call-id')).toBe(headerValue(first, 'call-id'));
    peer.send(responseTo(second, 200));
    expect((await left).ok).toBe(true);
  });

  it('INVITE: a refusal is acknowledged within its transaction, each time it comes', async () => {
    const { phone, peer } = await withPeer();
    const call = await phone.invite('137');
    const invite = await peer.request('INVITE');
    const refusal = responseTo(invite, 486, { toTag: 'busy' });
    peer.send(refusal);
    const ack = await peer.request('ACK');
    expect(topVia(ack)).toEqual(topVia(invite));
    expect(headerValue(ack, 'cseq')).toBe('1 ACK');
    expect(tagOf(ack, 'to')).toBe('busy');
    peer.send(refusal);
    expect(topVia(await peer.request('ACK'))).toEqual(topVia(invite));
    expect(await call.ended).toMatchObject({ by: 'remote', status: 486, reason: 'Busy Here' });
  });

  it('INVITE: an answer is acknowledged by a request of the dialog, along its routes, each time it comes', async () => {
    const { phone, peer } = await withPeer();
    const call = await phone.invite('137', { headers: { 'X-Clinic-Trunk': 'secret-1' } });
    const invite = await peer.request('INVITE');
    expect(headerValue(invite, 'x-clinic-trunk')).toBe('secret-1');
    const route = `<sip:127.0.0.1:${peer.address.port};lr>`;
    const ok = okTo(peer, invite, [['Record-Route', `<sip:127.0.0.1:1;lr>, ${route}`]]);
    peer.send(ok);
    const ack = await peer.request('ACK');
    expect(topVia(ack).params['branch']).not.toBe(topVia(invite).params['branch']);
    expect(ack.uri).toBe(`sip:e@127.0.0.1:${peer.address.port}`);
    expect(headerValues(ack, 'route')).toEqual([route, '<sip:127.0.0.1:1;lr>']);
    expect(headerValue(ack, 'cseq')).toBe('1 ACK');
    peer.send(ok);
    expect(serialise(await peer.request('ACK')).equals(serialise(ack))).toBe(true);
    expect(await call.answered).toBe(true);
    void call.hangup();
    const bye = await peer.request('BYE');
    expect(headerValue(bye, 'cseq')).toBe('2 BYE');
    expect([tagOf(bye, 'from'), tagOf(bye, 'to')]).toEqual([tagOf(invite, 'from'), 'peer']);
    peer.send(responseTo(bye, 200));
    expect(await call.ended).toMatchObject({ by: 'local' });
  });

  it('INVITE: is not cancelled before a provisional answer, then by the same branch', async () => {
    const { phone, peer } = await withPeer();
    const call = await phone.invite('137');
    const ended = call.hangup();
    const invite = await peer.request('INVITE');
    await peer.request('INVITE');
    expect(peer.seen.some((message) => isRequest(message) && message.method === 'CANCEL')).toBe(false);
    peer.send(responseTo(invite, 100));
    const cancel = await peer.request('CANCEL');
    expect(topVia(cancel)).toEqual(topVia(invite));
    expect(cancel.uri).toBe(invite.uri);
    expect(headerValue(cancel, 'cseq')).toBe('1 CANCEL');
    peer.send(responseTo(cancel, 200));
    peer.send(responseTo(invite, 487, { toTag: 'x' }));
    await peer.request('ACK');
    expect(await ended).toMatchObject({ by: 'local', status: 487 });
  });

  it('INVITE: an answer that crosses the CANCEL is acknowledged and ended', async () => {
    const { phone, peer } = await withPeer();
    const call = await phone.invite('137');
    const invite = await peer.request('INVITE');
    peer.send(responseTo(invite, 180, { toTag: 'peer' }));
    await call.rang;
    void call.hangup();
    const cancel = await peer.request('CANCEL');
    peer.send(okTo(peer, invite));
    await peer.request('ACK');
    const bye = await peer.request('BYE');
    peer.send(responseTo(cancel, 481));
    peer.send(responseTo(bye, 200));
    expect(await call.ended).toMatchObject({ by: 'local', status: 200 });
  });

  it('hears why the other side hung up', async () => {
    const { phone, peer } = await withPeer();
    const call = await phone.invite('137');
    const invite = await peer.request('INVITE');
    peer.send(okTo(peer, invite));
    await peer.request('ACK');
    const bye = requestOf(peer, 'BYE', {
      ...{ callId: call.callId, to: tagOf(invite, 'from') },
      headers: [['Reason', 'Q.850;cause=17;text="User busy"']],
    });
    peer.send(bye);
    expect((await peer.response('BYE')).status).toBe(200);
    expect(await call.ended).toEqual({ by: 'remote', status: 200, reason: 'User busy', cause: 17 });
  });
});

describe('requests of others', () => {
  it('are answered the same however often they come, and rung for once', async () => {
    const { phone, peer } = await withPeer();
    let rung = 0;
    phone.onInvite((call) => {
      rung += 1;
      call.ringing();
    });
    const invite = requestOf(peer, 'INVITE', { body: SDP });
    peer.send(invite);
    const ringing = await peer.response('INVITE');
    peer.send(invite);
    expect(await peer.response('INVITE')).toEqual(ringing);
    expect([ringing.status, rung]).toEqual([180, 1]);
    expect(topVia(ringing).params).toMatchObject({ rport: String(peer.address.port), received: '127.0.0.1' });
  });

  it('say that they are being looked at when nothing else is said', async () => {
    const { phone, peer } = await withPeer();
    phone.onInvite(() => undefined);
    peer.send(requestOf(peer, 'INVITE', { body: SDP }));
    expect((await peer.response('INVITE')).status).toBe(100);
  });

  it('INVITE: a refusal comes again until its ACK', async () => {
    const { phone, peer } = await withPeer();
    phone.onInvite((call) => call.reject(486));
    const invite = requestOf(peer, 'INVITE', { body: SDP });
    peer.send(invite);
    const first = await peer.response('INVITE');
    const second = await peer.response('INVITE');
    expect([first.status, second.status]).toEqual([486, 486]);
    const ack = requestOf(peer, 'ACK', { branch: topVia(invite).params['branch']!, to: tagOf(first, 'to') });
    peer.send(ack);
    peer.send(requestOf(peer, 'OPTIONS', { callId: 'o' }));
    await peer.response('OPTIONS');
    const before = peer.seen.length;
    peer.send(ack);
    peer.send(requestOf(peer, 'OPTIONS', { callId: 'o2' }));
    await peer.response('OPTIONS');
    expect(peer.seen.length).toBe(before + 1);
  });

  it('INVITE: an answer comes again until its ACK; a BYE waits for it', async () => {
    const { phone, peer } = await withPeer();
    const acked: boolean[] = [];
    phone.onInvite((call) => {
      void call.answer().then((ok) => acked.push(ok));
      void call.hangup();
    });
    peer.send(requestOf(peer, 'INVITE', { body: SDP }));
    const first = await peer.response('INVITE');
    const second = await peer.response('INVITE');
    expect(serialise(second).equals(serialise(first))).toBe(true);
    expect(first.status).toBe(200);
    expect(headerValue(first, 'contact')).toContain(String(phone.address.port));
    peer.send(requestOf(peer, 'ACK', { to: tagOf(first, 'to') }));
    const bye = await peer.request('BYE');
    expect(acked).toEqual([true]);
    expect(headerValue(bye, 'cseq')).toBe('1 BYE');
    expect(tagOf(bye, 'from')).toBe(tagOf(first, 'to'));
    peer.send(responseTo(bye, 200));
  });

  it('INVITE: also takes an ACK that carries the INVITE’s branch', async () => {
    const { phone, peer } = await withPeer();
    const acked = new Promise<boolean>((resolve) =>
      phone.onInvite((call) => void call.answer().then(resolve)),
    );
    const invite = requestOf(peer, 'INVITE', { body: SDP });
    peer.send(invite);
    const ok = await peer.response('INVITE');
    peer.send(requestOf(peer, 'ACK', { branch: topVia(invite).params['branch']!, to: tagOf(ok, 'to') }));
    expect(await acked).toBe(true);
  });

  it('CANCEL ends the ring: 200 to itself, 487 to the INVITE', async () => {
    const { phone, peer } = await withPeer();
    phone.onInvite((call) => call.ringing());
    const invite = requestOf(peer, 'INVITE', { body: SDP });
    peer.send(invite);
    await peer.response('INVITE');
    const { branch } = topVia(invite).params;
    peer.send(requestOf(peer, 'CANCEL', { branch: branch! }));
    expect((await peer.response('CANCEL')).status).toBe(200);
    expect((await peer.response('INVITE')).status).toBe(487);
    peer.send(requestOf(peer, 'CANCEL', { branch: 'z9hG4bKnever' }));
    expect((await peer.response('CANCEL')).status).toBe(481);
  });

  it('re-INVITE is answered with our description, its hold mirrored, the call going on', async () => {
    const { phone, peer } = await withPeer();
    phone.onInvite((call) => void call.answer());
    peer.send(requestOf(peer, 'INVITE', { body: SDP }));
    const ok = await peer.response('INVITE');
    const to = tagOf(ok, 'to');
    peer.send(requestOf(peer, 'ACK', { to }));
    peer.send(requestOf(peer, 'INVITE', { to, cseq: 2, body: `${SDP}a=sendonly\r\n` }));
    const held = await peer.response('INVITE');
    expect(held.status).toBe(200);
    expect(held.body).toContain('a=recvonly');
    expect(/^o=- ([0-9]+)/m.exec(held.body)?.[1]).toBe(/^o=- ([0-9]+)/m.exec(ok.body)?.[1]);
    peer.send(requestOf(peer, 'ACK', { to, cseq: 2 }));
    peer.send(requestOf(peer, 'INVITE', { to, cseq: 3 }));
    expect((await peer.response('INVITE')).body).toContain('m=audio');
    peer.send(requestOf(peer, 'ACK', { to, cseq: 3, body: SDP }));
    expect(phone.liveCalls()).toBe(1);
    peer.send(requestOf(peer, 'BYE', { to, cseq: 2 }));
    expect((await peer.response('BYE')).status).toBe(500);
    peer.send(requestOf(peer, 'BYE', { to, cseq: 4 }));
    expect((await peer.response('BYE')).status).toBe(200);
    expect(phone.liveCalls()).toBe(0);
  });

  it.each([
    ['OPTIONS', {}, 200],
    ['NOTIFY', {}, 200],
    ['BYE', { to: 'nobody' }, 481],
    ['INVITE', { to: 'nobody' }, 481],
    ['BYE', {}, 481],
    ['SUBSCRIBE', {}, 405],
    ['OPTIONS', { headers: [['Require', '100rel']] as Header[] }, 420],
  ])('%s %o gets %i', async (method, extra, status) => {
    const { peer } = await withPeer();
    peer.send(requestOf(peer, method, extra));
    const answer = await peer.response(method);
    expect(answer.status).toBe(status);
    if (status === 405 || status === 200)
      expect(headerValue(answer, 'allow') ?? 'INVITE').toContain('INVITE');
    if (status === 420) expect(headerValue(answer, 'unsupported')).toBe('100rel');
  });

  it('noise does not disturb it', async () => {
    const { peer } = await withPeer();
    for (const noise of [
      '\r\n\r\n',
      'x',
      'SIP/2.0 200 OK\r\n\r\n',
      'INVITE sip:x SIP/2.0\r\n\r\n',
      'BYE sip:x SIP/2.0\r\nTo: <sip:x>;tag=1\r\n\r\n',
    ]) {
      peer.send(noise);
    }
    peer.send(requestOf(peer, 'OPTIONS'));
    expect((await peer.response('OPTIONS')).status).toBe(200);
  });
});
