import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { startDeadline } from './deadlines.ts';
import { AsteriskFault } from './faults.ts';

/** HTTP to Asterisk: connections kept alive, every request with a time-out of ours, every refusal with its status. */
export interface Transport {
  /**
   * @param path below the origin, its query included.
   * @throws AsteriskFault `ari-timeout`, `ari-unreachable`, `ari-refused` (any status from 300 on).
   */
  send: (method: string, path: string, body?: string) => Promise<Uint8Array>;
  /** A reply of any length, read as fast as it is taken; given up where nothing comes for ten seconds. */
  stream: (path: string) => Promise<Streamed>;
  close: () => void;
}

export interface Streamed {
  bytes: number;
  parts: AsyncIterable<Uint8Array>;
}

export interface TransportSettings {
  /** `http://127.0.0.1:8188` */
  origin: string;
  username: string;
  password: string;
  timeoutMs: number;
  clock: Clock;
}

/** Asterisk counts every connection against `sessionlimit`, which browsers' telephones share. */
const MOST_CONNECTIONS = 32;
const STREAM_IDLE_MS = 10_000;
/** A list of 300 channels has 300 kB, a spoken message of ten minutes 10 MB. */
const LARGEST_REPLY_BYTES = 64 * 1024 * 1024;

export function createTransport({
  origin,
  username,
  password,
  timeoutMs,
  clock,
}: TransportSettings): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS, scheduling: 'lifo' });
  const authorization = basicAuthorization(username, password);

  function exchange(
    method: string,
    path: string,
    body: string | undefined,
    first: boolean,
  ): Promise<Uint8Array> {
    const at = { method, path: path.split('?', 1)[0] ?? '' };
    return new Promise((resolve, reject) => {
      const headers = {
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const request = httpRequest(origin + path, { method, agent, headers }, (reply) => {
        collect(reply).then((data) => settle(reply.statusCode ?? 0, data), fail);
      });
      let expired = false;
      const stop = startDeadline(timeoutMs, clock, () => {
        expired = true;
        reject(new AsteriskFault('ari-timeout', `${at.method} ${at.path} took over ${timeoutMs} ms`, at));
        request.destroy();
      });
      function settle(status: number, data: Uint8Array): void {
        stop();
        if (status >= 200 && status < 300) resolve(data);
        else reject(refusal(status, data, at));
      }
      function fail(error: unknown): void {
        stop();
        if (expired) return;
        // Asterisk had closed an idle connection just as we used it: it has read nothing, so once more, on another.
        if (first && request.reusedSocket && isReset(error)) resolve(exchange(method, path, body, false));
        else
          reject(
            new AsteriskFault('ari-unreachable', `${at.method} ${at.path} broke off`, {
              ...at,
              cause: error,
            }),
          );
      }
      request.on('error', fail);
      request.end(body);
    });
  }

  /** On a connection of its own: it may last, and the others are counted. */
  function stream(path: string): Promise<Streamed> {
    const at = { method: 'GET', path };
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        origin + path,
        { headers: { authorization }, timeout: STREAM_IDLE_MS },
        (reply) => {
          const status = reply.statusCode ?? 0;
          if (status >= 200 && status < 300)
            return resolve({ bytes: Number(reply.headers['content-length']), parts: reply as Parts });
          collect(reply).then((data) => reject(refusal(status, data, at)), reject);
        },
      );
      request.on('timeout', () => request.destroy(new Error('nothing came for too long')));
      request.on('error', (cause) =>
        reject(new AsteriskFault('ari-unreachable', `GET ${path} broke off`, { ...at, cause })),
      );
      request.end();
    });
  }

  return {
    send: (method, path, body) => exchange(method, path, body, true),
    stream,
    close: () => agent.destroy(),
  };
}

type Parts = AsyncIterable<Uint8Array>;

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

async function collect(reply: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of reply as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > LARGEST_REPLY_BYTES) throw new Error('the reply is too long');
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function refusal(status: number, data: Uint8Array, at: { method: string; path: string }): AsteriskFault {
  const reason = reasonOf(Buffer.from(data).toString('utf8'));
  return new AsteriskFault('ari-refused', `${at.method} ${at.path} was refused: ${status} ${reason}`, {
    ...at,
    status,
    reason,
  });
}

/** Asterisk gives its reason as `{"message"}`, of a failed originate as `{"error"}`, and below ARI as a page. */
function reasonOf(text: string): string {
  try {
    const reply = JSON.parse(text) as { message?: unknown; error?: unknown } | null;
    const reason = reply?.message ?? reply?.error;
    return typeof reason === 'string' ? reason : '';
  } catch {
    return '';
  }
}
