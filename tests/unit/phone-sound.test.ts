import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/stack/phone/g711.mjs';
import { createRecorder } from '../../src/stack/phone/recorder.mjs';
import { createRtp } from '../../src/stack/phone/rtp.mjs';
import { findTone, tone } from '../../src/stack/phone/tone.mjs';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function stream(dtmfPayloadType: number | null = 101) {
  const digits: string[] = [];
  const rtp = await createRtp({
    host: '127.0.0.1',
    dtmfPayloadType,
    onDigit: ({ digit }) => digits.push(digit),
  });
  opened.push(rtp);
  return { rtp, digits };
}

const to = (port: number, dtmfPayloadType: number | null = 101, codec: 'PCMA' | 'PCMU' = 'PCMA') =>
  ({ host: '127.0.0.1', port, codec, dtmfPayloadType, sending: true }) as const;

describe('G.711', () => {
  // From ITU-T G.711, tables 1a and 2a: decoder values at the ends of the segments, and the code of silence.
  it.each([
    ['PCMA', 0xd5, 8],
    ['PCMA', 0x55, -8],
    ['PCMA', 0xaa, 32_256],
    ['PCMA', 0x2a, -32_256],
    ['PCMU', 0xff, 0],
    ['PCMU', 0x80, 32_124],
    ['PCMU', 0x00, -32_124],
    ['PCMU', 0xf0, 120],
  ] as const)('%s: code %i is %i', (codec, code, value) => {
    expect(decode(codec, Uint8Array.of(code))[0]).toBe(value);
  });

  it.each(['PCMA', 'PCMU'] as const)('%s: every code comes back as itself', (codec) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const back = encode(codec, decode(codec, codes));
    const differing = [...codes].filter((code) => back[code] !== code);
    // µ-law knows two zeros, which are the same sound.
    expect(differing).toEqual(codec === 'PCMU' ? [0x7f] : []);
  });

  it.each(['PCMA', 'PCMU'] as const)(
    '%s: the error stays below a sixteenth of the sample, or a step',
    (codec) => {
      const samples = Int16Array.from({ length: 65_536 }, (_, at) => at - 32_768);
      const back = decode(codec, encode(codec, samples));
      const worst = samples.reduce(
        (most, sample, at) => Math.max(most, Math.abs(sample - back[at]!) / (Math.abs(sample) + 256)),
        0,
      );
      expect(worst).toBeLessThan(1 / 16);
    },
  );
});

describe('tones', () => {
  it('are found where they are, and only they', () => {
    const pcm = new Int16Array(24_000);
    pcm.set(tone(1_150, 1), 8_000);
    const found = findTone(pcm, 1_150);
    expect(found.atSeconds).toBeCloseTo(1, 1);
    expect(found.seconds).toBeGreaterThan(0.9);
    expect(found.seconds).toBeLessThan(1.1);
    expect(findTone(pcm, 440)).toEqual({ atSeconds: null, seconds: 0 });
    expect(findTone(new Int16Array(8_000), 1_150).atSeconds).toBeNull();
  });

  it('survive the telephone and are not found in noise', () => {
    const line = decode('PCMA', encode('PCMA', tone(1_150, 0.5)));
    expect(findTone(line, 1_150).seconds).toBeGreaterThan(0.4);
    let seed = 1;
    const noise = Int16Array.from(
      { length: 16_000 },
      () => ((seed = (seed * 48_271) % 2_147_483_647) % 8_000) - 4_000,
    );
    expect(findTone(noise, 1_150).atSeconds).toBeNull();
  });
});

describe('a recording', () => {
  const packet = (sequence: number, timestamp: number, level: number, ssrc = 1) => ({
    ...{ codec: 'PCMA' as const, sequence, timestamp, ssrc },
    payload: encode('PCMA', new Int16Array(160).fill(level)),
  });
  const levelAt = (pcm: Int16Array, at: number) => Math.round(pcm[at]! / 1_000);

  it('puts packets where their time says, in whatever order they come, and counts the lost', () => {
    const recorder = createRecorder();
    recorder.take(packet(65_534, 4_294_967_136, 1_000));
    recorder.take(packet(0, 160, 3_000));
    recorder.take(packet(65_535, 0, 2_000));
    recorder.take(packet(3, 640, 5_000));
    const { pcm, gaps, packets, lost } = recorder.recording();
    expect([0, 160, 320, 640, 800].map((at) => levelAt(pcm, at))).toEqual([1, 2, 3, 0, 5]);
    expect(gaps).toEqual([{ atSeconds: 0.06, seconds: 0.04 }]);
    expect(packets).toBe(4);
    expect(lost).toBeGreaterThan(0);
  });

  it('does not believe a time that leaps away from the arrival', () => {
    const recorder = createRecorder();
    recorder.take(packet(1, 1_000, 1_000));
    recorder.take(packet(2, 90_000_000, 2_000));
    recorder.take(packet(1, 5, 3_000, 2));
    expect(recorder.recording().pcm.length).toBeLessThan(8_000);
  });

  it('is empty while nothing came', () => {
    expect(createRecorder().recording()).toMatchObject({ packets: 0, lost: 0, gaps: [] });
  });
});

