import { describe, expect, it } from 'vitest';
import { maskNumber } from '../../src/log.ts';

describe('maskNumber', () => {
  it.each([
    ['+989121234567', '+98********67'],
    ['09121234567', '*********67'],
    ['88776655', '******55'],
    ['12345', '*****'],
    ['', ''],
  ])('%s becomes %s', (number, masked) => {
    expect(maskNumber(number)).toBe(masked);
  });

  it('leaves a number that is not known unknown', () => {
    expect(maskNumber(null)).toBeNull();
  });
});
