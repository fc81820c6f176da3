/**
 * Session descriptions (RFC 4566, offer and answer by RFC 3264) for one stream of narrow-band voice with digits.
 *
 * @typedef {'PCMA' | 'PCMU'} Codec
 * @typedef {'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'} Direction
 * @typedef {{ host: string, port: number, codecs: Codec[], dtmfPayloadType: number | null, direction: Direction }} Media
 */

/** Static payload types (RFC 3551). */
export const PAYLOAD_TYPES = Object.freeze({ PCMU: 0, PCMA: 8 });

/** What the other side may do, seen from ours. */
const MIRROR = /** @type {Record<Direction, Direction>} */ ({
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
});

/**
 * @param {Media & { sessionId: number, version: number }} media
 * @returns {string}
 */
export function writeSdp({ host, port, codecs, dtmfPayloadType, direction, sessionId, version }) {
  const types = [
    ...codecs.map((codec) => PAYLOAD_TYPES[codec]),
    ...(dtmfPayloadType === null ? [] : [dtmfPayloadType]),
  ];
  return [
    'v=0',
    `o=- ${sessionId} ${version} IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${types.join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${PAYLOAD_TYPES[codec]} ${codec}/8000`),
    ...(dtmfPayloadType === null
      ? []
      : [`a=rtpmap:${dtmfPayloadType} telephone-event/8000`, `a=fmtp:${dtmfPayloadType} 0-16`]),
    'a=ptime:20',
    `a=${direction}`,
    '',
  ].join('\r\n');
}

/**
 * The first audio stream of a description; null where there is none we could speak.
 * @param {string} body
 * @returns {Media | null}
 */
export function readSdp(body) {
  const lines = body.split(/\r?\n/);
  const starts = lines.findIndex((line) => line.startsWith('m=audio '));
  if (starts < 0) return null;
  const next = lines.findIndex((line, index) => index > starts && line.startsWith('m='));
  const section = lines.slice(starts, next < 0 ? undefined : next);
  const session = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('m=')),
  );
  const [, port = '0', , ...types] = (section[0] ?? '').trim().split(/\s+/);
  const connection = [...section, ...session].find((line) => line.startsWith('c=')) ?? '';
  const dtmf = section
    .map((line) => /^a=rtpmap:([0-9]+) telephone-event\/8000/i.exec(line))
    .find((found) => found !== null);
  const direction = [...section, ...session].find((line) =>
    /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line),
  );
  return {
    host: connection.trim().split(/\s+/)[2] ?? '',
    port: Number(port) < 65_536 ? Number(port) : 0,
    codecs: types.map((type) => codecOf(Number(type))).filter((codec) => codec !== null),
    dtmfPayloadType: dtmf ? Number(dtmf[1]) : null,
    direction: /** @type {Direction} */ (direction?.slice(2) ?? 'sendrecv'),
  };
}

/**
 * @param {number} payloadType
 * @returns {Codec | null}
 */
export function codecOf(payloadType) {
  if (payloadType === PAYLOAD_TYPES.PCMA) return 'PCMA';
  return payloadType === PAYLOAD_TYPES.PCMU ? 'PCMU' : null;
}

/**
 * What we say to an offer: its codecs in its order as far as we have them, its digits' payload type, its direction
 * mirrored. null: no codec in common (488).
 * @param {Media} offer
 * @param {readonly Codec[]} ours
 * @returns {Pick<Media, 'codecs' | 'dtmfPayloadType' | 'direction'> | null}
 */
export function answerTo(offer, ours) {
  const codecs = offer.codecs.filter((codec) => ours.includes(codec));
  if (codecs.length === 0) return null;
  return { codecs, dtmfPayloadType: offer.dtmfPayloadType, direction: MIRROR[offer.direction] };
}
