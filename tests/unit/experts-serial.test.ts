import { describe, expect, test } from 'vitest';
import { createReloader } from '../../src/experts/reloader.ts';
import { createMarks, createSerial } from '../../src/experts/serial.ts';
import { pause } from '../../src/platform/signals.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), passed };
}

describe('tasks in turn', () => {
  test('never overlap, keep their order, and a fault stops nobody else', async () => {
    const inTurn = createSerial();
    const seen: string[] = [];
    const first = gate();
    const results = [
      inTurn(async () => {
        seen.push('one begins');
        await first.passed;
        seen.push('one ends');
        return 1;
      }),
      inTurn(() => {
        seen.push('two');
        return Promise.reject(new Error('two failed'));
      }),
      inTurn(() => {
        seen.push('three');
        return Promise.resolve(3);
      }),
    ];
    first.open();
    const settled = await Promise.allSettled(results);
    expect(seen).toEqual(['one begins', 'one ends', 'two', 'three']);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

describe('marks', () => {
  test('tell news since a moment, per thing', () => {
    const marks = createMarks();
    marks.mark('a');
    const moment = marks.now();
    expect(marks.newsSince('a', moment)).toBe(false);
    marks.mark('b');
    expect([marks.newsSince('a', moment), marks.newsSince('b', moment)]).toEqual([false, true]);
  });
});

describe('a reloader', () => {
  test('tries until it works and says so once', async () => {
    const { log, lines } = recordingLog();
    let attempts = 0;
    const reloader = createReloader(log, () => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(new Error('away')) : Promise.resolve();
    });
    await reloader.request();
    expect(attempts).toBe(3);
    expect(lines.filter(({ msg }) => msg === 'roster.unread')).toHaveLength(1);
    await reloader.close();
  });

  test('a request during a run gets a run of its own, many requests share it', async () => {
    const gates = [gate(), gate()];
    let runs = 0;
    let atOnce = 0;
    const reloader = createReloader(silentLog, async () => {
      expect(++atOnce).toBe(1);
      await gates[runs++]?.passed;
      atOnce -= 1;
    });
    const first = reloader.request();
    const others = [reloader.request(), reloader.request(), reloader.request()];
    gates[0]?.open();
    await first;
    expect(runs).toBeLessThanOrEqual(2);
    gates[1]?.open();
    await Promise.all(others);
    expect(runs).toBe(2);
    await reloader.request();
    expect(runs).toBe(3);
    await reloader.close();
  });

  test('closed, it gives up', async () => {
    const reloader = createReloader(silentLog, () => Promise.reject(new Error('away')));
    const asked = reloader.request();
    await reloader.close();
    await asked;
  });
});

describe('a quiet pause', () => {
  test('ends at once when stopped, also before it began', async () => {
    const stop = new AbortController();
    const waiting = pause(60_000, stop.signal);
    stop.abort();
    await waiting;
    await pause(60_000, stop.signal);
  });
});
