import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  headerValue,
  parseCseq,
  parseMessage,
  parseNameAddress,
  token,
  type SipResponse,
} from '../../../src/stack/phone/sip.mjs';
import { testStack } from '../stack.ts';
import { write, type Origin } from './message.ts';
import type { Reply } from './torture.ts';

/** A stranger on loopback who sends what it likes from an address of its own, and hears what comes back. */
export interface Attacker {
  origin: Origin;
  send(bytes: Buffer): void;
  /** Every SIP response so far. */
  responses: SipResponse[];
  /** Called with every response. */
  onResponse(listener: (response: SipResponse) => void): void;
  /** The other side has closed the connection (TCP). */
  closed(): boolean;
  /** Ends what was answered and still stands. */
  endCalls(): void;
  close(): Promise<void>;
}

export interface AttackerOptions {
  /** Of 127.0.0.0/8, all of which the machine has. */
  host: string;
  transport?: 'UDP' | 'TCP';
  /** Taken for the 137 trunk, by its header. */
  trunk?: boolean;
  /** Answered calls stay up until `endCalls`. */
  hold?: boolean;
}

/** Calls that are answered are acknowledged, and ended at once unless they are to be held. */
export async function createAttacker(options: AttackerOptions): Promise<Attacker> {
  const { host, transport = 'UDP', trunk = false, hold = false } = options;
  const wire = transport === 'UDP' ? await udp(host) : await tcp(host);
  const origin: Origin = { host, port: wire.port, transport, ...(trunk ? { headers: trunkHeaders() } : {}) };
  const responses: SipResponse[] = [];
  const listeners: ((response: SipResponse) => void)[] = [];
  const standing = new Map<string, Buffer>();
  wire.onData((bytes) => {
    const message = parseMessage(bytes);
    if (message === null || 'method' in message) return;
    responses.push(message);
    if (message.status >= 200 && message.status < 300 && parseCseq(message).method === 'INVITE') {
      const { ack, bye } = ending(origin, message);
      wire.send(ack);
      standing.set(headerValue(message, 'call-id') ?? '', bye);
      if (!hold) endCalls();
    }
    for (const listener of listeners) listener(message);
  });
  function endCalls(): void {
    for (const bye of standing.values()) wire.send(bye);
    standing.clear();
  }
  return {
    ...{ origin, responses, send: wire.send, closed: wire.closed },
    onResponse: (listener) => void listeners.push(listener),
    endCalls,
    close: async () => {
      endCalls();
      await wire.close();
    },
  };
}

export const trunkHeaders = (): string[] =>
  Object.entries(testStack().sip.trunk.headers).map(([name, value]) => `${name}: ${value}`);

function ending(origin: Origin, answer: SipResponse): { ack: Buffer; bye: Buffer } {
  const { uri } = parseNameAddress(headerValue(answer, 'contact') ?? '<sip:127.0.0.1>');
  const { number } = parseCseq(answer);
  const dialog = {
    from: headerValue(answer, 'from') ?? '',
    to: headerValue(answer, 'to') ?? '',
    'call-id': headerValue(answer, 'call-id') ?? '',
    contact: null,
  };
  return {
    ack: write(origin, { method: 'ACK', uri, set: { ...dialog, cseq: `${number} ACK` } }),
    bye: write(origin, { method: 'BYE', uri, set: { ...dialog, cseq: `${number + 100} BYE` } }),
  };
}

const PATIENCE_MS = 5_000;

/**
 * Sends one message and tells the final status that came for it. Silence is known by a question asked behind it that was
 * answered (over UDP, by the same exchange) while it was not.
 * @param allowed where silence is not among them an answer is awaited longer
 */
export async function replyTo(attacker: Attacker, bytes: Buffer, allowed: readonly Reply[]): Promise<Reply> {
  const before = attacker.responses.length;
  const answered = new Promise<Reply>((resolve) => {
    attacker.onResponse(({ status }) => {
      if (status >= 200 && attacker.responses.length > before) resolve(status);
    });
  });
  attacker.send(bytes);
  const statusOnly = !allowed.includes('silence');
  const silence = statusOnly
    ? after(PATIENCE_MS)
    : probe(attacker.origin.host).then(() => probe(attacker.origin.host));
  return await Promise.race([answered, silence.then((): Reply => 'silence')]);
}

/** Asks something harmless and waits for the answer: whatever was sent before has been looked at. */
export async function probe(host = '127.0.0.1'): Promise<number> {
  const attacker = await createAttacker({ host });
  try {
    const answer = new Promise<number>((resolve) => attacker.onResponse(({ status }) => resolve(status)));
    attacker.send(
      write(attacker.origin, { method: 'OPTIONS', set: { from: `<sip:probe@${host}>;tag=${token()}` } }),
    );
    return await Promise.race([
      answer,
      after(PATIENCE_MS).then(() => Promise.reject(new Error('Asterisk does not answer'))),
    ]);
  } finally {
    await attacker.close();
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

interface Wire {
  port: number;
  send: (bytes: Buffer) => void;
  onData(listener: (bytes: Buffer) => void): void;
  closed: () => boolean;
  close(): Promise<void>;
}

async function udp(host: string): Promise<Wire> {
  const { host: target, port } = testStack().sip.trunk;
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
  socket.bind(0, host);
  await once(socket, 'listening');
  let unsent = 0;
  return {
    port: socket.address().port,
    send: (bytes) => {
      unsent += 1;
      socket.send(bytes, port, target, () => {
        unsent -= 1;
        if (unsent === 0) socket.emit('drained');
      });
    },
    onData: (listener) => void socket.on('message', listener),
    closed: () => false,
    close: async () => {
      if (unsent > 0) await once(socket, 'drained');
      socket.close();
      await once(socket, 'close');
    },
  };
}

async function tcp(host: string): Promise<Wire> {
  const { host: target, port } = testStack().sip.trunk;
  const socket = connect({ host: target, port, localAddress: host });
  await once(socket, 'connect');
  // A server that cuts off a broken stream does right; the cut is told by closed().
  socket.on('error', () => socket.destroy());
  return {
    port: socket.localPort ?? 0,
    send: (bytes) => void socket.write(bytes),
    onData: (listener) => void socket.on('data', inMessages(listener)),
    closed: () => socket.destroyed || socket.readableEnded,
    close: async () => {
      if (socket.destroyed) return;
      socket.destroy();
      await once(socket, 'close');
    },
  };
}

/** A stream has no datagrams: each message ends where its Content-Length says. */
function inMessages(listener: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = /^(?:content-length|l)\s*:\s*([0-9]+)/im.exec(rest.subarray(0, head).toString('latin1'));
      const end = head + 4 + Number(length?.[1] ?? 0);
      if (rest.length < end) return;
      listener(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}
