import { describe, expect, it } from 'vitest';
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
