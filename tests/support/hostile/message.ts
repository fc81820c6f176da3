import { token } from '../../../src/stack/phone/sip.mjs';

/** SIP written by hand: what a well-behaved library would refuse to send. */

/** Where a message comes from; every address in it is on loopback, so that nothing it provokes leaves the machine. */
export interface Origin {
  host: string;
  port: number;
  transport: 'UDP' | 'TCP';
  /** More header lines, right behind the first line: the trunk's secret. */
  headers?: readonly string[];
}

export interface Spec {
  /** The whole first line; default: method and uri. */
  first?: string;
  method?: string;
  uri?: string;
  /** By lower-case name; null leaves a line out that would otherwise stand. The value is put behind `Name: `. */
  set?: Record<string, string | null>;
  /** Whole lines more, in this order, behind the others. */
  lines?: readonly string[];
  body?: string;
}

const NAMES = ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Contact'] as const;

/** Writes a request (or, with a first line of one, a response). What is not set is right. */
export function write(origin: Origin, spec: Spec): Buffer {
  const { method = 'INVITE', uri = 'sip:137@127.0.0.1', set = {}, lines = [], body = '' } = spec;
  const defaults: Record<string, string> = {
    via: via(origin),
    'max-forwards': '70',
    from: `<sip:09120000001@${origin.host}>;tag=${token()}`,
    to: '<sip:137@127.0.0.1>',
    'call-id': token(),
    cseq: `1 ${method}`,
    contact: `<sip:hostile@${origin.host}:${origin.port};transport=${origin.transport.toLowerCase()}>`,
  };
  const standing = NAMES.flatMap((name) => {
    const value = name.toLowerCase() in set ? set[name.toLowerCase()] : defaults[name.toLowerCase()];
    return value === null ? [] : [`${name}: ${value}`];
  });
  const length = 'content-length' in set ? set['content-length'] : String(Buffer.byteLength(body));
  const all = [
    spec.first ?? `${method} ${uri} SIP/2.0`,
    ...(origin.headers ?? []),
    ...standing,
    ...lines,
    ...(length === null ? [] : [`Content-Length: ${length}`]),
  ];
  return Buffer.from(`${all.join('\r\n')}\r\n\r\n${body}`, 'utf8');
}

export const via = ({ host, port, transport }: Origin, branch = `z9hG4bK${token()}`): string =>
  `SIP/2.0/${transport} ${host}:${port};rport;branch=${branch}`;

/** An offer of A-law, nothing odd about it. */
export function sdp(
  host: string,
  { connection = host, port = 9 }: { connection?: string; port?: number } = {},
) {
  return [
    ...['v=0', `o=hostile 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${connection}`, 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 8 101`, 'a=rtpmap:101 telephone-event/8000', ''],
  ].join('\r\n');
}

export const SDP_TYPE = 'Content-Type: application/sdp';
