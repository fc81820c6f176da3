import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** The kernel may give a port that was just closed once more: a set of ports would then name one of them twice. */
const given = new Set<number>();

/**
 * A port of 127.0.0.1 that is free at this moment and was given to nobody else in this process. Between this and the start
 * of whoever is to listen there another process could take it, which that one would say.
 */
export async function freePort(protocol: 'tcp' | 'udp' = 'tcp'): Promise<number> {
  for (;;) {
    const port = await (protocol === 'tcp' ? tcpPort() : udpPort());
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

async function tcpPort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function udpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
