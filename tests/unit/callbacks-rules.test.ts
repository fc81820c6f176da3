import { describe, expect, it } from 'vitest';
import {
  afterTakenBack,
  dialledAs,
  mayBeDialled,
  policyOf,
  resultOf,
  whatFollows,
} from '../../src/callbacks/rules.ts';
import { readConfig } from '../../src/config.ts';
import { soundKey } from '../support/vault.ts';

/** When a citizen is called again, and at which numbers. */

const config = readConfig({
  ...{ DATABASE_URL: 'postgres://x/x', ARI_PASSWORD: 'a', AMI_PASSWORD: 'a' },
  RECORDINGS_KEY: soundKey('of nothing'),
});
const policy = policyOf(config);
const HOUR = 3600;

describe('after an attempt', () => {
  it('a talk or the citizen’s word ends it', () => {
    expect(whatFollows('talked', 1, policy)).toEqual({ state: 'done', attempts: 1 });
    expect(whatFollows('not-needed', 0, policy)).toEqual({ state: 'declined', attempts: 0 });
  });

  it('a busy line is called soon, silence some hours later, then another day', () => {
    expect(whatFollows('busy', 0, policy)).toEqual({ state: 'pending', attempts: 1, afterSeconds: 600 });
    expect(whatFollows('no-answer', 0, policy)).toMatchObject({ attempts: 1, afterSeconds: 3 * HOUR });
    expect(whatFollows('silent', 1, policy)).toMatchObject({ attempts: 2, afterSeconds: 24 * HOUR });
    // Who is on the telephone for long is not given up within minutes.
    expect(whatFollows('busy', 1, policy)).toMatchObject({ attempts: 2, afterSeconds: 24 * HOUR });
  });

  it('it is given up after as many as are promised', () => {
    for (const result of ['busy', 'no-answer', 'rejected', 'unobtainable', 'silent', 'hung-up'] as const)
      expect(whatFollows(result, policy.attempts - 1, policy)).toEqual({ state: 'given-up', attempts: 3 });
  });

  it('what was not the citizen’s telephone does not count', () => {
    for (const result of ['closed', 'recalled', 'unreachable', 'lost', 'postponed'] as const)
      expect(whatFollows(result, 2, policy)).toMatchObject({ state: 'pending', attempts: 2 });
  });
});

it.each(['listed', 'destination-refused'] as const)('%s leaves the citizen to the staff', (result) => {
  expect(whatFollows(result, 1, policy)).toEqual({ state: 'cancelled', attempts: 1 });
});

it('a network that reaches others but not this number is an attempt', () => {
  expect(whatFollows('unreachable', 0, policy, true)).toMatchObject({ attempts: 1, afterSeconds: 3 * HOUR });
});

it('who was taken back is called no more, unless they have put it off', () => {
  const after = (result: 'no-answer' | 'talked' | 'postponed') =>
    afterTakenBack(result, whatFollows(result, 1, policy));
  expect(after('no-answer')).toEqual({ state: 'cancelled', attempts: 2 });
  expect(after('talked')).toEqual({ state: 'done', attempts: 1 });
  expect(after('postponed')).toMatchObject({ state: 'pending', attempts: 1 });
});

describe('what the ledger says of an attempt', () => {
  it.each([
    ['answered', null, 'talked'],
    ['callback', 'busy', 'busy'],
    ['abandoned', null, 'hung-up'],
    ['voicemail', null, 'message-left'],
    ['failed', null, 'lost'],
    ['answered', 'lost', 'talked'],
  ])('%s, %s is %s', (ending, tried, result) => {
    expect(resultOf(ending, tried)).toBe(result);
  });
});

describe('a destination', () => {
  const list = config.CALLBACK_DESTINATIONS;
  it.each(['+989121234567', '+982188001122', '+989351234567'])('%s may be dialled', (number) => {
    expect(mayBeDialled(number, list)).toBe(true);
  });
  it.each(['+442079460000', '+989091234567', '137', '', '09121234567', '+98912123456700000'])(
    '%s may not',
    (number) => {
      expect(mayBeDialled(number, list)).toBe(false);
    },
  );
  it('is written as the trunk wants it', () => {
    expect(dialledAs('+989121234567', 'national')).toBe('09121234567');
    expect(dialledAs('+442079460000', 'national')).toBe('00442079460000');
    expect(dialledAs('+989121234567', 'international')).toBe('+989121234567');
  });
});
