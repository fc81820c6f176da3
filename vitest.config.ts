import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

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
      {
        // One exchange, one caller at a time: what is left over after a test is that test's fault. Real sound in real time is
        // now and then late on a busy machine: CI tries such a test once more, and says which they were.
        test: {
          name: 'line',
          include: ['tests/line/**/*.test.ts'],
          setupFiles: ['tests/support/on-failure.ts'],
          retry: process.env['CI'] === 'true' ? 1 : 0,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
