import { describe, expect, it } from 'vitest';
import { localIdOf } from '../../src/sms/kavenegar.ts';
import { isMobile, isWorthless, notBefore, type QuietHours } from '../../src/sms/rules.ts';
import { isTemplate, partsOf, TEMPLATES, textOf, type TemplateKey } from '../../src/sms/templates.ts';

/** What citizens are told by text, whom and when. */

const text = (key: TemplateKey): string => textOf(key, { reference: '12345678' }, '137');

describe('a text', () => {
  it.each<[TemplateKey, number]>([
    ['case-opened', 1],
    ['case-answered', 2],
    ['case-closed', 2],
    ['not-reached', 2],
  ])('%s is %i parts, tells the reference and who speaks, and has Persian digits only', (key, parts) => {
    expect(partsOf(text(key))).toBe(parts);
    expect(text(key)).toContain('۱۲۳۴۵۶۷۸');
    expect(text(key)).toContain('سامانهٔ ۱۳۷');
    expect(text(key)).not.toMatch(/[0-9a-zA-Z]|undefined/);
  });

  it('is there for every template, and nothing else is one', () => {
    expect(Object.keys(TEMPLATES).every(isTemplate)).toBe(true);
    expect(isTemplate('case-reopened')).toBe(false);
  });

  it('that nobody was reached says to whom gave up, and knows of no case, that it is about their call', () => {
    expect(text('not-reached')).toContain('در پی تماس شما');
  });

  it('is paid by parts of 70 characters, or of 67 where it is more than one', () => {
    expect([1, 70, 71, 134, 135, 201, 202].map((length) => partsOf('ا'.repeat(length)))).toEqual([
      ...[1, 1, 2, 2, 3, 3, 4],
    ]);
  });
});

describe('who is texted', () => {
  it.each([
    ['+989121234567', true],
    ['+982188001122', false],
    ['+4915112345678', false],
    ['+98912123456', false],
    ['09121234567', false],
  ])('%s: %s', (number, is) => expect(isMobile(number)).toBe(is));
});

describe('the quiet hours', () => {
  const quiet: QuietHours = { zone: 'Asia/Tehran', from: 22, until: 8 };
  const at = (time: string): number => Date.parse(`2026-12-05T${time}:00+03:30`);
  const asked = (now: string, ended: string | null = null, hours = quiet): string | null => {
    const then = notBefore({ answersAt: ended === null ? null : at(ended), now: at(now) }, hours);
    return then === null ? null : new Date(then).toISOString();
  };

  it.each([
    ['21:59', null],
    ['22:00', '2026-12-06T04:30:00.000Z'],
    ['23:59', '2026-12-06T04:30:00.000Z'],
    ['00:00', '2026-12-05T04:30:00.000Z'],
    ['07:59', '2026-12-05T04:30:00.000Z'],
    ['08:00', null],
  ])('put off what is asked for at %s until %s', (time, until) => {
    expect(asked(time)).toBe(until);
  });

  it('let through what answers a call of the last quarter of an hour, whenever it was asked for', () => {
    expect(asked('23:15', '23:00')).toBeNull();
    expect(asked('23:16', '23:00')).toBe('2026-12-06T04:30:00.000Z');
  });

  it('may lie within a day, or be none', () => {
    expect(asked('13:30', null, { ...quiet, from: 13, until: 15 })).toBe('2026-12-05T11:30:00.000Z');
    expect(asked('15:00', null, { ...quiet, from: 13, until: 15 })).toBeNull();
    for (const hour of ['00:00', '08:00', '23:30'])
      expect(asked(hour, null, { ...quiet, from: 8, until: 8 })).toBeNull();
  });
});

it('a text a day old is worth nothing any more', () => {
  expect(isWorthless(0, 86_400_000)).toBe(false);
  expect(isWorthless(0, 86_400_001)).toBe(true);
});

it('an id is a whole number of 63 bits to the gateway, of two in a row not the same', () => {
  const [one, other] = ['0199d1a2-b3c4-7def-8000-000000000001', '0199d1a2-b3c4-7df0-8000-000000000001'];
  expect(localIdOf(one)).toMatch(/^[1-9][0-9]{0,18}$/);
  expect(BigInt(localIdOf(one)) < 2n ** 63n).toBe(true);
  expect(localIdOf(one)).not.toBe(localIdOf(other));
});
