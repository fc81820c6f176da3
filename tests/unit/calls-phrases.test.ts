import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { closedPhrase, positionPhrase } from '../../src/calls/phrases.ts';

const at = (iso: string) => DateTime.fromISO(iso, { zone: 'Asia/Tehran' });

describe('positionPhrase', () => {
  it('tells the first that a connection is near, all others to wait', () => {
    expect(positionPhrase(1)).toEqual(['queue/you-are', 'ordinal/1', 'queue/in-line', 'talk/connecting']);
    expect(positionPhrase(3)).toEqual(['queue/you-are', 'ordinal/3', 'queue/in-line', 'queue/please-wait']);
    expect(positionPhrase(99)[1]).toBe('ordinal/99');
  });

  it('counts no further than there are words', () => {
    expect(positionPhrase(100)).toEqual(['queue/beyond', 'queue/please-wait']);
  });
});

describe('closedPhrase', () => {
  const now = at('2026-11-23T19:00');

  it('says today before the opening of the same day', () => {
    expect(closedPhrase(null, at('2026-11-23T08:00'), at('2026-11-23T06:30'))).toEqual([
      'closed/clinic',
      'closed/opens',
      'day/today',
      'hour/8',
    ]);
  });

  it('says tomorrow across midnight, with minutes where there are any', () => {
    expect(closedPhrase(null, at('2026-11-24T08:30'), now)).toEqual([
      'closed/clinic',
      'closed/opens',
      'day/tomorrow',
      'hour/8',
      'minute/30',
    ]);
    expect(closedPhrase(null, at('2026-11-24T00:00'), at('2026-11-23T23:59'))[2]).toBe('day/tomorrow');
  });

  it('names the weekday and the specialty beyond', () => {
    // 26 November 2026 is a Thursday: Luxon's weekday 4.
    expect(closedPhrase('finance', at('2026-11-26T13:00'), now)).toEqual([
      'specialty/finance',
      'closed/specialty',
      'closed/opens',
      'weekday/4',
      'hour/13',
    ]);
  });

  it('does not promise an opening that nobody knows', () => {
    expect(closedPhrase(null, null, now)).toEqual(['closed/clinic', 'closed/unknown']);
  });
});
