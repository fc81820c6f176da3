import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { closedPhrase, positionPhrase, waitPhrase } from '../../src/calls/phrases.ts';

const at = (iso: string) => DateTime.fromISO(iso, { zone: 'Asia/Tehran' });

describe('positionPhrase', () => {
  const youAre = (place: number) => ['queue/you-are', `ordinal/${place}`, 'queue/in-line'];
  const instead = ['queue/please-wait', 'queue/keys'];

  it('tells the first that a connection is near, all others to wait and what there is instead', () => {
    expect(positionPhrase(1, false)).toEqual([...youAre(1), 'talk/connecting']);
    expect(positionPhrase(3, false)).toEqual([...youAre(3), ...instead]);
    expect(positionPhrase(99, true)).toEqual([...youAre(99), ...instead]);
  });

  it('does not tell the first a second time that it is near', () => {
    expect(positionPhrase(1, true)).toEqual([...youAre(1), ...instead]);
  });

  it('tells how long, where that is known, in minutes between, below or above', () => {
    const minutes = (count: number) => [`count/${count}`, 'wait/minutes'];
    const between = ['wait/between', 'count/5', 'wait/to', ...minutes(10)];
    expect(positionPhrase(3, true, waitPhrase(5, 10))).toEqual([...youAre(3), ...between, ...instead]);
    expect(positionPhrase(1, false, waitPhrase(0, 4))).toEqual([
      ...[...youAre(1), 'wait/below', ...minutes(4), ...instead],
    ]);
    expect(positionPhrase(100, true, waitPhrase(60, null))).toEqual([
      ...['queue/beyond', 'wait/above', ...minutes(60), ...instead],
    ]);
  });

  it('counts no further than there are words', () => {
    expect(positionPhrase(100, false)).toEqual(['queue/beyond', ...instead]);
  });
});

const closed = (specialty: string | null, opensAt: DateTime | null) => ({
  ...{ specialty, opensAt, closure: null, holiday: false },
});

describe('closedPhrase', () => {
  const now = at('2026-11-23T19:00');

  it('says today before the opening of the same day', () => {
    expect(closedPhrase(closed(null, at('2026-11-23T08:00')), at('2026-11-23T06:30'))).toEqual([
      'closed/clinic',
      'closed/opens',
      'day/today',
      'hour/8',
    ]);
  });

  it('says tomorrow across midnight, with minutes where there are any', () => {
    expect(closedPhrase(closed(null, at('2026-11-24T08:30')), now)).toEqual([
      'closed/clinic',
      'closed/opens',
      'day/tomorrow',
      'hour/8',
      'minute/30',
    ]);
    expect(closedPhrase(closed(null, at('2026-11-24T00:00')), at('2026-11-23T23:59'))[2]).toBe(
      'day/tomorrow',
    );
  });

  it('names the weekday and the specialty beyond', () => {
    // 26 November 2026 is a Thursday: Luxon's weekday 4.
    expect(closedPhrase(closed('finance', at('2026-11-26T13:00')), now)).toEqual([
      'specialty/finance',
      'closed/specialty',
      'closed/opens',
      'weekday/4',
      'hour/13',
    ]);
  });

  it('does not promise an opening that nobody knows', () => {
    expect(closedPhrase(closed(null, null), now)).toEqual(['closed/clinic', 'closed/unknown']);
  });

  it('gives the date too where the weekday alone would not do: the solar one', () => {
    // Thursday, 3 December 2026 is 12 Azar 1405.
    expect(closedPhrase(closed(null, at('2026-12-03T08:00')), at('2026-11-26T10:00'))).toEqual([
      ...['closed/clinic', 'closed/opens'],
      ...['weekday/4', 'date/12', 'month/9', 'hour/8'],
    ]);
    expect(closedPhrase(closed(null, at('2026-12-02T08:00')), at('2026-11-26T10:00'))[2]).toBe('weekday/3');
  });

  it('says why, where there is a reason', () => {
    const opensAt = at('2026-11-24T08:00');
    const told = ['closed/opens', 'day/tomorrow', 'hour/8'];
    const snow = { ...closed('finance', opensAt), closure: 'snow' };
    expect(closedPhrase(snow, now)).toEqual(['specialty/finance', 'closure/snow', ...told]);
    expect(closedPhrase({ ...snow, specialty: null }, now)).toEqual(['closure/snow', ...told]);
    expect(closedPhrase({ ...closed('finance', opensAt), holiday: true }, now)).toEqual([
      'closed/holiday',
      ...told,
    ]);
  });
});
