import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { readInstant } from '../../src/web/instant.ts';
import { Instant } from '../../src/web/schemas.ts';

describe('an instant in a request', () => {
  test.each([
    ['2026-11-23T08:30:00+03:30', '2026-11-23T05:00:00.000Z'],
    ['2026-11-23T08:30+0330', '2026-11-23T05:00:00.000Z'],
    ['2026-11-23T08:30:00 03:30', '2026-11-23T05:00:00.000Z'],
    ['2026-11-23T05:00:00.250Z', '2026-11-23T05:00:00.250Z'],
  ])('%s', (text, instant) => {
    expect(readInstant(text)).toBe(Date.parse(instant));
  });
  test.each([
    '',
    '2026-11-23',
    '2026-11-23T08:30:00',
    '2026-02-30T08:30:00Z',
    '1763888400',
    'now',
    '2026-11-23T25:00:00Z',
    '2026-11-23T08:30:00Z[Asia/Tehran]',
    '2026-12-31T23:59:60Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('%j is none', (text) => expect(readInstant(text)).toBeNull());
});

describe('the schema of an instant', () => {
  test.each([
    '2026-11-23T08:30:00+03:30',
    '2026-11-23T05:00:00.250Z',
    '2026-11-23t05:00:00z',
    '2024-02-29T23:59:59-12:00',
    '1900-01-01T00:00:00Z',
    '2199-12-31T23:59:59.999999999Z',
  ])('takes %s, which is read', (text) => {
    expect(Value.Check(Instant, text)).toBe(true);
    expect(new Date(text).getTime()).toBe(readInstant(text));
  });

  test.each([
    '2026-11-23T08:30:00Z[Asia/Tehran]',
    '2026-11-23T08:30:00+03:30[Asia/Tehran][u-ca=persian]',
    '2026-12-31T23:59:60Z',
    '2026-11-23 08:30:00Z',
    '2026-02-29T08:30:00Z',
    '2026-11-23T08:30:00+24:00',
    '2026-11-23T08:30:00',
    '2026-11-23',
    '0000-01-01T00:00:00Z',
    '1899-12-31T23:59:59Z',
    '2200-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('refuses %s', (text) => expect(Value.Check(Instant, text)).toBe(false));
});
