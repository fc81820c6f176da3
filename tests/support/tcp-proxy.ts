import { connect, createServer, type Socket } from 'node:net';

/** A wire between us and a server that a test can cut, stop and speak into. */
export interface TcpProxy {
  port: number;
  /** Cuts every connection now; new ones are taken. */
  cut: () => void;
  /** While on, nothing passes in either direction and nobody is told: a half-open connection. */
  swallow: (on: boolean) => void;
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

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let swallowing = false;
  let stalling = false;
  let refusing = false;
  let made = 0;

  const passes = (wire: Wire): boolean => !swallowing && (wire.isWebSocket || !stalling);

  const server = createServer((near) => {
    made++;
    near.on('error', () => near.destroy());
    if (refusing) return near.destroy();
    const far = connect(target.port, target.host);
    const wire: Wire = { near, far, isWebSocket: false };
    wires.add(wire);
    near.on('data', (data) => {
      if (data.toString('latin1').includes('Upgrade: websocket')) wire.isWebSocket = true;
      if (passes(wire)) far.write(data);
    });
    far.on('data', (data) => passes(wire) && near.write(data));
    far.on('error', () => far.destroy());
    for (const end of [near, far])
      end.on('close', () => {
        wires.delete(wire);
        near.destroy();
        far.destroy();
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

/** A WebSocket text frame as a server sends it: unmasked, here at most 65,535 bytes. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, body]);
}
