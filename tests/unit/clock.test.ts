import { beforeEach, describe, expect, it } from 'vitest';
import { createSteadyClock, type SteadyClock } from '../../src/clock.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 10, 28);

let wall: number;
let monotonic: number;
let clock: SteadyClock;

function pass(ms: number, wallMs = ms): void {
  monotonic += ms;
  wall += wallMs;
}

beforeEach(() => {
  wall = START;
  monotonic = 500;
  clock = createSteadyClock({ now: () => wall, monotonic: () => monotonic });
});

describe('the steady clock', () => {
  it('is the wall clock as long as that goes as it should', () => {
    pass(5000);
    expect(clock.now()).toBe(START + 5000);
    // The wall clock is kept right by small corrections, forward and back.
    pass(60_000, 60_400);
    expect(clock.now()).toBe(START + 65_400);
    pass(60_000, 59_900);
    expect(clock.now()).toBe(START + 125_300);
    expect(clock.jumped()).toBe(0);
  });

  it('never goes back by a correction', () => {
    const before = clock.now();
    pass(10, -300);
    expect(clock.now()).toBe(before);
  });

  it.each([HOUR_MS, -HOUR_MS])('goes on through a jump of %d ms', (jump) => {
    pass(1000);
    wall += jump;
    pass(1000);
    expect(clock.now()).toBe(START + 2000);
    expect(clock.jumped()).toBe(jump);
    clock.adopt();
    expect(clock.now()).toBe(START + 2000 + jump);
    expect(clock.jumped()).toBe(0);
  });

  it('forgets a jump that is taken back', () => {
    wall += HOUR_MS;
    expect(clock.now()).toBe(START);
    wall -= HOUR_MS;
    pass(1000);
    expect(clock.now()).toBe(START + 1000);
    expect(clock.jumped()).toBe(0);
  });
});