describe('RTP', () => {
  it.each(['PCMA', 'PCMU'] as const)('carries %s as it was played', async (codec) => {
    const [one, other] = [await stream(), await stream()];
    other.rtp.connect(to(one.rtp.port, 101, codec));
    one.rtp.connect(to(other.rtp.port, 101, codec));
    expect(await one.rtp.playPcm(tone(1_150, 0.4))).toBe(true);
    const heard = findTone(other.rtp.recording().pcm, 1_150);
    expect(heard.seconds).toBeGreaterThan(0.25);
    expect(other.rtp.recording().lost).toBe(0);
  });

  it.each([96, 101, 110])('tells each digit once under payload type %i', async (payloadType) => {
    const [one, other] = [await stream(), await stream(payloadType)];
    one.rtp.connect(to(other.rtp.port, payloadType));
    expect(await one.rtp.sendDigits('8*#0', { durationMs: 40, gapMs: 20 })).toBe(true);
    expect(other.digits.join('')).toBe('8*#0');
  });

  it('tells a digit as RFC 4733 wants it: one time, growing length, the end three times', async () => {
    const peer = createSocket('udp4');
    opened.push(peer);
    peer.bind(0, '127.0.0.1');
    await once(peer, 'listening');
    const packets: Buffer[] = [];
    peer.on('message', (packet) => packets.push(packet));
    const { rtp } = await stream();
    rtp.connect(to(peer.address().port, 110));
    await rtp.sendDigits('5', { durationMs: 60, gapMs: 20 });
    const events = packets.filter((packet) => (packet[1]! & 0x7f) === 110);
    expect(events.map((packet) => packet[12])).toEqual([5, 5, 5, 5, 5, 5]);
    expect(new Set(events.map((packet) => packet.readUInt32BE(4))).size).toBe(1);
    expect(events.map((packet) => packet.readUInt16BE(14))).toEqual([160, 320, 480, 480, 480, 480]);
    expect(events.map((packet) => packet[13]! >> 7)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(events.map((packet) => packet[1]! >> 7)).toEqual([1, 0, 0, 0, 0, 0]);
    const numbers = packets.map((packet) => packet.readUInt16BE(2));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0]! + index) & 0xffff));
  });

  it('does not listen to strangers, to RTCP or to nonsense', async () => {
    const [one, stranger] = [await stream(), await stream()];
    one.rtp.connect(to(9));
    stranger.rtp.connect(to(one.rtp.port));
    await stranger.rtp.playPcm(tone(1_150, 0.1));
    await stranger.rtp.sendDigits('1', { durationMs: 20, gapMs: 20 });
    expect(one.rtp.recording().packets).toBe(0);
    expect(one.digits).toEqual([]);
    const known = createSocket('udp4');
    opened.push(known);
    known.bind(0, '127.0.0.1');
    await once(known, 'listening');
    one.rtp.connect(to(known.address().port));
    for (const bytes of [
      [],
      [0x80],
      [0x80, 200, 0, 1],
      new Array<number>(12).fill(0xff),
      new Array<number>(40).fill(0x40),
    ]) {
      known.send(Buffer.from(bytes), one.rtp.port, '127.0.0.1');
    }
    await one.rtp.playPcm(new Int16Array(160));
    expect(one.rtp.recording().packets).toBe(0);
  });

  it('tells what was not played when it ends', async () => {
    const { rtp } = await stream();
    rtp.connect(to(9));
    const played = rtp.playPcm(tone(440, 60));
    const keyed = rtp.sendDigits('1');
    rtp.close();
    expect(await Promise.all([played, keyed])).toEqual([false, false]);
    expect(await rtp.playPcm(tone(440, 1))).toBe(false);
  });

  it('refuses what is no digit', async () => {
    const { rtp } = await stream();
    expect(() => rtp.sendDigits('x')).toThrowError(expect.objectContaining({ code: 'digit-unknown' }));
  });
});
