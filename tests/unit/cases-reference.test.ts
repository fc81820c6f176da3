import { describe, expect, it } from 'vitest';
import { checkDigit, readReference, referenceOf, REFERENCES } from '../../src/cases/reference.ts';

/** Serials spread over the whole range, both ends among them. */
const step = 18_041;
const serials = Array.from({ length: Math.floor(REFERENCES / step) }, (_, n) => n * step).concat(
  REFERENCES - 1,
);
const DIGITS = [...'0123456789'];

describe('a reference', () => {
  it('has the check digit of the published example', () => {
    expect(checkDigit('572')).toBe('4');
    expect(checkDigit('5724')).toBe('0');
  });

  it('has eight digits, the first of them never 0, and is read as itself', () => {
    expect(referenceOf(0)).toMatch(/^1000000\d$/);
    expect(referenceOf(REFERENCES - 1)).toMatch(/^9999999\d$/);
    for (const serial of serials) expect(readReference(referenceOf(serial))).toBe(referenceOf(serial));
  });

  it('is none with any single digit wrong', () => {
    for (const serial of serials) {
      const digits = [...referenceOf(serial)];
      for (const [place, right] of digits.entries())
        for (const wrong of DIGITS.filter((digit) => digit !== right))
          expect(readReference(digits.with(place, wrong).join(''))).toBeNull();
    }
  });

  it('is none with any two neighbours exchanged', () => {
    for (const serial of serials) {
      const digits = [...referenceOf(serial)];
      for (let place = 0; place < 7; place++) {
        const [left = '', right = ''] = digits.slice(place, place + 2);
        if (left === right) continue;
        expect(
          readReference(
            digits
              .with(place, right)
              .with(place + 1, left)
              .join(''),
          ),
        ).toBeNull();
      }
    }
  });

  it('is read in Persian and Arabic digits, with blanks and dashes', () => {
    const reference = referenceOf(4_711_137);
    const inDigits = (zero: number) =>
      [...reference].map((digit) => String.fromCharCode(zero + Number(digit))).join('');
    for (const text of [inDigits(0x6f0), inDigits(0x660)]) expect(readReference(text)).toBe(reference);
    expect(readReference(` ${reference.slice(0, 4)}-${reference.slice(4)} `)).toBe(reference);
    expect(readReference(`${inDigits(0x6f0).slice(0, 4)}\u200c${reference.slice(4)}`)).toBe(reference);
  });

  it.each(['', '1', '0000000', '00000000', '100000000', 'abcdefgh', `${referenceOf(5)}0`])(
    'is not «%s»',
    (text) => {
      expect(readReference(text)).toBeNull();
    },
  );
});
