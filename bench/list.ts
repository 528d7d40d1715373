import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { KEYTURN, type World } from '../test/cli/world.ts';
import { worldWithProfiles } from './people.ts';
import { baselineRow, heading, ratioRow } from './report.ts';
import { interleaved } from './samples.ts';

const RUNS = 25;
const NODE = path.resolve('dist/lib/node');
const KEYS = 200;
const SIZES = { small: 500, medium: 1000, large: 2000 } as const;

/** A list of very many profiles: how long it takes, and whether twice as many take more than twice as long. */
export async function benchList(): Promise<void> {
  const worlds = await Promise.all(Object.values(SIZES).map((count) => worldWithProfiles(count)));
  try {
    for (const world of worlds) addKeys(world);
    const [small, medium, large] = worlds;
    if (small === undefined || medium === undefined || large === undefined) throw new Error('three worlds');
    heading(`keyturn list with ${KEYS} keys, whole process, median (least-most) of ${RUNS} runs in turn`);
    const samples = await interleaved(RUNS, {
      bare: () => milliseconds(NODE, ['-e', '0'], large),
      small: () => milliseconds(KEYTURN, ['list'], small),
      medium: () => milliseconds(KEYTURN, ['list'], medium),
      large: () => milliseconds(KEYTURN, ['list'], large),
      json: () => milliseconds(KEYTURN, ['list', '--json'], large),
      names: () => milliseconds(KEYTURN, ['list', '--profiles'], large),
    });
    baselineRow('node -e 0', samples.bare);
    ratioRow(`${SIZES.small} profiles`, samples.small, samples.bare);
    ratioRow(`${SIZES.medium} profiles`, samples.medium, samples.bare);
    ratioRow(`${SIZES.large} profiles`, samples.large, samples.bare, { atMost: 3 });
    ratioRow(`${SIZES.large} profiles, --json`, samples.json, samples.bare, { atMost: 3 });
    ratioRow(`${SIZES.large} profiles, --profiles`, samples.names, samples.bare);
    // What 1000 more profiles cost, against twice what 500 more cost: 1 where the time grows in proportion.
    const [least, middle, most] = [samples.small, samples.medium, samples.large].map((times) => Math.min(...times));
    const growth = ((most ?? 0) - (middle ?? 0)) / (2 * ((middle ?? 0) - (least ?? 0)));
    console.log(`  1000 more profiles against 2 x 500 more   x ${growth.toFixed(2)}  (1 is linear)`);
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}

/** Listing opens no item, so copies of one under other names do. */
function addKeys({ vaultDir }: World): void {
  const names = Array.from({ length: KEYS - 1 }, (_, index) => `team-${index}-prod`);
  for (const name of names) fs.copyFileSync(path.join(vaultDir, 'p'), path.join(vaultDir, name));
}

function milliseconds(file: string, args: readonly string[], { env, home }: World): number {
  const startedAt = performance.now();
  const { status, error } = spawnSync(file, args, { env, cwd: home, stdio: 'ignore' });
  const elapsed = performance.now() - startedAt;
  if (status !== 0) throw error ?? new Error(`${path.basename(file)} ${args.join(' ')} ended with ${status}`);
  return elapsed;
}
