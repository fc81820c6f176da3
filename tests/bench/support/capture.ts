import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** SIP as it passed over the loopback, taken by tcpdump and read here. */

/** One SIP message. at: milliseconds since the epoch, to the microsecond, by the kernel. */
export interface SipMessage {
  at: number;
  fromPort: number;
  toPort: number;
  /** `INVITE` of a request; of a response that of its CSeq. */
  method: string;
  /** Null of a request. */
  status: number | null;
  callId: string;
  cseq: number;
  /** User of the request's address, e.g. `e001`; '' of a response. */
  user: string;
  /** User of the From address. */
  from: string;
}

export interface Capture {
  file: string;
  /** Ends it. @throws Error when the kernel dropped packets: such a capture proves nothing. */
  stop(): Promise<{ packets: number }>;
}

/** Takes all UDP packets of `port` on the loopback until stopped. Needs root or sudo. */
export async function startCapture(port: number, file: string): Promise<Capture> {
  const args = ['-i', 'lo', '-s', '0', '-B', '16384', '-U', '-w', file, `udp port ${port}`];
  const [command, ...rest] =
    process.getuid?.() === 0 ? ['tcpdump', ...args] : ['sudo', '-n', 'tcpdump', ...args];
  const child = spawn(command ?? 'tcpdump', rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => (said += `${line}\n`));
  const ended = once(child, 'close');
  const listening = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => line.includes('listening on') && resolve());
    ended.then(() => reject(new Error(`tcpdump ended: ${said}`)), reject);
  });
  await listening;
  return {
    file,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      const dropped = Number(/(\d+) packets dropped by kernel/.exec(said)?.[1] ?? NaN);
      if (dropped !== 0) throw new Error(`The capture is not whole: ${said}`);
      return { packets: Number(/(\d+) packets captured/.exec(said)?.[1]) };
    },
  };
}

const GLOBAL_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const UDP = 17;
const UDP_HEADER = 8;
/** Of a file of this machine's byte order, times in microseconds. */
const MAGIC = 0xa1b2c3d4;

/** The SIP messages of a capture file, in order. */
export function readCapture(file: string): SipMessage[] {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error(`${file} is no capture of this kind of machine`);
  const messages: SipMessage[] = [];
  for (let offset = GLOBAL_HEADER; offset + RECORD_HEADER <= bytes.length;) {
    const at = bytes.readUInt32LE(offset) * 1000 + bytes.readUInt32LE(offset + 4) / 1000;
    const length = bytes.readUInt32LE(offset + 8);
    const start = offset + RECORD_HEADER;
    offset = start + length;
    const message = readPacket(bytes.subarray(start, offset), at);
    if (message !== null) messages.push(message);
  }
  return messages;
}

function readPacket(packet: Buffer, at: number): SipMessage | null {
  const ip = packet.subarray(ETHERNET_HEADER);
  if (ip.length < 20 || ip[0]! >> 4 !== 4 || ip[9] !== UDP) return null;
  const udp = ip.subarray((ip[0]! & 0x0f) * 4);
  const text = udp.subarray(UDP_HEADER).toString('latin1');
  return readMessage(text, { at, fromPort: udp.readUInt16BE(0), toPort: udp.readUInt16BE(2) });
}

/** Null for what is no SIP message, such as a keep-alive of two line ends. */
export function readMessage(
  text: string,
  packet: Pick<SipMessage, 'at' | 'fromPort' | 'toPort'>,
): SipMessage | null {
  const response = /^SIP\/2\.0 (\d{3}) /.exec(text);
  const request = /^[A-Z]+ sips?:(?:([^@;>\s]*)@)?\S* SIP\/2\.0\r\n/.exec(text);
  const cseq = /^CSeq: *(\d+) +([A-Z]+)/im.exec(text);
  if ((response === null && request === null) || cseq === null) return null;
  return {
    ...packet,
    method: cseq[2]!,
    status: response === null ? null : Number(response[1]),
    callId: /^(?:Call-ID|i): *(\S+)/im.exec(text)?.[1] ?? '',
    cseq: Number(cseq[1]),
    user: request?.[1] ?? '',
    from: /^(?:From|f):[^<\r\n]*<sips?:([^@;>]*)@/im.exec(text)?.[1] ?? '',
  };
}
