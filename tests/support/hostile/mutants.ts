import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sdp, SDP_TYPE, write, type Origin } from './message.ts';

/** Mutated messages. Digits and dots stay in both ways, so that no address becomes one outside this machine. */

/** Right messages of every kind, from which mutants are made. */
export function seeds(origin: Origin): Buffer[] {
  const offer = {
    lines: [SDP_TYPE, 'Supported: timer, 100rel', 'Session-Expires: 1800'],
    body: sdp(origin.host),
  };
  const credentials =
    'Authorization: Digest username="e001", realm="clinic", nonce="1/a", uri="sip:127.0.0.1", response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, cnonce="a"';
  return [
    write(origin, offer),
    write(origin, {
      ...offer,
      lines: [
        ...offer.lines,
        'P-Asserted-Identity: "A" <sip:09120000003@127.0.0.1>',
        'Privacy: none',
        'Diversion: <sip:1@127.0.0.1>',
      ],
      body: `${sdp(origin.host)}a=ptime:20\r\na=sendrecv\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 AA:BB\r\nm=video 9 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`,
    }),
    write(origin, {
      method: 'REGISTER',
      uri: 'sip:127.0.0.1',
      set: { to: '<sip:e001@127.0.0.1>', from: '<sip:e001@127.0.0.1>;tag=1' },
      lines: ['Expires: 60', credentials],
    }),
    write(origin, { method: 'OPTIONS', lines: ['Accept: application/sdp', 'Route: <sip:127.0.0.1;lr>'] }),
    write(origin, {
      method: 'BYE',
      set: { to: '<sip:137@127.0.0.1>;tag=gone' },
      lines: ['Reason: Q.850;cause=16;text="x"'],
    }),
    write(origin, {
      method: 'SUBSCRIBE',
      lines: ['Event: presence', 'Expires: 60', 'Accept: application/pidf+xml'],
    }),
    write(origin, {
      first: 'SIP/2.0 200 OK',
      set: { to: '<sip:137@127.0.0.1>;tag=a' },
      lines: [SDP_TYPE],
      body: sdp(origin.host),
    }),
  ];
}

/**
 * zzuf's mutants of one message: bits flipped at rates from 0.1 to 5 per cent, each seed another one.
 * @returns `count` messages of the original's length
 */
export async function zzufMutants(original: Buffer, firstSeed: number, count: number): Promise<Buffer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clinic-137-mutants-'));
  try {
    const file = join(folder, 'message.sip');
    writeFileSync(file, original);
    const range = ['-s', `${firstSeed}:${firstSeed + count}`, '-r', '0.001:0.05', '-P', '0-9.', '-R', '0-9'];
    const all = await outputOf('zzuf', [...range, 'cat', file]);
    const mutants = Array.from({ length: count }, (_, i) =>
      all.subarray(i * original.length, (i + 1) * original.length),
    );
    if (all.length !== count * original.length) throw new Error(`zzuf gave ${all.length} bytes`);
    return mutants;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function outputOf(program: string, args: readonly string[]): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

const NUMBERS = ['-1', '0', '65536', '2147483648', '4294967296', '99999999999999999999', '1e9', '%n%s'];
/** Lines that name where answers and sound go. */
const KEPT = /^(via|v|contact|m|route|record-route|c=|o=|x-clinic-trunk)/i;

/** A mutant by structure: lines doubled, dropped, exchanged, stretched, cut, with numbers no field holds. */
export function structureMutant(original: Buffer, next: () => number): Buffer {
  const lines = original.toString('latin1').split('\r\n');
  const at = () => 1 + Math.floor(next() * (lines.length - 1));
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  for (let edits = 1 + Math.floor(next() * 4); edits > 0; edits -= 1) {
    const i = at();
    const line = lines[i] ?? '';
    const kinds = [
      () => void lines.splice(i, 0, line),
      () => void lines.splice(i, 1),
      () => void lines.splice(at(), 0, ...lines.splice(i, 1)),
      () =>
        void lines.splice(
          i,
          1,
          line + pick(['"', '<', ';', ',', '\\', '\0', '%00', '\u00ff']).repeat(1 + Math.floor(next() * 400)),
        ),
      () => void lines.splice(i, 1, line.slice(0, Math.floor(next() * line.length))),
      () => void lines.splice(i, 1, line.replace(/[0-9]+/, pick(NUMBERS))),
      () => void lines.splice(i, 0, ...Array.from({ length: 200 }, () => line)),
    ];
    if (!KEPT.test(line)) pick(kinds)();
  }
  return Buffer.from(lines.join('\r\n'), 'latin1').subarray(0, 60_000);
}
