import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { testStack } from './stack.ts';

/**
 * A gateway in front of the exchange: what a telephone sends to it comes to the exchange as if over the 137 trunk. It does
 * to an INVITE what the operator's own gateway is for (there by its address): it says whose it is. All else passes as it came.
 */
export interface Gateway {
  host: string;
  port: number;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startGateway(): Promise<Gateway> {
  const { host, port, headers } = testStack().sip.trunk;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = createSocket('udp4');
  let telephone: RemoteInfo | null = null;
  socket.on('message', (datagram, from) => {
    if (from.port === port && from.address === host) {
      if (telephone !== null) socket.send(datagram, telephone.port, telephone.address);
      return;
    }
    telephone = from;
    socket.send(marked(datagram, lines.join('')), port, host);
  });
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return {
    ...{ host: HOST, port: socket.address().port },
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function marked(datagram: Buffer, lines: string): Buffer {
  const end = datagram.indexOf('\r\n') + 2;
  if (datagram.toString('latin1', 0, 7) !== 'INVITE ') return datagram;
  return Buffer.concat([datagram.subarray(0, end), Buffer.from(lines), datagram.subarray(end)]);
}
