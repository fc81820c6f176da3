import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { SipResponse } from '../../../src/stack/phone/sip.mjs';

/** RTP written by hand, from a port of its own. */
export interface Media {
  port: number;
  /** Packets received so far. */
  received(): number;
  send(to: { host: string; port: number }, packet: Buffer): void;
  /** So many key presses at a rate, each in one packet that begins and ends it (RFC 4733). */
  press(to: { host: string; port: number }, digits: string, perSecond: number): Promise<void>;
  close(): Promise<void>;
}

const EVENTS = '0123456789*#ABCD';
/** What attackers offer, see sdp(). */
const DTMF_TYPE = 101;
const END = 0x80;

export async function openMedia(host: string): Promise<Media> {
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4_000_000 });
  socket.bind(0, host);
  await once(socket, 'listening');
  let received = 0;
  let sequence = 1;
  socket.on('message', () => (received += 1));
  const send: Media['send'] = (to, packet) => socket.send(packet, to.port, to.host);
  return {
    port: socket.address().port,
    received: () => received,
    send,
    press: (to, digits, perSecond) =>
      new Promise((resolve) => {
        const began = performance.now();
        let pressed = 0;
        const timer = setInterval(() => {
          const due = Math.min(digits.length, ((performance.now() - began) / 1000) * perSecond);
          for (; pressed < due; pressed += 1) send(to, keyPacket(digits.charAt(pressed), sequence++));
          if (pressed < digits.length) return;
          clearInterval(timer);
          resolve();
        }, 10);
      }),
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function keyPacket(digit: string, sequence: number): Buffer {
  const packet = Buffer.alloc(16);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(0x80 | DTMF_TYPE, 1);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 160) >>> 0, 4);
  packet.writeUInt32BE(0x137, 8);
  packet.writeUInt8(EVENTS.indexOf(digit), 12);
  packet.writeUInt8(END | 10, 13);
  packet.writeUInt16BE(160, 14);
  return packet;
}

/** Where an answer wants sound sent. */
export function mediaOf(answer: SipResponse): { host: string; port: number } {
  const host = /^c=IN IP4 (\S+)/m.exec(answer.body)?.[1];
  const port = /^m=audio ([0-9]+)/m.exec(answer.body)?.[1];
  if (host === undefined || port === undefined) throw new Error(`No sound in the answer:\n${answer.body}`);
  return { host, port: Number(port) };
}
