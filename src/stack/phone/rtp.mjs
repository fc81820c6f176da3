/**
 * One call's sound: RTP (RFC 3550) with G.711 in frames of 20 ms, digits as RFC 4733 events, everything received kept.
 *
 * @typedef {'PCMA' | 'PCMU'} Codec
 * @typedef {{ host: string, port: number, codec: Codec, dtmfPayloadType: number | null, sending: boolean }} Remote
 *   dtmfPayloadType: what the other side wants digits under.
 * @typedef {{ digit: string, at: number }} ReceivedDigit at: milliseconds since the epoch
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { deferred } from './deferred.mjs';
import { encode } from './g711.mjs';
import { everyFrame } from './metronome.mjs';
import { createRecorder } from './recorder.mjs';
import { codecOf, PAYLOAD_TYPES } from './sdp.mjs';

/** Samples of 20 ms at 8 kHz. */
const FRAME = 160;
const EVENTS = '0123456789*#ABCD';
/** How often the end of a digit is told (RFC 4733 section 2.5.1.4): one lost packet must not make a digit endless. */
const END_PACKETS = 3;
const VOLUME = 10;

/**
 * Binds a port of its own and listens at once; sends only after `connect`.
 * @param {{ host: string, dtmfPayloadType: number | null, onDigit?: (digit: ReceivedDigit) => void }} options
 *   dtmfPayloadType: under which we take digits.
 */
export async function createRtp({ host, dtmfPayloadType, onDigit = () => {} }) {
  const stream = {
    socket: await bind(host),
    host,
    remote: /** @type {Remote | null} */ (null),
    sequence: randomBytes(2).readUInt16BE(),
    timestamp: randomBytes(4).readUInt32BE(),
    ssrc: randomBytes(4).readUInt32BE(),
    queue: [],
    recorder: createRecorder(),
    dtmfPayloadType,
    lastDigit: -1,
    onDigit,
    closed: false,
    stop: () => {},
  };
  listen(stream);
  return faceOf(stream);
}

async function bind(host) {
  const socket = createSocket('udp4');
  await new Promise((bound, failed) => {
    socket.once('error', failed);
    socket.bind(0, host, () => bound(undefined));
  });
  return socket;
}

function listen(stream) {
  // Nobody at the other port yet, or no longer: sound is lost, the call goes on.
  stream.socket.on('error', () => stream.recorder.noteError());
  stream.socket.on('message', (packet, from) => receive(stream, packet, from));
}

async function move(stream) {
  const fresh = await bind(stream.host);
  const old = stream.socket;
  stream.socket = fresh;
  listen(stream);
  old.close();
  if (stream.closed) fresh.close();
}

function faceOf(stream) {
  return {
    /** Ours. @returns {number} */
    get port() {
      return stream.closed ? 0 : stream.socket.address().port;
    },
    /** To another port of ours, as a telephone does that has changed its network. */
    move: () => move(stream),
    /**
     * Where and how to send from now on; also after a re-INVITE. Sound not yet played goes on there.
     * @param {Remote} remote
     */
    connect(remote) {
      if (stream.closed) return;
      stream.remote = remote;
      stream.stop();
      stream.stop = everyFrame(() => sendFrame(stream));
    },
    /**
     * @param {string} digits 0-9 * # A-D
     * @param {{ durationMs?: number, gapMs?: number }} [pace]
     * @returns {Promise<boolean>} true when the last one is out, false when the stream ended before
     */
    sendDigits: (digits, pace) => queueDigits(stream, digits, pace),
    /**
     * @param {Int16Array} pcm 8 kHz
     * @returns {Promise<boolean>} as above
     */
    playPcm: (pcm) => enqueue(stream, [{ kind: 'sound', octets: pcm, at: 0 }]),
    /** Forgets what is not yet played; the promises of it resolve to false. */
    silence: () => emptyQueue(stream),
    /** @returns {import('./recorder.mjs').Recording} */
    recording: () => stream.recorder.recording(),
    close() {
      if (stream.closed) return;
      stream.closed = true;
      stream.stop();
      emptyQueue(stream);
      stream.socket.close();
    },
  };
}

// ---------------------------------------------------------------- out

