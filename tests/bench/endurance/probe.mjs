/** Preloaded into the application: on SIGWINCH it says on standard output what it holds after a full garbage collection. */
import { EventEmitter } from 'node:events';
import { getHeapStatistics, queryObjects } from 'node:v8';

process.on('SIGWINCH', () => {
  globalThis.gc();
  const { rss } = process.memoryUsage();
  const count = (kind) => queryObjects(kind, { format: 'count' });
  const line = {
    msg: 'bench.holds',
    heapBytes: getHeapStatistics().used_heap_size,
    rssBytes: rss,
    emitters: count(EventEmitter),
    signals: count(AbortSignal),
    resources: process.getActiveResourcesInfo().length,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
});
