import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A wire between us and a server that a test can cut, stop and speak into. */
export interface TcpProxy {
  port: number;
  /** Cuts every connection now; new ones are taken. */
  cut: () => void;
  /** While on, nothing passes in either direction and nobody is told: a half-open connection. */
  swallow: (on: boolean) => void;
  /**
   * While on, nothing passes and nobody is told either, but what was sent arrives when it is over, ends of connections
   * included, and connections given up long ago too: packets that are lost and sent again. lateMs: so much later than new
   connections work, as TCP's repetitions are up to a minute apart.
   */
  freeze: (on: boolean, lateMs?: number) => void;
  /** From now on everything arrives so much later. stalls: the share of chunks that come only after a repetition's time. */
  slow: (weather: { delayMs: number; stalls: number }) => void;
  /** So many WebSockets from now on are cut as soon as the server has opened them. @returns how many still will be */
  cutUpgrades: (count?: number) => number;
  /** While on, only what comes after a WebSocket was asked for passes: HTTP requests get no answer. */
  stallRequests: (on: boolean) => void;
  /** While on, new connections are refused at once. */
  refuse: (on: boolean) => void;
  /** Says this as the server on every WebSocket, in one frame. */
  inject: (text: string) => void;
  /** How many connections were made so far, and how many are open. */
  made: () => number;
  open: () => number;
  close: () => Promise<void>;
}

interface Wire {
  near: Socket;
  far: Socket;
  isWebSocket: boolean;
}

/** After this time without an acknowledgement TCP sends again, at the soonest. */
const REPEATED_AFTER_MS = 200;

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let swallowing = false;
  let stalling = false;
  let refusing = false;
  let made = 0;
  let toCut = 0;
  const weather = createWeather();

  const passes = (wire: Wire): boolean => !swallowing && (wire.isWebSocket || !stalling);

  function join(near: Socket): void {
    const far = connect(target.port, target.host);
    const wire: Wire = { near, far, isWebSocket: false };
    const [there, back] = [weather.way(), weather.way()];
    wires.add(wire);
    near.on('data', (data) => {
      if (data.toString('latin1').includes('Upgrade: websocket')) wire.isWebSocket = true;
      if (passes(wire)) there(() => far.write(data));
    });
    far.on('data', (data) => {
      if (!passes(wire)) return;
      back(() => near.write(data));
      if (!wire.isWebSocket || toCut === 0 || !data.toString('latin1').startsWith('HTTP/1.1 101')) return;
      toCut -= 1;
      back(() => near.destroy());
    });
    far.on('error', () => far.destroy());
    for (const [end, way, other] of [[near, there, far] as const, [far, back, near] as const])
      end.on('close', () => {
        wires.delete(wire);
        way(() => other.destroy());
      });
  }

  const server = createServer((near) => {
    made++;
    near.on('error', () => near.destroy());
    if (refusing) return near.destroy();
    if (!weather.frozen()) return join(near);
    near.pause();
    weather.way()(() => {
      join(near);
      near.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');

  const cut = (): void => {
    for (const { near } of wires) near.destroy();
  };
  return {
    port: address.port,
    cut,
    swallow: (on) => (swallowing = on),
    freeze: weather.freeze,
    slow: weather.slow,
    cutUpgrades: (count) => (toCut = count ?? toCut),
    stallRequests: (on) => (stalling = on),
    refuse: (on) => (refusing = on),
    inject: (text) => {
      for (const wire of wires) if (wire.isWebSocket) wire.near.write(frameOf(text));
    },
    made: () => made,
    open: () => wires.size,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** What delays everything on its way, and keeps the order within one direction of one connection. */
function createWeather() {
  let thawed: Promise<void> | null = null;
  let thaw: () => void = () => undefined;
  let current = { delayMs: 0, stalls: 0 };

  function way(): (act: () => void) => void {
    let last = Promise.resolve();
    let waiting = 0;
    return (act) => {
      const { delayMs, stalls } = current;
      const ms = delayMs + (Math.random() < stalls ? REPEATED_AFTER_MS + 2 * delayMs : 0);
      if (ms === 0 && thawed === null && waiting === 0) return act();
      waiting += 1;
      const arrives = pause(ms);
      last = last
        .then(() => arrives)
        .then(() => thawed ?? undefined)
        .then(() => {
          waiting -= 1;
          act();
        });
    };
  }

  return {
    way,
    frozen: () => thawed !== null,
    slow: (next: { delayMs: number; stalls: number }) => void (current = next),
    freeze: (on: boolean, lateMs = 0) => {
      if (on) thawed ??= new Promise((resolve) => (thaw = resolve));
      else {
        thawed = null;
        setTimeout(thaw, lateMs);
      }
    },
  };
}

/** A WebSocket text frame as a server sends it: unmasked, here at most 65,535 bytes. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, body]);
}
