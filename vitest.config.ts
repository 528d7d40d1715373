import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Patience for what another process does on a machine that is busy; `expect.poll` alone would give it one second. */
const real = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000, interval: 50 } } };

/**
 * unit: no process, no network, all of it in seconds. real: the built program against a real bus, real keyrings and the sandbox;
 * each file has a home, a bus and ports of its own, so that they run side by side. browser: the same with real browsers, one file
 * at a time and nothing beside it, because two cores carry one browser comfortably.
 */
export default defineConfig({
  test: {
    // One more than the cores of a small machine: many a file waits for a timer of the program most of its time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/repo/**/*.test.ts'], testTimeout: 30_000 },
      },
      { extends: true, test: { name: 'real', include: ['test/{contract,compat,cli,fake-aws}/**/*.test.ts'], ...real } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          ...real,
        },
      },
    ],
  },
});
