import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCaller } from '../../src/calls/caller.ts';
import { mayBeDialled } from '../../src/callbacks/rules.ts';

/** The dialplan's rule for keyed numbers takes what the application can read and call, and nothing else. */

const dialplan = readFileSync(new URL('../../dialplan/extensions.conf', import.meta.url), 'utf8');
const rule = /\[clinic-given\]([^]*?)\n\n/.exec(dialplan)?.[1] ?? '';
const patternsOf = (part: string) =>
  [...rule.matchAll(new RegExp(`"\\$\\{${part}\\}" =~ "([^"]+)"`, 'g'))].map(
    (match) => new RegExp(match[1]!),
  );
const whole = patternsOf('ARG1');
const paid = patternsOf('ARG1:-10');

const isTaken = (keyed: string) =>
  whole.some((pattern) => pattern.test(keyed)) && !paid.some((pattern) => pattern.test(keyed.slice(-10)));

describe('a keyed number', () => {
  it('is judged by patterns without groups: with one, =~ answers what it has found', () => {
    expect([whole.length, paid.length]).toEqual([4, 1]);
    for (const { source } of [...whole, ...paid]) expect(source).not.toContain('(');
  });

  it.each(['09121234567', '9121234567', '02188001122', '2188001122', '88001122', '00989121234567'])(
    '%s is taken',
    (keyed) => expect(isTaken(keyed)).toBe(true),
  );

  it.each(['', '137', '8800112', '0912123456', '091212345678', '00442079460000', '09091234567', '01234567'])(
    '%s is not',
    (keyed) => expect(isTaken(keyed)).toBe(false),
  );

  it('is taken where the application reads and may call it, whatever its length and beginning', () => {
    const destinations = '+98,!+98909';
    const beginnings = ['', '0', '00', '98', '980', '0098', '00980', '0044', '090', '909', '0909', '98909'];
    for (const beginning of beginnings)
      for (let length = 0; beginning.length + length <= 15; length += 1)
        for (const digit of ['0', '1', '2', '8', '9']) {
          const keyed = beginning + digit.repeat(length);
          const { number } = readCaller(keyed, false, '21');
          expect(isTaken(keyed), keyed).toBe(number !== null && mayBeDialled(number, destinations));
        }
  });
});
