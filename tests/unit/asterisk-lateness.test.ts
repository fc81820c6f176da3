import { expect, test } from 'vitest';
import { createLateness } from '../../src/asterisk/lateness.ts';

/** The exchange's clock is an hour behind ours. */
const BEHIND_MS = 3_600_000;

function scene() {
  const world = { now: Date.parse('2026-11-29T10:00:00Z') };
  const lateness = createLateness({ now: () => world.now, monotonic: () => 0 });
  const echo = (tookMs: number, onItsWay = 0) => lateness.heardEcho(world.now - onItsWay - BEHIND_MS, tookMs);
  /** Happens now, and is heard of after so long. */
  const heardAfter = (ms: number) => {
    const at = world.now - BEHIND_MS;
    world.now += ms;
    return lateness.since(at);
  };
  return { echo, heardAfter };
}

test('what was told while we stood still is as late as that, whatever the exchange takes the time to be', () => {
  const { echo, heardAfter } = scene();
  echo(5);
  expect(heardAfter(3000)).toBe(3000);
});

test('nothing is late that was heard at once, or a busy moment later', () => {
  const { echo, heardAfter } = scene();
  echo(5);
  expect([heardAfter(0), heardAfter(200)]).toEqual([0, 0]);
});

test('an echo that was long under way does not speak for the clocks where a better one has', () => {
  const { echo, heardAfter } = scene();
  echo(5);
  echo(4000, 4000);
  expect(heardAfter(3000)).toBe(3000);
});

test('before any echo, and where a clock was set, nobody can know', () => {
  const { echo, heardAfter } = scene();
  expect(heardAfter(3000)).toBe(0);
  echo(5);
  expect(heardAfter(3_600_000)).toBe(0);
});
