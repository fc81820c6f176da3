import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demoExpert } from '../../src/experts/demo-roster.ts';
import {
  expertOfChannel,
  isExpertId,
  presentIntent,
  readFeature,
  repeatedSpecialty,
  samePresence,
} from '../../src/experts/rules.ts';
import { newPassword, sipAccount } from '../../src/experts/softphone.ts';

describe('feature codes', () => {
  test('mean presence', () => {
    expect(readFeature('*45')).toEqual({ kind: 'presence', intent: 'ready' });
    expect(readFeature('*46')).toEqual({ kind: 'presence', intent: 'paused' });
    expect(readFeature('*47')).toEqual({ kind: 'presence', intent: 'offline' });
  });
  test('or an outcome', () => {
    for (const digit of '0123456789') expect(readFeature(`*5${digit}`)).toEqual({ kind: 'outcome', digit });
  });
  test.each(['', '*', '*4', '*48', '*5', '*5a', '*512', '45', '**45', '*45#', 'toString', '__proto__'])(
    '%j means nothing',
    (code) => {
      expect(readFeature(code)).toBeNull();
    },
  );
});

describe('whose telephone', () => {
  test.each([
    ['PJSIP/e001-00000012', 'e001'],
    ['PJSIP/e12345-0000abcd', 'e12345'],
  ])('%s is %s', (name, expert) => expect(expertOfChannel(name)).toBe(expert));
  test.each([
    'PJSIP/trunk-137-00000001',
    'PJSIP/e01-00000001',
    'PJSIP/e123456-00000001',
    'PJSIP/xe001-00000001',
    'PJSIP/e001',
    'Local/e001@experts-00000001;1',
    'SIP/e001-00000001',
    'PJSIP/e001-00000001\nPJSIP/e002-00000001',
    '',
  ])('%j is nobody', (name) => expect(expertOfChannel(name)).toBeNull());
  test('an endpoint is an expert by its name alone', () => {
    expect(['e001', 'e99999', 'trunk-137', 'e1', 'E001'].filter(isExpertId)).toEqual(['e001', 'e99999']);
  });
});

describe('presence', () => {
  const pause = { intent: 'paused', reason: 'missed-offers', until: 1000 } as const;
  test('a pause that ran out means ready; to the millisecond', () => {
    expect(presentIntent(pause, 999)).toEqual(pause);
    expect(presentIntent(pause, 1000)).toEqual({ intent: 'ready', reason: null, until: null });
  });
  test('a pause without an end, and what is no pause, stay', () => {
    for (const saved of [
      { ...pause, until: null },
      { intent: 'offline', reason: null, until: null } as const,
    ]) {
      expect(presentIntent(saved, 1e15)).toEqual(saved);
    }
  });
  test('is the same only in all three', () => {
    expect(samePresence(pause, { ...pause })).toBe(true);
    for (const change of [{ intent: 'ready' as const }, { reason: 'break' }, { until: 1001 }]) {
      expect(samePresence(pause, { ...pause, ...change })).toBe(false);
    }
  });
});

describe('skills', () => {
  test('a specialty named twice is found', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (names) => {
        const skills = names.map((specialty) => ({ specialty, level: 1 }));
        expect(repeatedSpecialty(skills) !== null).toBe(new Set(names).size < names.length);
      }),
    );
  });
});

describe('softphone secrets', () => {
  test('HA1 is what RFC 2617 says', () => {
    // The RFC's own example: the digest of "Mufasa:testrealm@host.com:Circle Of Life".
    expect(sipAccount('Mufasa', 'testrealm@host.com', 'Circle Of Life').ha1).toBe(
      '939e7578ed9e3c518a452acee763bce9',
    );
    const expected = createHash('md5').update('e001:clinic:x').digest('hex');
    expect(sipAccount('e001', 'clinic', 'x')).toEqual({ username: 'e001', realm: 'clinic', ha1: expected });
  });
  test('passwords are long, typeable and never the same', () => {
    const made = Array.from({ length: 500 }, newPassword);
    expect(new Set(made).size).toBe(500);
    for (const password of made) expect(password).toMatch(/^[A-HJ-NP-Za-km-np-z2-9]{24}$/);
  });
});

describe('the demo roster', () => {
  test('spreads twenty experts over the four specialties, some with two', () => {
    const experts = Array.from({ length: 20 }, (_, index) => demoExpert(index + 1));
    expect(experts.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, i) => `e${String(i + 1).padStart(3, '0')}`),
    );
    expect(new Set(experts.map(({ name }) => name)).size).toBe(20);
    for (const specialty of ['urban-planning', 'transport', 'urban-services', 'finance']) {
      expect(
        experts.filter(({ skills }) => skills.some((skill) => skill.specialty === specialty)).length,
      ).toBeGreaterThanOrEqual(5);
    }
    expect(experts.filter(({ skills }) => skills.length === 2)).toHaveLength(6);
    expect(experts.every(({ skills }) => repeatedSpecialty(skills) === null)).toBe(true);
  });
});
