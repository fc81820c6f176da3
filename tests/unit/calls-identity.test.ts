import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callIdOf, isOfEarlierStart } from '../../src/calls/identity.ts';

describe('callIdOf', () => {
  it('is a UUIDv7 that carries the time of the channel', () => {
    const id = callIdOf('clinic', 'clinic-1700000000.7');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_007);
  });

  it('is the same for the same channel and another for any other', () => {
    expect(callIdOf('a', '1700000000.7')).toBe(callIdOf('a', '1700000000.7'));
    expect(callIdOf('a', '1700000000.7')).not.toBe(callIdOf('b', '1700000000.7'));
    expect(callIdOf('a', '1700000000.7')).not.toBe(callIdOf('a', '1700000000.1007'));
  });

  it('orders calls as their channels came', () => {
    const ids = [1, 2, 10, 99].map((serial) => callIdOf('clinic', `1700000000.${serial}`));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('makes an id of any channel name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (asterisk, channel) => callIdOf(asterisk, channel).length === 36),
    );
  });
});

describe('isOfEarlierStart', () => {
  it('tells channels of an Asterisk that is no more; within the second of the start it cannot', () => {
    expect(isOfEarlierStart('clinic-1700000000.1', 1700000001000)).toBe(true);
    expect(isOfEarlierStart('clinic-1700000000.1', 1700000000900)).toBe(false);
    expect(isOfEarlierStart('clinic-1700000005.1', 1700000001000)).toBe(false);
    expect(isOfEarlierStart('something else', 1700000001000)).toBe(false);
  });
});
