import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCapture, readMessage } from '../bench/support/capture.ts';
import { percentile, percentiles, rounded, table } from '../bench/support/figures.ts';
import { citizenLegs, expertLegs, type ChannelEvent } from '../bench/support/legs.ts';

/** Packets read from a capture file, legs found in them, and the figures that are made of both. */

const INVITE = [
  'INVITE sip:e001@127.0.0.1:5060 SIP/2.0',
  'Via: SIP/2.0/UDP 127.0.0.1:12200;branch=z9hG4bK1',
  'From: "137-8" <sip:137@127.0.0.1>;tag=a',
  'Call-ID: leg-1',
  'CSeq: 4711 INVITE',
  '',
  '',
].join('\r\n');

/** One packet of a capture: Ethernet, IPv4, UDP. */
function packet(text: string, { at = 0, fromPort = 12_200, toPort = 12_230, protocol = 17 } = {}): Buffer {
  const payload = Buffer.from(text);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip[9] = protocol;
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(fromPort, 0);
  udp.writeUInt16BE(toPort, 2);
  const frame = Buffer.concat([Buffer.alloc(14), ip, udp, payload]);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(at / 1000), 0);
  head.writeUInt32LE((at % 1000) * 1000, 4);
  head.writeUInt32LE(frame.length, 8);
  head.writeUInt32LE(frame.length, 12);
  return Buffer.concat([head, frame]);
}

describe('a capture', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'clinic-capture-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function captured(magic: number, ...packets: Buffer[]): string {
    const head = Buffer.alloc(24);
    head.writeUInt32LE(magic, 0);
    const file = join(folder, 'one.pcap');
    writeFileSync(file, Buffer.concat([head, ...packets]));
    return file;
  }

  it('gives its SIP messages in order, with the time of the kernel', () => {
    const file = captured(
      0xa1b2c3d4,
      packet(INVITE, { at: 5_000.25 }),
      packet('\r\n\r\n', { at: 5_001 }),
      packet(INVITE, { at: 5_002, protocol: 6 }),
      packet(INVITE.replace('leg-1', 'leg-2'), { at: 5_003, fromPort: 1, toPort: 2 }),
    );
    expect(readCapture(file)).toEqual([
      {
        ...{ at: 5_000.25, fromPort: 12_200, toPort: 12_230, method: 'INVITE', status: null },
        ...{ callId: 'leg-1', cseq: 4711, user: 'e001', from: '137' },
      },
      expect.objectContaining({ at: 5_003, fromPort: 1, toPort: 2, callId: 'leg-2' }),
    ]);
  });

  it('that is still being written lacks its last packet and nothing else', () => {
    const whole = packet(INVITE, { at: 1 });
    expect(readCapture(captured(0xa1b2c3d4, whole, whole.subarray(0, 10)))).toHaveLength(1);
  });

  it('of another kind is refused by its name', () => {
    expect(() => readCapture(captured(0xd4c3b2a1))).toThrow(/one\.pcap is no capture/);
  });
});

describe('a packet', () => {
  const ports = { at: 0, fromPort: 1, toPort: 2 };
  it('with a response tells its status and what it answers', () => {
    const text = 'SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 2 BYE\r\n\r\n';
    expect(readMessage(text, ports)).toMatchObject({ status: 200, method: 'BYE', callId: 'x', user: '' });
  });

  it.each(['', 'hello', 'INVITE sip:x SIP/2.0\r\nCall-ID: x\r\n\r\n'])('with %j is no message', (text) => {
    expect(readMessage(text, ports)).toBeNull();
  });
});

describe('legs', () => {
  const channel = (at: number, name: string, uniqueId: string, linkedId = uniqueId): ChannelEvent => ({
    ...{ type: 'CHAN_START', at, uniqueId, linkedId, channel: name },
  });
  const invite = (at: number, callId: string, user: string, fromPort: number, toPort: number) => ({
    ...{ at, callId, user, fromPort, toPort, method: 'INVITE', status: null, cseq: 1, from: '' },
  });

  it('to an expert belong to the citizen for whom the channel before them was made', () => {
    const events = [channel(10, 'PJSIP/e001-1', 'x-1', 'c-1'), channel(50, 'PJSIP/e001-2', 'x-2', 'c-2')];
    const messages = [
      ...[invite(5, 'of another time', 'e001', 1, 200), invite(11, 'a', 'e001', 1, 200)],
      ...[invite(12, 'a', 'e001', 1, 200), invite(52, 'b', 'e001', 1, 200)],
    ];
    expect(expertLegs(messages, events, 200)).toEqual([
      { callId: 'a', at: 11, user: 'e001', citizen: 'c-1' },
      { callId: 'b', at: 52, user: 'e001', citizen: 'c-2' },
    ]);
  });

  it('of citizens are as many as their channels, or it is an error', () => {
    const events = [channel(10, 'PJSIP/trunk-137-1', 'c-1'), channel(20, 'PJSIP/trunk-137-2', 'c-2')];
    const messages = [invite(9, 'a', '1378', 100, 1), invite(19, 'b', '1378', 100, 1)];
    expect(citizenLegs(messages, events, 100).map(({ citizen }) => citizen)).toEqual(['c-1', 'c-2']);
    expect(() => citizenLegs(messages.slice(1), events, 100)).toThrow(/1 citizens dialled.*2 channels/);
  });
});

describe('figures', () => {
  it('are nearest ranks', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentiles(hundred)).toEqual({ p50: 50, p95: 95, p99: 99 });
    expect(percentile([3], 0.99)).toBe(3);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('pretend no more than three digits', () => {
    expect([0.012345, 9.876, 99.96, 123.4, 1_234.6].map(rounded)).toEqual([0.0123, 9.88, 100, 123, 1_235]);
  });

  it('stand in columns, numbers to the right', () => {
    expect(
      table(
        ['side', 'ms'],
        [
          ['ours', 7],
          ['theirs', 1_000],
        ],
      ),
    ).toBe(['side      ms', '------  ----', 'ours       7', 'theirs  1000'].join('\n'));
  });
});
