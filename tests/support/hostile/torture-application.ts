import { token } from '../../../src/stack/phone/sip.mjs';
import { sdp, SDP_TYPE, write, type Origin, type Spec } from './message.ts';
import type { Torture } from './torture.ts';

const register = (origin: Origin, spec: Spec): Buffer =>
  write(origin, {
    method: 'REGISTER',
    uri: 'sip:127.0.0.1',
    ...spec,
    set: { to: '<sip:user@127.0.0.1>', from: `<sip:user@127.0.0.1>;tag=${token()}`, ...spec.set },
  });
const options = (origin: Origin, spec: Spec): Buffer => write(origin, { method: 'OPTIONS', ...spec });

/** RFC 4475 section 3.3 and 3.4: the grammar holds, the sense is strange. */
export const applicationMessages: readonly Torture[] = [
  {
    name: 'insuf',
    odd: 'neither Call-ID nor From nor To',
    fit: [400, 'silence'],
    write: (origin) =>
      write(origin, {
        set: { 'call-id': null, from: null, to: null, contact: null },
        lines: [SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'unkscm',
    odd: 'a Request-URI of a scheme nobody knows',
    fit: [416, 404],
    instead: {
      replies: ['silence'],
      why: 'the parser knows no such URI and drops the request; nobody who calls us has one',
    },
    write: (origin) => options(origin, { uri: 'nobodyKnowsThisScheme:totallyopaquecontent' }),
  },
  {
    name: 'novelsc',
    odd: 'a Request-URI of a real scheme that is not SIP',
    fit: [416, 404],
    instead: {
      replies: ['silence'],
      why: 'the parser knows no such URI and drops the request; nobody who calls us has one',
    },
    write: (origin) => options(origin, { uri: 'soap.beep://127.0.0.1:3002' }),
  },
  {
    name: 'unksm2',
    odd: 'unknown schemes in To, From and Contact',
    fit: [400, 401, 403, 404, 416],
    write: (origin) =>
      register(origin, {
        set: {
          to: '<isbn:2983792873>',
          from: `<http://www.example.com>;tag=${token()}`,
          contact: '<name:John_Smith>',
        },
      }),
  },
  {
    name: 'bext01',
    odd: 'required extensions nobody has',
    fit: [420, 404],
    instead: {
      replies: [200],
      why: 'OPTIONS is answered without a look at Require; an INVITE with it is refused (420)',
    },
    write: (origin) =>
      options(origin, {
        lines: [
          'Require: nothingSupportsThis, nothingSupportsThisEither',
          'Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis',
        ],
      }),
  },
  {
    name: 'invut',
    odd: 'an INVITE whose body is of an unknown type',
    fit: [415],
    write: (origin) =>
      write(origin, {
        lines: ['Content-Type: application/unknownformat'],
        body: '<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n',
      }),
  },
  {
    name: 'regaut01',
    odd: 'credentials of a scheme nobody knows',
    fit: [401, 403, 404],
    instead: {
      replies: ['silence'],
      why: 'the parser wants pairs of name and value behind any scheme and drops the request; a telephone that speaks no digest could not sign in anyway',
    },
    write: (origin) => register(origin, { lines: ['Authorization: NoOneKnowsThisScheme opaque-data=here'] }),
  },
  {
    name: 'multi01',
    odd: 'two values where one may stand: CSeq, Call-ID, To, From, Max-Forwards',
    fit: [400, 'silence'],
    instead: { replies: [200], why: 'the first value of each counts, for identification and dialog alike' },
    write: (origin) =>
      write(origin, {
        lines: [
          ...['CSeq: 59 INVITE', `Call-ID: multi01.${token()}`, 'Max-Forwards: 5'],
          ...['To: <sip:other@127.0.0.1>', `From: <sip:other@127.0.0.1>;tag=${token()}`, SDP_TYPE],
        ],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'mcl01',
    odd: 'two Content-Lengths that differ',
    fit: [400, 'silence'],
    instead: {
      replies: [200, 404],
      why: 'the last length counts; the end of a datagram is beyond doubt, and OPTIONS has no use for a body',
    },
    write: (origin) => options(origin, { lines: ['Content-Length: 13'], body: 'There are no bodies here' }),
  },
  {
    name: 'bcast',
    odd: 'a response whose way back is the broadcast address',
    fit: ['silence'],
    write: (origin) =>
      write(origin, {
        first: 'SIP/2.0 200 OK',
        set: {
          via: 'SIP/2.0/UDP 127.0.0.77;branch=z9hG4bK1324923',
          to: `<sip:137@127.0.0.1>;tag=${token()}`,
        },
        lines: ['Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23', SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'zeromf',
    odd: 'Max-Forwards is used up',
    fit: [200, 404, 483],
    write: (origin) => options(origin, { set: { 'max-forwards': '0' } }),
  },
  {
    name: 'cparam01',
    odd: 'a parameter nobody knows behind the Contact',
    fit: [200, 401, 403, 404],
    write: (origin) =>
      register(origin, { set: { contact: `sip:+19725552222@${origin.host}:${origin.port};unknownparam` } }),
  },
  {
    name: 'cparam02',
    odd: 'a parameter nobody knows within the Contact',
    fit: [200, 401, 403, 404],
    write: (origin) =>
      register(origin, { set: { contact: `<sip:+19725552222@${origin.host}:${origin.port};unknownparam>` } }),
  },
  {
    name: 'regescrt',
    odd: 'a Route escaped into the Contact',
    fit: [200, 400, 401, 403, 404],
    write: (origin) =>
      register(origin, {
        set: { contact: `<sip:user@${origin.host}:${origin.port}?Route=%3Csip:127.0.0.1%3E>` },
      }),
  },
  {
    name: 'sdp01',
    odd: 'only an answer of an unknown type would be taken',
    fit: [406, 415],
    instead: {
      replies: [200],
      why: 'Accept is not looked at: a caller that takes no SDP hears nothing and hangs up',
    },
    write: (origin) =>
      write(origin, { lines: ['Accept: text/nobodyKnowsThis', SDP_TYPE], body: sdp(origin.host) }),
  },
  {
    name: 'inv2543',
    odd: 'an INVITE of 1999: no branch, no Max-Forwards, no Contact',
    fit: [200, 400, 481],
    write: (origin) =>
      write(origin, {
        set: {
          via: `SIP/2.0/${origin.transport} ${origin.host}:${origin.port}`,
          'max-forwards': null,
          contact: null,
          from: 'sip:caller@127.0.0.1',
          to: '<sip:137@127.0.0.1>',
        },
        lines: [`Record-Route: <sip:${origin.host}:${origin.port}>`, SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
];