function queueDigits(stream, digits, { durationMs = 100, gapMs = 80 } = {}) {
  const items = [...digits].flatMap((digit) => {
    const event = EVENTS.indexOf(digit.toUpperCase());
    if (event < 0) throw Object.assign(new Error(`not a digit: ${digit}`), { code: 'digit-unknown' });
    const frames = Math.max(1, Math.round(durationMs / 20));
    return [
      { kind: 'digit', event, frames, sent: 0 },
      { kind: 'gap', frames: Math.max(1, Math.round(gapMs / 20)), sent: 0 },
    ];
  });
  return enqueue(stream, items);
}

function enqueue(stream, items) {
  const done = deferred();
  if (stream.closed || items.length === 0) done.resolve(!stream.closed);
  items.forEach((item, index) =>
    stream.queue.push({ ...item, done: index === items.length - 1 ? done : null }),
  );
  if (stream.closed) emptyQueue(stream);
  return done.promise;
}

function emptyQueue(stream) {
  for (const item of stream.queue.splice(0)) item.done?.resolve(false);
}

/** Once in 20 ms: the head of the queue gives the packet, silence without one. */
function sendFrame(stream) {
  const item = stream.remote.sending ? stream.queue[0] : undefined;
  if (item?.kind === 'digit') sendDigitFrame(stream, item);
  else if (stream.remote.sending) sendSound(stream, item);
  stream.timestamp = (stream.timestamp + FRAME) >>> 0;
}

function finish(stream, item) {
  stream.queue.shift();
  item.done?.resolve(true);
}

function sendSound(stream, item) {
  let frame = new Int16Array(FRAME);
  if (item?.kind === 'sound') {
    frame.set(item.octets.subarray(item.at, item.at + FRAME));
    item.at += FRAME;
    if (item.at >= item.octets.length) finish(stream, item);
  } else if (item !== undefined) {
    item.sent += 1;
    if (item.sent >= item.frames) finish(stream, item);
  }
  const { codec } = stream.remote;
  send(stream, PAYLOAD_TYPES[codec], false, stream.timestamp, encode(codec, frame));
}

/** All packets of a digit carry its beginning as their time; the length so far grows. */
function sendDigitFrame(stream, item) {
  if (stream.remote.dtmfPayloadType === null) {
    finish(stream, item);
    return;
  }
  item.started ??= stream.timestamp;
  item.sent += 1;
  const ended = item.sent > item.frames;
  const duration = Math.min(item.sent, item.frames) * FRAME;
  const payload = Buffer.from([item.event, (ended ? 0x80 : 0) | VOLUME, duration >> 8, duration & 0xff]);
  send(stream, stream.remote.dtmfPayloadType, item.sent === 1, item.started, payload);
  if (item.sent >= item.frames + END_PACKETS) finish(stream, item);
}

function send(stream, payloadType, marker, timestamp, payload) {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = (marker ? 0x80 : 0) | payloadType;
  head.writeUInt16BE(stream.sequence, 2);
  head.writeUInt32BE(timestamp, 4);
  head.writeUInt32BE(stream.ssrc, 8);
  stream.sequence = (stream.sequence + 1) & 0xffff;
  stream.socket.send(Buffer.concat([head, payload]), stream.remote.port, stream.remote.host);
}

// ---------------------------------------------------------------- in

function receive(stream, packet, from) {
  // A port may have belonged to another call a moment ago: only the described party counts.
  const { remote } = stream;
  if (remote !== null && (remote.port !== from.port || remote.host !== from.address)) return;
  if (packet.length < 12 || packet[0] >> 6 !== 2) return;
  const payloadType = packet[1] & 0x7f;
  const extension = packet[0] & 0x10;
  let starts = 12 + 4 * (packet[0] & 0x0f);
  if (extension)
    starts += packet.length >= starts + 4 ? 4 + 4 * packet.readUInt16BE(starts + 2) : packet.length;
  const padding = packet[0] & 0x20 ? (packet.at(-1) ?? 0) : 0;
  const payload = packet.subarray(starts, packet.length - padding);
  const codec = codecOf(payloadType);
  const timestamp = packet.readUInt32BE(4);
  if (codec !== null) {
    stream.recorder.take({
      codec,
      payload,
      timestamp,
      sequence: packet.readUInt16BE(2),
      ssrc: packet.readUInt32BE(8),
    });
  } else if (payloadType === stream.dtmfPayloadType && payload.length >= 4) {
    // A digit is told in many packets, all with its beginning's time.
    if (timestamp === stream.lastDigit) return;
    stream.lastDigit = timestamp;
    const digit = EVENTS[payload[0]];
    if (digit !== undefined) stream.onDigit({ digit, at: Date.now() });
  }
}
