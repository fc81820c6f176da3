import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCaller } from '../../src/calls/caller.ts';

const read = (received: string) => readCaller(received, false, '21');

describe('readCaller', () => {
  it.each(['+989121234567', '00989121234567', '989121234567', '09121234567', '9121234567', '+9809121234567'])(
    'takes %s as the same mobile',
    (received) => {
      expect(read(received)).toEqual({ number: '+989121234567', reason: null });
    },
  );

  it.each(['+982188776655', '00982188776655', '982188776655', '02188776655', '2188776655', '88776655'])(
    'takes %s as the same local number',
    (received) => {
      expect(read(received)).toEqual({ number: '+982188776655', reason: null });
    },
  );

  it('puts the configured area code before a local number', () => {
    expect(readCaller('38776655', false, '51').number).toBe('+985138776655');
  });

  it('reads a local number that begins like the country code as local', () => {
    expect(read('98123456').number).toBe('+982198123456');
  });

  it('keeps a foreign number', () => {
    expect(read('+4915112345678').number).toBe('+4915112345678');
    expect(read('004915112345678').number).toBe('+4915112345678');
  });

  it('knows withheld from absent from invalid', () => {
    expect(read('')).toEqual({ number: null, reason: 'withheld' });
    expect(readCaller('09121234567', true, '21')).toEqual({ number: null, reason: 'withheld' });
  });

  it.each([
    '137',
    '12',
    '0',
    '+',
    '00',
    '0912123456',
    '091212345678',
    '+98912',
    '1234567890123456',
    '+0123456789',
  ])('refuses %s as invalid', (received) => {
    expect(read(received)).toEqual({ number: null, reason: 'invalid' });
  });

  it('gives E.164 or null with a reason, whatever comes', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (received, withheld) => {
        const { number, reason } = readCaller(received, withheld, '21');
        expect(number === null).toBe(reason !== null);
        if (number !== null) expect(number).toMatch(/^\+[1-9][0-9]{6,14}$/);
      }),
    );
  });
});
