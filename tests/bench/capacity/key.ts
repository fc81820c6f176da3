import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { leftInExchange } from '../../support/leftovers.ts';
import { testStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';
import { readCapture, startCapture } from '../support/capture.ts';
import { callingCitizens, PORTS } from '../support/load.ts';

/** A telephone event (citizens.xml gives it payload type 96) whose end bit is set: the key has been let go. */
const KEY_END = `udp and src port ${PORTS.citizensMedia} and udp[9] & 0x7f = 96 and udp[21] & 0x80 != 0`;
const WITHIN_MS = 10_000;

/** How long after the ACK SIPp has finished the citizen's key: one call alone, by its packets. @returns milliseconds */
export async function keyEndsAfter(number: string): Promise<number> {
  const file = join(testStack().asterisk.logDir, '..', '..', 'key.pcap');
  const capture = await startCapture(testStack().sip.trunk.port, file);
  const key = await awaitPacket(KEY_END);
  await callingCitizens(number, [{ number: '09121000000', at: 0 }]).ended;
  const at = await key.seen;
  await waitFor(async () => (await leftInExchange()).length === 0, WITHIN_MS);
  await capture.stop();
  const ack = readCapture(file).find(
    ({ method, fromPort }) => method === 'ACK' && fromPort === PORTS.citizens,
  );
  if (ack === undefined) throw new Error('The citizen whose key was to be timed was not answered');
  return at - ack.at;
}

/** Resolves once tcpdump listens. seen: when the first packet that fits the filter passed, milliseconds since the epoch. */
async function awaitPacket(filter: string): Promise<{ seen: Promise<number> }> {
  const args = ['-i', 'lo', '-n', '-l', '-tt', '-c', '1', filter];
  const [command = '', ...rest] =
    process.getuid?.() === 0 ? ['tcpdump', ...args] : ['sudo', '-n', 'tcpdump', ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const tooLong = setTimeout(() => child.kill('SIGINT'), WITHIN_MS + 5_000);
  const seen = once(createInterface({ input: child.stdout }), 'line').then(
    ([line]) => Number.parseFloat(String(line)) * 1000,
  );
  const none = once(child, 'close').then(() => Promise.reject(new Error('No key was seen')));
  none.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => line.includes('listening on') && resolve());
    none.catch(reject);
  });
  return { seen: Promise.race([seen, none]).finally(() => clearTimeout(tooLong)) };
}
