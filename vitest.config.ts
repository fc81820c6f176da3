import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** One for each test file of the line that runs at the same time; `npm test` starts them. */
const STACKS = (process.env['CLINIC_TEST_STACKS'] ?? '').split(delimiter).length;

/** Where the machine itself is loaded: another test's sound would come late. */
const ALONE = ['hostile', 'reconnect-storm', 'exchange-lost'].map((name) => `tests/line/${name}.test.ts`);

/**
 * One exchange, one test at a time: what is left over after a test is that test's fault. They mostly wait for sound, so several
 * exchanges go side by side. Real sound in real time is now and then late on a busy machine: CI tries such a test once more,
 * and says which they were.
 */
function line(test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return {
    test: {
      include: ['tests/line/**/*.test.ts'],
      setupFiles: ['tests/support/own-stack.ts', 'tests/support/on-failure.ts'],
      retry: process.env['CI'] === 'true' ? 1 : 0,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      ...test,
    },
  };
}

export default defineConfig({
  test: {
    // One worker less than there are processors would be one on two of them, and twice the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      line({ name: 'line', exclude: ALONE, maxWorkers: STACKS, sequence: { groupOrder: 1 } }),
      line({ name: 'line-alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } }),
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
