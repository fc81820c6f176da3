import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedWaitSeconds, TALKS_NEEDED } from '../../src/routing/expected-wait.ts';
import { newEnrolment, stepOfCode } from '../../src/staff/one-time-codes.ts';
import { covers, ROLES, secondFactorConcerns, seesWholeNumbers } from '../../src/staff/rules.ts';

describe('roles', () => {
  it('cover themselves, and an admin a supervisor; nothing else', () => {
    for (const role of ROLES) {
      const covered = ROLES.filter((needed) => covers(role, [needed]));
      expect(covered).toEqual(role === 'admin' ? ['admin', 'supervisor'] : [role]);
    }
    expect(covers('expert', [])).toBe(false);
  });

  it('from supervisor on see numbers whole and need a second factor', () => {
    for (const role of ROLES) {
      const above = role === 'admin' || role === 'supervisor';
      expect([seesWholeNumbers(role), secondFactorConcerns(role)]).toEqual([above, above]);
    }
  });
});

describe('the expected wait', () => {
  const load = { waiting: 3, ready: 0, staffed: 4, handled: 20, handleSeconds: 240 };

  it('is the number ahead and oneself, in turns of all experts', () => {
    expect(expectedWaitSeconds(load)).toBe(240);
    expect(expectedWaitSeconds({ ...load, staffed: 8 })).toBe(120);
  });

  it('is nothing when an expert is free and nobody waits', () => {
    expect(expectedWaitSeconds({ ...load, waiting: 0, ready: 1, handled: 0, handleSeconds: null })).toBe(0);
  });

  it.each([
    ['nobody is at work', { staffed: 0 }],
    ['there were too few talks', { handled: TALKS_NEEDED - 1 }],
    ['there were none', { handled: 0, handleSeconds: null }],
  ])('is not known when %s', (_name, more) => {
    expect(expectedWaitSeconds({ ...load, ...more })).toBeNull();
  });

  it('never falls with more people ahead', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 3600 }),
        (waiting, staffed, handleSeconds) => {
          const at = (ahead: number) =>
            expectedWaitSeconds({ ...load, waiting: ahead, staffed, handleSeconds })!;
          expect(at(waiting + 1)).toBeGreaterThanOrEqual(at(waiting));
        },
      ),
    );
  });
});

describe('one-time codes', () => {
  it('agree with the published vectors', () => {
    // RFC 6238, appendix B, SHA-1; the last six of its eight digits.
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const vectors: [seconds: number, code: string][] = [
      ...([
        [59, '287082'],
        [1111111109, '081804'],
        [1111111111, '050471'],
      ] as [number, string][]),
      ...([
        [1234567890, '005924'],
        [2000000000, '279037'],
        [20000000000, '353130'],
      ] as [number, string][]),
    ];
    for (const [seconds, code] of vectors) {
      expect(stepOfCode(secret, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
      expect(stepOfCode(secret, code, (seconds + 30) * 1000)).toBe(Math.floor(seconds / 30));
      expect(stepOfCode(secret, code, (seconds + 90) * 1000)).toBeNull();
    }
  });

  it('have a fresh secret of 160 bits each', () => {
    const [first, second] = [newEnrolment('Clinic', 'a@b'), newEnrolment('Clinic', 'a@b')];
    expect(first.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(first.secret).not.toBe(second.secret);
    const uri = new URL(first.uri);
    expect(uri.protocol).toBe('otpauth:');
    expect(uri.searchParams.get('secret')).toBe(first.secret);
    expect(uri.searchParams.get('issuer')).toBe('Clinic');
  });
});
