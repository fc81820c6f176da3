import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeOf, fault, messageOf } from '../../src/platform/fault.ts';
import { projectPath } from '../../src/platform/root.ts';
import { isDataFault, loadStatement } from '../../src/platform/sql.ts';

describe('a fault', () => {
  test('keeps its code, its words and its cause', () => {
    const cause = new Error('underneath');
    const error = fault('database-away', 'PostgreSQL cannot be reached', cause);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'database-away', message: 'PostgreSQL cannot be reached', cause });
    expect('cause' in fault('plain', 'without a cause')).toBe(false);
  });

  test.each([
    [fault('a-code', ''), 'a-code'],
    [new Error('no code'), null],
    [{ code: 23505 }, null],
    ['text', null],
    [null, null],
    [undefined, null],
  ])('%s has the code %s', (thrown, code) => {
    expect(codeOf(thrown)).toBe(code);
  });

  test('whatever was thrown has words', () => {
    expect([messageOf(new Error('why')), messageOf('so'), messageOf(null)]).toEqual(['why', 'so', 'null']);
  });
});

describe("which of PostgreSQL's errors cannot be mended by trying again", () => {
  test.each(['22P02', '22008', '22P05', '23505', '23514', '23502', '54000'])(
    '%s: the values themselves',
    (code) => {
      expect(isDataFault(fault(code, ''))).toBe(true);
    },
  );

  test.each(['08006', '40001', '40P01', '42P01', '53300', '55P03', '57014', '57P01', 'ECONNREFUSED'])(
    '%s: the circumstances',
    (code) => {
      expect(isDataFault(fault(code, ''))).toBe(false);
    },
  );

  test('an error without a code is no fault of the values', () => {
    expect(isDataFault(new Error('Connection terminated unexpectedly'))).toBe(false);
  });
});

describe('files that are not TypeScript', () => {
  test("are found from the project's root", () => {
    expect(existsSync(projectPath('sql', 'migrations'))).toBe(true);
  });

  test('a statement is read by its name; nothing outside the queries can be named', () => {
    expect(loadStatement('calls/find-call')).toContain('from call_overview');
    for (const name of ['../migrations/000001_first-line', 'calls', '/etc/passwd', 'calls/../../x']) {
      expect(() => loadStatement(name)).toThrow(
        expect.objectContaining({ code: 'statement-unknown' }) as Error,
      );
    }
  });
});
