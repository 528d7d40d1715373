import { defineConfig } from 'vitest/config';

/**
 * unit: no process, no network, all of it in seconds. real: the built program against a real bus, real keyrings,
 * the sandbox, real browsers; one file at a time, because two cores carry one browser comfortably.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/repo/**/*.test.ts'], testTimeout: 10_000 } },
      {
        test: {
          name: 'real',
          include: ['test/{contract,compat,cli,fake-aws,e2e}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
