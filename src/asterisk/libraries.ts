import { createRequire, Module } from 'node:module';
import type { EventEmitter } from 'node:events';

/**
 * The libraries of this room. Below ari-client two packages are steered by us: `swagger-client` (its HTTP is replaced by ours, see
 * api.ts) and `ws` (its sockets are ours, see socket.ts). Both are taken as ari-client sees them: replacing the HTTP of
 * another copy would change nothing. None of them brings types; what is used of them is described here.
 */
const require = createRequire(import.meta.url);
const theirs = createRequire(require.resolve('ari-client'));

/**
 * ari-client asks once by `request` whether the host is there, without a time-out and without ever giving the connection
 * back. Our own HTTP finds that out with the next request, so the question is answered here, and `request` with all that
 * hangs on it is never loaded.
 */
const asked = theirs.resolve('request');
const answer = (_url: string, done: () => void): void => void setImmediate(done);
theirs.cache[asked] = Object.assign(new Module(asked), { exports: answer, loaded: true });

type Operations = Readonly<Record<string, (args: Record<string, unknown>) => PromiseLike<unknown>>>;
export type AriClient = Readonly<Record<string, Operations | undefined>>;

/** One HTTP request as swagger-client hands it to its transport. */
export interface SwaggerExchange {
  url: string;
  method: string;
  body?: string | undefined;
  on: {
    response(reply: { status: number; data: Uint8Array; obj?: unknown }): void;
    error(fault: unknown): void;
  };
}

interface Socket extends EventEmitter {
  terminate(): void;
}

export const ariClient = require('ari-client') as {
  connect(url: string, username: string, password: string): PromiseLike<AriClient>;
};
export const swaggerClient = theirs('swagger-client') as {
  SwaggerHttp: { prototype: { execute(exchange: SwaggerExchange): void } };
};
export const WebSocket = theirs('ws') as new (
  url: string,
  options: { headers: Record<string, string>; maxPayload: number; perMessageDeflate: boolean },
) => Socket;

/** asterisk-manager's object: answers to actions and events both come as events of it. */
export interface AmiClient extends EventEmitter {
  connect(port: number, host: string): void;
  login(done: (fault?: unknown) => void): void;
  /** @param action its `actionid` is the name of the event with which the answer comes. */
  action(action: Record<string, string>, done: (fault?: unknown, reply?: unknown) => void): string;
  disconnect(): void;
}

export const createAmiClient = require('asterisk-manager') as (
  port: null,
  host: string,
  username: string,
  password: string,
  events: boolean,
) => AmiClient;
