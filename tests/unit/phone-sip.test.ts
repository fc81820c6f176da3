import { describe, expect, it } from 'vitest';
import { answerTo, readSdp, writeSdp, type Media } from '../../src/stack/phone/sdp.mjs';
import { responseTo } from '../../src/stack/phone/responses.mjs';
import {
  headerValue,
  headerValues,
  parseMessage,
  parseNameAddress,
  parseUri,
  serialise,
  tagOf,
  topVia,
  type SipRequest,
} from '../../src/stack/phone/sip.mjs';

const INVITE = [
  'INVITE sip:e001@127.0.0.1:5062 SIP/2.0',
  'v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKdef',
  'f: "Doe, \\"J\\"" <sip:0912@host;user=phone>;tag=from-1',
  't: <sip:e001@127.0.0.1>',
  'i: id-1',
  'CSeq: 7 INVITE',
  'm: <sip:0912@127.0.0.1:5060>',
  'Record-Route: <sip:p1;lr>, <sip:p2;lr>',
  'Subject: folded',
  '  line',
  'c: application/sdp',
  'l: 4',
  '',
  'v=0\r\nmore than was stated',
].join('\r\n');

const read = (text: string) => parseMessage(Buffer.from(text)) as SipRequest;

describe('SIP messages', () => {
  it('reads compact and folded headers, lists and a body of the stated length', () => {
    const message = read(INVITE);
    expect(message.method).toBe('INVITE');
    expect(message.uri).toBe('sip:e001@127.0.0.1:5062');
    expect(headerValues(message, 'Via')).toHaveLength(2);
    expect(headerValues(message, 'record-route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect(headerValue(message, 'Subject')).toBe('folded line');
    expect(headerValue(message, 'Content-Type')).toBe('application/sdp');
    expect(message.body).toBe('v=0\r');
    expect(topVia(message)).toEqual({
      host: '127.0.0.1',
      port: 5060,
      params: { rport: '', branch: 'z9hG4bKabc' },
    });
    expect(tagOf(message, 'from')).toBe('from-1');
    expect(tagOf(message, 'to')).toBe('');
  });

  it('takes a name address apart, quotes and commas included', () => {
    const from = parseNameAddress('"Doe, \\"J\\"" <sip:0912@host;user=phone>;tag=x');
    expect(from).toEqual({ display: 'Doe, "J"', uri: 'sip:0912@host;user=phone', params: { tag: 'x' } });
    expect(parseNameAddress('sip:1@h;tag=y')).toEqual({ display: '', uri: 'sip:1@h', params: { tag: 'y' } });
    expect(parseUri('sip:%2A45%23@h:5070;transport=udp')).toEqual({
      ...{ scheme: 'sip', user: '*45#', host: 'h', port: 5070 },
      params: { transport: 'udp' },
    });
    expect(parseUri('sip:[::1]:5060')).toMatchObject({ user: '', host: '[::1]', port: 5060 });
  });

  it.each([
    ['a keep-alive', '\r\n\r\n'],
    ['nothing', ''],
    ['noise', '\u0000\u0001\u0002'],
    ['a message without its end', 'OPTIONS sip:x SIP/2.0\r\nVia: y'],
    ['a body shorter than stated', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: 10\r\n\r\nshort'],
    ['a negative length', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n'],
    ['a header without a colon', 'OPTIONS sip:x SIP/2.0\r\nVia\r\n\r\n'],
    ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an unknown version', 'OPTIONS sip:x SIP/3.0\r\nVia: y\r\n\r\n'],
  ])('is not taken in by %s', (_what, text) => {
    expect(parseMessage(Buffer.from(text, 'latin1'))).toBeNull();
  });

  it('writes what it reads back, its length its own', () => {
    const request: SipRequest = {
      ...{ method: 'MESSAGE', uri: 'sip:x@y', body: 'سلام' },
      headers: [
        ['Via', 'SIP/2.0/UDP h;branch=z9hG4bKq'],
        ['Content-Length', '999'],
      ],
    };
    const text = serialise(request).toString('utf8');
    expect(text).toContain('Content-Length: 8\r\n\r\nسلام');
    expect(text).not.toContain('999');
    expect(parseMessage(Buffer.from(text))).toMatchObject({ method: 'MESSAGE', body: 'سلام' });
  });

  it('lets no value begin a header of its own', () => {
    const text = serialise({
      method: 'OPTIONS',
      uri: 'sip:x',
      headers: [['Subject', 'a\r\nX-Evil: b']],
      body: '',
    });
    expect(headerValue(parseMessage(text)!, 'x-evil')).toBeUndefined();
  });

  it('answers with the request’s own headers and one tag', () => {
    const invite = read(INVITE);
    const ringing = responseTo(invite, 180, { toTag: 'mine' });
    expect(headerValues(ringing, 'via')).toEqual(headerValues(invite, 'via'));
    expect(headerValues(ringing, 'record-route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect(tagOf(ringing, 'to')).toBe('mine');
    expect(headerValue(ringing, 'cseq')).toBe('7 INVITE');
    expect(tagOf(responseTo(invite, 100, { toTag: 'mine' }), 'to')).toBe('');
    expect(headerValues(responseTo(invite, 486, { toTag: 'mine' }), 'record-route')).toEqual([]);
  });
});

describe('session descriptions', () => {
  const media: Media = {
    ...{ host: '127.0.0.1', port: 4000, dtmfPayloadType: 96 },
    codecs: ['PCMA', 'PCMU'],
    direction: 'sendrecv',
  };
  const ours = { ...media, sessionId: 1, version: 2 };

  it('reads what it writes', () => {
    const written = writeSdp(ours);
    expect(readSdp(written)).toEqual(media);
    expect(written).toContain('m=audio 4000 RTP/AVP 8 0 96\r\n');
    const bare = writeSdp({ ...ours, codecs: ['PCMU'], dtmfPayloadType: null });
    expect(readSdp(bare)).toMatchObject({ codecs: ['PCMU'], dtmfPayloadType: null });
  });

  it('prefers the stream’s own connection and direction over the session’s, and skips other streams', () => {
    const body = [
      ...[
        'v=0',
        'c=IN IP4 10.0.0.1',
        'a=sendrecv',
        'm=video 5000 RTP/AVP 96',
        'm=audio 4002 RTP/AVP 18 0 110',
      ],
      ...['c=IN IP4 10.0.0.2', 'a=rtpmap:110 telephone-event/8000', 'a=sendonly', 'm=text 1 RTP/AVP 98'],
    ].join('\n');
    expect(readSdp(body)).toEqual({
      ...{ host: '10.0.0.2', port: 4002, codecs: ['PCMU'], dtmfPayloadType: 110, direction: 'sendonly' },
    });
    expect(readSdp('v=0\r\nm=video 1 RTP/AVP 96\r\n')).toBeNull();
    expect(readSdp('v=0\r\nm=audio 70000 RTP/AVP 0\r\n')?.port).toBe(0);
  });

  it('answers in the offer’s order, with the offer’s digits, seen from the other side', () => {
    const offer = {
      ...ours,
      codecs: ['PCMU', 'PCMA'] as ('PCMU' | 'PCMA')[],
      direction: 'sendonly' as const,
    };
    expect(answerTo(offer, ['PCMA', 'PCMU'])).toEqual({
      ...{ codecs: ['PCMU', 'PCMA'], dtmfPayloadType: 96, direction: 'recvonly' },
    });
    expect(answerTo(offer, ['PCMA'])?.codecs).toEqual(['PCMA']);
    expect(answerTo({ ...offer, codecs: [] }, ['PCMA'])).toBeNull();
  });
});
