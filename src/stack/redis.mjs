/** The stack's own Redis: append-only file, nothing evicted, on loopback. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { accountNamed, dataFolder, ownFolder } from './accounts.mjs';
import { assertFree } from './ports.mjs';
import { running, start, stop, untilReady } from './processes.mjs';

const START_WITHIN_MS = 60_000;

const filesOf = (layout) => ({
  recordFile: join(layout.pids, 'redis.json'),
  logFile: join(layout.logs, 'redis.log'),
});

/**
 * @param {{ layout: ReturnType<import('./paths.mjs').layoutOf>, ports: import('./ports.mjs').Ports, test: boolean }} options
 * @returns {Promise<{ pid: number, started: boolean }>}
 */
export async function startRedis({ layout, ports, test }) {
  const files = filesOf(layout);
  const folder = dataFolder(layout.redis, 'redis');
  const args = [
    ...['--port', String(ports.redis), '--bind', '127.0.0.1', '--dir', folder],
    ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--save', ''],
    // Every test process takes a logical database of its own.
    ...['--databases', test ? '256' : '16', '--daemonize', 'no'],
  ];
  const fingerprint = createHash('sha256').update(args.join('\0')).digest('hex');
  const found = running(files.recordFile);
  const started = found?.fingerprint !== fingerprint;
  if (started) {
    if (found) await stop(files.recordFile);
    assertFree(ports, ['redis']);
    // Not as root: whoever reaches its port may make it write files.
    const account = await accountNamed('redis');
    ownFolder(folder, account);
    await start({ ...files, ...account, fingerprint, program: 'redis-server', args, cwd: folder });
  }
  await untilReady({
    ...files,
    name: 'Redis',
    withinMs: START_WITHIN_MS,
    ready: () => answers(ports.redis),
  });
  return { pid: running(files.recordFile).pid, started };
}

export const stopRedis = (layout) => stop(filesOf(layout).recordFile);
export const runningRedis = (layout) => running(filesOf(layout).recordFile)?.pid ?? null;

/** While it reads its file back Redis answers -LOADING. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (bytes) => end(bytes.toString().startsWith('+PONG')));
  });
}
