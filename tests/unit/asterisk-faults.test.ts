import { describe, expect, test } from 'vitest';
import { AsteriskFault, brief, meansGone, orNull, reached } from '../../src/asterisk/faults.ts';
import { commaList, safeArguments, safeText } from '../../src/asterisk/values.ts';

const refused = (status: number, reason = ''): AsteriskFault =>
  new AsteriskFault('ari-refused', 'refused', { status, reason, method: 'POST', path: '/ari/channels/x' });

describe('"gone"', () => {
  test.each([
    [refused(404), true],
    [refused(409), true],
    [refused(410), true],
    [refused(422), true],
    [refused(400, 'Channel not found'), true],
    [refused(400, 'Provided originator channel was not found'), true],
    [refused(400, 'Missing parameter'), false],
    [refused(412), false],
    [refused(500, 'Allocation failed'), false],
    [refused(401), false],
    [new AsteriskFault('ami-refused', 'x', { reason: 'Channel does not exist.' }), true],
    [new AsteriskFault('ami-refused', 'x', { reason: 'Permission denied' }), false],
    [new AsteriskFault('ari-timeout', 'late'), false],
    [new AsteriskFault('link-down', 'down'), false],
    [new Error('Channel not found'), false],
    ['Channel not found', false],
  ])('%s → %s', (fault, gone) => {
    expect(meansGone(fault)).toBe(gone);
  });

  test('is an outcome, and everything else is thrown as it is', async () => {
    expect(await reached(Promise.resolve('x'))).toBe('done');
    expect(await reached(Promise.reject(refused(404)))).toBe('gone');
    const late = new AsteriskFault('ari-timeout', 'late');
    await expect(reached(Promise.reject(late))).rejects.toBe(late);
    expect(await orNull(Promise.resolve(7))).toBe(7);
    expect(await orNull(Promise.reject(refused(404)))).toBeNull();
    await expect(orNull(Promise.reject(late))).rejects.toBe(late);
  });
});

test('a fault says what, where and why', () => {
  const cause = new Error('ECONNRESET');
  const fault = new AsteriskFault('ari-unreachable', 'broke off', {
    cause,
    method: 'GET',
    path: '/ari/channels',
  });
  expect(fault).toMatchObject({
    code: 'ari-unreachable',
    method: 'GET',
    path: '/ari/channels',
    status: null,
    reason: null,
    cause,
  });
  expect(brief(fault)).toBe('ari-unreachable: broke off');
  expect(brief('text')).toBe('text');
  expect(brief(new Error('other'))).toBe('other');
});

describe('values', () => {
  test.each(['\r', '\n', 'a\r\nb', '\u0000', '\t', '\u001b[0m', '\u007f'])(
    '%j is refused, without being repeated',
    (value) => {
      const refusal = (): string => safeText('a value', `secret${value}`);
      expect(refusal).toThrow(expect.objectContaining({ code: 'value-refused' }));
      expect(refusal).not.toThrow(/secret/);
    },
  );

  test.each(['', 'a b', 'حمل و نقل', '"137" <137>', 'a=b&c;d', '%0d%0a'])('%j passes as it is', (value) => {
    expect(safeText('a value', value)).toBe(value);
  });

  test('are checked at any depth, names too', () => {
    expect(() => safeArguments({ a: 'b', c: { d: 'e\n' } })).toThrow('control character');
    expect(() => safeArguments({ a: 'b', c: { 'd\r': 'e' } })).toThrow('control character');
    expect(() => safeArguments({ fields: [{ attribute: 'x', value: 'y\n' }] })).toThrow('control character');
    expect(() =>
      safeArguments({ a: 'b', c: { d: 'e' }, f: 7, g: undefined, h: null, i: true }),
    ).not.toThrow();
  });

  test('that are joined by commas have none of their own', () => {
    expect(commaList('an argument', ['expert', 'x', ''])).toBe('expert,x,');
    expect(() => commaList('an argument', ['expert', 'x,y'])).toThrow(
      expect.objectContaining({ code: 'value-refused' }),
    );
    expect(() => commaList('an argument', ['expert\n'])).toThrow(
      expect.objectContaining({ code: 'value-refused' }),
    );
  });
});
