import { token } from '../../../src/stack/phone/sip.mjs';
import { sdp, SDP_TYPE, via, write } from './message.ts';
import type { Torture } from './torture.ts';

/** RFC 4475 section 3.1.1: unusual, yet every one of them right. */
export const validMessages: readonly Torture[] = [
  {
    name: 'wsinv',
    odd: 'white space and folded lines wherever they may stand, compact names, leading zeros, unknown headers',
    fit: [200],
    write: (origin) =>
      write(origin, {
        uri: 'sip:137@127.0.0.1;unknownparam',
        set: {
          via: `SIP  /   2.0\r\n /${origin.transport}\r\n    ${origin.host}:${origin.port};rport;branch=z9hG4bK${token()}`,
          'max-forwards': '0068',
          from: `"J \\\\\\"" \t    <sip:09120000002@${origin.host}>\r\n  ;\r\n  tag = ${token()}`,
          to: null,
          cseq: '0009\r\n  INVITE',
          contact: null,
        },
        lines: [
          'TO :\r\n sip:137@127.0.0.1',
          's :',
          'NewFangledHeader:   one value\r\n and its continuation',
          'UnknownHeaderWithUnusualValue: ;;,,;;,;',
          `v:  SIP  / 2.0  / TCP     spindle.invalid   ;\r\n  branch  =   z9hG4bK${token()}  ,\r\n SIP  /    2.0   / UDP  127.0.0.77   ; branch=\r\n z9hG4bK${token()}`,
          `m:"Quoted \\"\\"" <sip:hostile@${origin.host}:${origin.port}> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33`,
          SDP_TYPE,
        ],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'intmeth',
    odd: 'every character a method, a user, a tag, a branch and a Call-ID may have',
    fit: [405, 501, 404],
    write: (origin) => {
      const method = "!interesting-Method0123456789_*+`.%indeed'~";
      const user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
      return write(origin, {
        method,
        uri: `sip:${user}:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@127.0.0.1`,
        set: {
          via: via(origin, `z9hG4bK-.!%66*_+\`'~${token()}`),
          'max-forwards': '255',
          to: `"BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:${user}@127.0.0.1>`,
          from: `token1~\` token2'+_ token3*%!.- <sip:mundane@127.0.0.1>;fromParam''~+*_!.-%="работающий";tag=_token~1'+\`*%!-.${token()}`,
          'call-id': `intmeth.word%ZK-!.*_+'@word\`~)(><:\\/"][?}{${token()}`,
          cseq: `139122385 ${method}`,
        },
        lines: ["extensionHeader-!.%*+_`'~:\ufeff大停電"],
      });
    },
  },
  {
    name: 'esc01',
    odd: 'escaped characters in users and parameters, another URI escaped in the user',
    fit: [404, 484],
    write: (origin) =>
      write(origin, {
        uri: 'sip:sips%3Auser%40127.0.0.1@127.0.0.1',
        set: {
          to: '<sip:%75se%72@127.0.0.1>',
          from: `<sip:I%20have%20spaces@127.0.0.1>;tag=${token()}`,
          contact: `<sip:cal%6Cer@${origin.host}:${origin.port};%6C%72;n%61me=v%61lue%25%34%31>`,
        },
        lines: [SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'escnull',
    odd: 'escaped NUL in the users of a REGISTER',
    fit: [401, 403, 404],
    write: (origin) =>
      write(origin, {
        method: 'REGISTER',
        uri: 'sip:127.0.0.1',
        set: {
          to: '<sip:null-%00-null@127.0.0.1>',
          from: `<sip:null-%00-null@127.0.0.1>;tag=${token()}`,
          contact: `<sip:%00@${origin.host}:${origin.port}>`,
        },
        lines: [`Contact: <sip:%00%00@${origin.host}:${origin.port}>`],
      }),
  },
  {
    name: 'esc02',
    odd: 'a per cent sign where it escapes nothing: the method only looks like REGISTER',
    fit: [405, 501, 404],
    write: (origin) =>
      write(origin, {
        method: 'RE%47IST%45R',
        uri: 'sip:registrar@127.0.0.1',
        set: {
          to: '"%Z%45" <sip:resource@127.0.0.1>',
          from: `"%Z%45" <sip:resource@127.0.0.1>;tag=f232jadfj23${token()}`,
          'call-id': `esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf${token()}`,
        },
        lines: [`Contact: <sip:alias1@${origin.host}>`, `Contact: <sip:alias2@${origin.host}>`],
      }),
  },
  {
    name: 'lwsdisp',
    odd: 'no space between a display name and its angle bracket',
    fit: [200, 404],
    write: (origin) =>
      write(origin, { method: 'OPTIONS', set: { from: `caller<sip:caller@127.0.0.1>;tag=${token()}` } }),
  },
  {
    name: 'longreq',
    odd: 'long values everywhere, 34 Vias among them',
    fit: [200, 404, 414, 513],
    write: (origin) => {
      const long = (what: string, times: number) => what.repeat(times);
      const more = Array.from(
        { length: 33 },
        (_, i) => `Via: SIP/2.0/UDP sip${i}.invalid:5060;branch=z9hG4bK${token()}`,
      );
      return write(origin, {
        set: {
          to: `"I have a user name of ${long('extreme', 10)} proportion"<sip:137@127.0.0.1:6000;unknownparam1=very${long('long', 20)}value;longparam${long('name', 25)}=shortvalue;very${long('long', 25)}ParameterNameWithNoValue>`,
          from: `sip:${long('amazinglylongcallername', 5)}@127.0.0.1;tag=12${long('982', 50)}424${token()};unknownheaderparam${long('name', 20)}=unknowheaderparam${long('value', 15)};unknownValueless${long('paramname', 10)}`,
          'call-id': `longreq.one${long('really', 20)}longcallid${token()}`,
          contact: `<sip:${long('amazinglylongcallername', 5)}@${origin.host}:${origin.port}>`,
        },
        lines: [
          `Unknown-${long('Long', 20)}-Name: unknown-${long('long', 20)}-value; unknown-${long('long', 20)}-parameter-name = unknown-${long('long', 20)}-parameter-value`,
          ...more,
          SDP_TYPE,
        ],
        body: sdp(origin.host),
      });
    },
  },
  {
    name: 'dblreq',
    odd: 'a second request behind the end of the first, in the same datagram',
    fit: [401, 403, 404, 200],
    write: (origin) => {
      const register = write(origin, {
        method: 'REGISTER',
        uri: 'sip:127.0.0.1',
        set: { to: '<sip:j.user@127.0.0.1>', from: `<sip:j.user@127.0.0.1>;tag=${token()}` },
      });
      const invite = write(origin, {
        uri: 'sip:joe@127.0.0.1',
        lines: [SDP_TYPE],
        body: sdp(origin.host),
      });
      return Buffer.concat([register, invite]);
    },
  },
  {
    name: 'semiuri',
    odd: 'a semicolon in the user that begins no parameter',
    fit: [200, 404, 484],
    write: (origin) =>
      write(origin, {
        method: 'OPTIONS',
        uri: 'sip:user;par=u%40127.0.0.1@127.0.0.1',
        set: { to: '<sip:j_user@127.0.0.1>', from: `<sip:caller@127.0.0.1>;tag=${token()}` },
        lines: [
          'Accept: application/sdp, application/pkcs7-mime,\r\n        multipart/mixed, multipart/signed',
        ],
      }),
  },
  {
    name: 'transports',
    odd: 'Vias of transports nobody here speaks',
    fit: [200, 404],
    write: (origin) =>
      write(origin, {
        method: 'OPTIONS',
        set: { from: `<sip:caller@127.0.0.1>;tag=${token()}` },
        lines: ['SCTP', 'TLS', 'UNKNOWN', 'TCP'].map(
          (kind, i) => `Via: SIP/2.0/${kind} t${i}.invalid;branch=z9hG4bK${token()}`,
        ),
      }),
  },
  {
    name: 'mpart01',
    odd: 'a MESSAGE in several parts, one of them binary with NULs',
    fit: [405, 501, 415, 404, 202],
    write: (origin) => {
      const binary = String.fromCharCode(...Array.from({ length: 96 }, (_, i) => (i * 37) % 128));
      const body = [
        ...['--7a9cbec02ceef655', 'Content-Type: text/plain', 'Content-Transfer-Encoding: binary', ''],
        ...['Hello', '--7a9cbec02ceef655', 'Content-Type: application/octet-stream', '', binary],
        ...['--7a9cbec02ceef655--', ''],
      ].join('\r\n');
      return write(origin, {
        method: 'MESSAGE',
        set: { contact: null },
        lines: ['Content-Type: multipart/mixed;boundary=7a9cbec02ceef655'],
        body,
      });
    },
  },
  {
    name: 'unreason',
    odd: 'a response whose reason is written in another alphabet and in arithmetic',
    fit: ['silence'],
    write: (origin) =>
      write(origin, {
        first: 'SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое',
        set: { to: `<sip:137@127.0.0.1>;tag=${token()}` },
        lines: [SDP_TYPE],
        body: sdp(origin.host),
      }),
  },
  {
    name: 'noreason',
    odd: 'a response without a reason',
    fit: ['silence'],
    write: (origin) => write(origin, { first: 'SIP/2.0 100 ', set: { contact: null } }),
  },
];
