import { token } from '../../../src/stack/phone/sip.mjs';
import { sdp, SDP_TYPE, via, write, type Spec } from './message.ts';
import type { Torture } from './torture.ts';

/** An INVITE with an offer, right but for what is given. */
const invite =
  (spec: Spec): Torture['write'] =>
  (origin) =>
    write(origin, { ...spec, lines: [...(spec.lines ?? []), SDP_TYPE], body: sdp(origin.host) });

/** RFC 4475 sections 3.1.2 and 3.2: every one of them breaks the grammar, the last one the transaction. */
export const invalidMessages: readonly Torture[] = [
  {
    name: 'badinv01',
    odd: 'separators with nothing between them',
    fit: [400, 'silence'],
    write: (origin) =>
      invite({
        set: {
          to: '<sip:137@127.0.0.1>',
          via: `${via(origin)};;,;,,`,
          contact: `"Joe" <sip:joe@${origin.host}>;;;;`,
        },
      })(origin),
  },
  {
    name: 'clerr',
    odd: 'Content-Length larger than what came',
    fit: [400, 'silence'],
    instead: {
      replies: [200],
      why: 'a datagram ends where it ends, and what is missing is missing from the offer at most',
    },
    write: invite({ set: { 'content-length': '9999' } }),
  },
  {
    name: 'ncl',
    odd: 'a negative Content-Length',
    fit: [400, 'silence'],
    write: invite({ set: { 'content-length': '-999' } }),
  },
  {
    name: 'scalar02',
    odd: 'numbers beyond what their fields hold',
    fit: [400, 'silence'],
    write: (origin) =>
      write(origin, {
        method: 'REGISTER',
        uri: 'sip:127.0.0.1',
        set: {
          to: '<sip:user@127.0.0.1>',
          from: `<sip:user@127.0.0.1>;tag=${token()}`,
          cseq: '36893488147419103232 REGISTER',
          'max-forwards': '300',
          contact: `<sip:user@${origin.host}:${origin.port}>;expires=280297596632815`,
        },
        lines: ['Expires: 10000000000000000000000000000000000000000000000000000000000000000'],
      }),
  },
  {
    name: 'scalarlg',
    odd: 'numbers beyond what their fields hold, in a response',
    fit: ['silence'],
    write: (origin) =>
      write(origin, {
        first: 'SIP/2.0 503 Service Unavailable',
        set: { cseq: '9292394834772304023312 OPTIONS', 'max-forwards': null, contact: null },
        lines: ['Retry-After: 949302838503028349304023988', 'Warning: 1812 overture "In Progress"'],
      }),
  },
  {
    name: 'quotbal',
    odd: 'a quote that is never closed',
    fit: [400, 'silence'],
    write: invite({ set: { to: '"Mr. J. User <sip:137@127.0.0.1>' } }),
  },
  {
    name: 'ltgtruri',
    odd: 'the Request-URI in angle brackets',
    fit: [400, 'silence'],
    write: invite({ uri: '<sip:137@127.0.0.1>' }),
  },
  {
    name: 'lwsruri',
    odd: 'a space within the Request-URI',
    fit: [400, 'silence'],
    write: invite({ uri: 'sip:137@127.0.0.1; lr' }),
  },
  {
    name: 'lwsstart',
    odd: 'two spaces between the parts of the first line',
    fit: [400, 'silence'],
    instead: { replies: [200], why: 'more spaces than one are taken as one: the meaning is beyond doubt' },
    write: invite({ first: 'INVITE  sip:137@127.0.0.1  SIP/2.0' }),
  },
  {
    name: 'trws',
    odd: 'spaces behind the first line',
    fit: [400, 'silence'],
    instead: {
      replies: [200, 404],
      why: 'spaces at the end of a line are passed over: the meaning is beyond doubt',
    },
    write: (origin) =>
      write(origin, { first: 'OPTIONS sip:137@127.0.0.1 SIP/2.0  ', set: { cseq: '1 OPTIONS' } }),
  },
  {
    name: 'escruri',
    odd: 'headers escaped into the Request-URI',
    fit: [400, 'silence'],
    instead: {
      replies: [200],
      why: 'headers in a Request-URI are read and never looked at again, so that the Route in it leads nowhere',
    },
    write: invite({ uri: 'sip:137@127.0.0.1?Route=%3Csip:127.0.0.1%3E' }),
  },
  {
    name: 'baddate',
    odd: 'a Date in another zone than GMT',
    fit: [200, 400],
    write: invite({ lines: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] }),
  },
  {
    name: 'regbadct',
    odd: 'a Contact whose URI has headers and no angle brackets',
    fit: [400, 401, 403, 'silence'],
    write: (origin) =>
      write(origin, {
        method: 'REGISTER',
        uri: 'sip:127.0.0.1',
        set: {
          to: '<sip:user@127.0.0.1>',
          from: `<sip:user@127.0.0.1>;tag=${token()}`,
          contact: `sip:user@${origin.host}:${origin.port}?Route=%3Csip:127.0.0.1%3E`,
        },
      }),
  },
  {
    name: 'badaspec',
    odd: 'spaces within an address',
    fit: [200, 400, 404, 'silence'],
    write: (origin) => write(origin, { method: 'OPTIONS', set: { to: '"Watson" < sip:137@127.0.0.1 >' } }),
  },
  {
    name: 'baddn',
    odd: 'a comma in a display name without quotes',
    fit: [200, 400, 404, 'silence'],
    write: (origin) =>
      write(origin, {
        method: 'OPTIONS',
        set: { from: `Bell, Alexander <sip:a.g.bell@127.0.0.1>;tag=${token()}` },
      }),
  },
  {
    name: 'badvers',
    odd: 'version 7.0 of the protocol',
    fit: [505, 'silence'],
    write: (origin) =>
      write(origin, {
        first: 'OPTIONS sip:137@127.0.0.1 SIP/7.0',
        set: { cseq: '1 OPTIONS', via: via(origin).replace('SIP/2.0', 'SIP/7.0') },
      }),
  },
  {
    name: 'mismatch01',
    odd: 'the method of the first line is not the one of CSeq',
    fit: [400, 'silence'],
    write: (origin) => write(origin, { method: 'OPTIONS', set: { cseq: '8 INVITE' } }),
  },
  {
    name: 'mismatch02',
    odd: 'an unknown method with the CSeq of an INVITE',
    fit: [400, 501, 405, 'silence'],
    write: (origin) =>
      write(origin, {
        method: 'NEWMETHOD',
        set: { cseq: '8 INVITE' },
        lines: [SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'bigcode',
    odd: 'a status that is no status, 5 when cut to 32 bits',
    fit: ['silence'],
    write: (origin) =>
      write(origin, { first: 'SIP/2.0 4294967301 better not break the receiver', set: { contact: null } }),
  },
  {
    name: 'badbranch',
    odd: 'a branch that is the magic cookie alone',
    fit: [200, 400, 404],
    write: (origin) =>
      write(origin, { method: 'OPTIONS', set: { via: via(origin, 'z9hG4bK'), 'max-forwards': '3' } }),
  },
];
