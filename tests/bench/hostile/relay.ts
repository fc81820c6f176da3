import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { testStack } from '../../support/stack.ts';

/**
 * Gives a tool that cannot choose its address one (`svcrack -b` is without effect in 0.3.3): what it sends to this port goes
 * on to Asterisk from `host`, and answers go back.
 */
export async function relayFrom(host: string): Promise<{ port: number; close(): void }> {
  const { host: target, port } = testStack().sip.trunk;
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  near.bind(0, '127.0.0.1');
  far.bind(0, host);
  await Promise.all([once(near, 'listening'), once(far, 'listening')]);
  let tool: { address: string; port: number } | null = null;
  near.on('message', (bytes, from) => {
    tool = from;
    far.send(bytes, port, target);
  });
  far.on('message', (bytes) => {
    if (tool !== null) near.send(bytes, tool.port, tool.address);
  });
  return {
    port: near.address().port,
    close: () => {
      near.close();
      far.close();
    },
  };
}
