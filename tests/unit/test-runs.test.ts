import { describe, expect, it } from 'vitest';
import { stacksFor, tally } from '../../src/stack/test-runs.mjs';

/** What a run of the tests needs, and what came of it. */

const passed = (fullName: string, ...failureMessages: string[]) => ({
  ...{ fullName, status: 'passed', failureMessages },
});

function report(assertionResults: readonly { fullName: string; status: string }[], pending = 0) {
  const count = (status: string) => assertionResults.filter((one) => one.status === status).length;
  return {
    ...{ numPassedTests: count('passed'), numFailedTests: count('failed') },
    ...{ numPendingTests: pending, numTodoTests: 0 },
    testResults: [{ name: 'a.test.ts', status: count('failed') > 0 ? 'failed' : 'passed', assertionResults }],
  };
}

describe('a run', () => {
  it('is good when all passed', () => {
    const found = tally(report([passed('one'), passed('two')]), 0, true);
    expect(found).toEqual({ line: '2 passed, 0 failed, 0 skipped', complaints: [], unsteady: [] });
  });

  it('is not good when one failed, none ran, or it ended badly otherwise', () => {
    const failed = tally(report([passed('one'), { fullName: 'two', status: 'failed' }]), 1, true);
    expect(failed).toMatchObject({ line: '1 passed, 1 failed, 0 skipped', complaints: ['1 failed'] });
    expect(tally(null, 1, true).complaints).toContain('no test ran');
    expect(tally(report([]), 0, true).complaints).toEqual(['no test ran']);
    expect(tally(report([passed('one')]), 1, true).complaints).toHaveLength(1);
  });

  it('counts a file that could not be loaded as a failure', () => {
    const unloaded = { name: 'b.test.ts', status: 'failed', assertionResults: [] };
    const whole = report([passed('one')]);
    const found = tally({ ...whole, testResults: [...whole.testResults, unloaded] }, 1, true);
    expect(found).toMatchObject({ line: '1 passed, 1 failed, 0 skipped', complaints: ['1 failed'] });
  });

  it('may skip tests only where nobody is strict', () => {
    expect(tally(report([passed('one')], 1), 0, true).complaints).toHaveLength(1);
    expect(tally(report([passed('one')], 1), 0, false).complaints).toEqual([]);
  });

  it('names what passed at the second attempt only, and does not take many of them', () => {
    const late = (name: string) => passed(name, 'Error: not heard\n    at phones.ts:1');
    const few = tally(report([passed('one'), late('two')]), 0, true);
    expect(few).toMatchObject({ complaints: [], unsteady: ['two: Error: not heard'] });
    const many = tally(report(Array.from({ length: 6 }, (_, at) => late(`late ${at}`))), 0, true);
    expect(many.unsteady).toHaveLength(6);
    expect(many.complaints).toEqual(['6 passed at the second attempt only; up to 5 are taken']);
  });
});

describe('how many stacks a run wants', () => {
  it.each([
    [[], 2],
    [['tests/line/'], 2],
    [['tests/line/menu.test.ts', 'tests/line/hours.test.ts'], 2],
    [['tests/line/menu.test.ts'], 1],
    [['tests/unit/log.test.ts', 'tests/line/menu.test.ts'], 1],
    [['tests/integration'], 1],
    [['--project', 'integration'], 1],
    [['tests/unit/log.test.ts', '-t', 'masks'], 0],
    [['--project', 'unit'], 0],
    [['--project=unit', '--project=line'], 2],
  ])('for %j: %s', (args, wanted) => {
    expect(stacksFor(args)).toBe(wanted);
  });
});
