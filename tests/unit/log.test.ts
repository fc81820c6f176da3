import { describe, expect, it } from 'vitest';
import { createLog, maskNumber, switchDebug } from '../../src/log.ts';

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

function recorded(level = 'info') {
  const lines: string[] = [];
  const log = createLog(level, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

describe('a log line', () => {
  it.each([
    'invalid input: "+989121234567"',
    'PJSIP/09121234567-00000001 is gone',
    'sip:09121234567@10.0.0.1',
    '00989121234567',
    'caller=%2B989121234567&x',
  ])('hides the number in %s', (detail) => {
    const { log, lines } = recorded();
    log.warn({ detail }, 'thing.failed');
    expect(lines.join('')).not.toContain('9121234567');
    expect(lines.join('')).toContain('67');
  });

  it.each([
    '01a21685-6a6a-7000-8000-012345678912',
    'clinic-1795674172.10',
    '1795674172123-0',
    'e2aa8d2f395c12345678ab@10.0.0.1',
    '2026-11-26T06:22:52.401Z',
    'connect ECONNREFUSED 127.0.0.1:54321',
  ])('leaves %s as it is', (detail) => {
    const { log, lines } = recorded();
    log.warn({ detail }, 'thing.failed');
    expect(lines.join('')).toContain(JSON.stringify(detail));
  });

  it('tells of an error where, what and why, and nothing that was sent', () => {
    const { log, lines } = recorded();
    const cause = new Error('row of +989121234567');
    const error = Object.assign(new Error('refused for 09121234567', { cause }), {
      code: '23514',
      table: 'calls',
      detail: 'Failing row contains (09121234567)',
      command: { name: 'hset', args: ['secret note', '{"caller":"+989121234567"}'] },
    });
    log.error({ err: error }, 'thing.failed');
    const [line] = lines.map((text) => JSON.parse(text) as { err: Record<string, unknown> });
    expect(Object.keys(line?.err ?? {}).sort()).toEqual(['code', 'message', 'stack', 'table', 'type']);
    expect(line?.err).toMatchObject({ code: '23514', table: 'calls', type: 'Error' });
    expect(line?.err['message']).toMatch(/^refused for \*+67: row of \+98\*+67$/);
    expect(lines.join('')).not.toMatch(/9121234567|secret note/);
  });

  it('tells every error of several, and what is thrown without being one', () => {
    const { log, lines } = recorded();
    const several = new AggregateError([new Error('first 09121234567'), 'second'], 'both');
    log.error({ err: several }, 'thing.failed');
    log.error({ err: 'only 09121234567' }, 'thing.failed');
    expect(lines[0]).toContain('first');
    expect(lines[0]).toContain('second');
    expect(lines[1]).toContain('only ');
    expect(lines.join('')).not.toContain('9121234567');
  });
});

describe('switchDebug', () => {
  it('shows more, of calls in progress too, and back', () => {
    const { log, lines } = recorded();
    const before = log.child({ callId: 'before' });
    log.debug('a.hidden');
    switchDebug(log, 'info');
    log.child({ callId: 'after' }).debug('b.shown');
    before.debug('c.shown');
    switchDebug(log, 'info');
    before.debug('d.hidden');
    log.child({ callId: 'later' }).debug('e.hidden');
    const told = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(told).toEqual(['log-level.changed', 'b.shown', 'c.shown', 'log-level.changed']);
  });
});
