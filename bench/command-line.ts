import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { HostProcess } from '../test/cli/host-process.ts';
import { KEYTURN, type World } from '../test/cli/world.ts';
import { startSessionBus } from '../test/contract/session-bus.ts';
import { PROFILE_COUNT, worldWithProfiles } from './people.ts';
import { baselineRow, heading, notMeasured, ratioRow, type Target } from './report.ts';
import { interleaved } from './samples.ts';

const RUNS = 40;
const NODE = path.resolve('dist/lib/node');

/** Whole processes, from their start to their end, against Node's own start with nothing to do. */
export async function benchCommandLine(): Promise<void> {
  // Their items have aws-vault's rounds.
  const small = await worldWithProfiles(1);
  const large = await worldWithProfiles(PROFILE_COUNT);
  try {
    heading(`Start of the command line, whole process, median (least-most) of ${RUNS} runs in turn`);
    const cached = ['exec', 'p', '--', 'true'];
    const samples = await interleaved(RUNS, {
      bare: () => millisecondsOf(NODE, ['-e', '0'], small),
      version: () => millisecondsOf(KEYTURN, ['--version'], small),
      exec: () => millisecondsOf(KEYTURN, cached, small),
      complete: () => millisecondsOf(KEYTURN, ['__complete', 'bash', '=p', 'exec'], small),
      completeOfMany: () => millisecondsOf(KEYTURN, ['__complete', 'bash', '=p', 'exec'], large),
      execOfMany: () => millisecondsOf(KEYTURN, cached, large),
      list: () => millisecondsOf(KEYTURN, ['list'], small),
      listOfMany: () => millisecondsOf(KEYTURN, ['list'], large),
    });
    const against = (label: string, name: keyof typeof samples, target?: Target): void =>
      ratioRow(label, samples[name], samples.bare, target);
    baselineRow('node -e 0', samples.bare);
    against('keyturn --version', 'version', { atMost: 1.15 });
    against("keyturn exec p -- true, file vault at aws-vault's rounds", 'exec', { atMost: 1.5 });
    against(`the same, ${PROFILE_COUNT} profiles`, 'execOfMany');
    against('completion of a profile', 'complete');
    against(`the same, ${PROFILE_COUNT} profiles`, 'completeOfMany');
    against('keyturn list', 'list');
    against(`the same, ${PROFILE_COUNT} profiles`, 'listOfMany');
  } finally {
    await small.close();
    await large.close();
  }
  await benchStrongVault();
  await benchSecretService().catch((error: unknown) => notMeasured('the same, Secret Service', error));
}

/** Items as they are written by default: unlocked by a host, and without one, where keys that were derived are kept and where not. */
async function benchStrongVault(): Promise<void> {
  const runtimeDir = mkdtempSync('/dev/shm/keyturn-bench-');
  const world = await worldWithProfiles(1, { KEYTURN_FILE_ROUNDS: '', XDG_RUNTIME_DIR: runtimeDir });
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...env } = world.env;
  const withoutCache = { ...world, env: { ...world.env, KEYTURN_KEY_CACHE: 'off' } };
  const host = new HostProcess({ env });
  try {
    await host.hello();
    await host.call('subscribePrompts');
    millisecondsOf(KEYTURN, ['unlock'], world);
    const cached = ['exec', 'p', '--', 'true'];
    const samples = await interleaved(RUNS, {
      bare: () => millisecondsOf(NODE, ['-e', '0'], world),
      unlocked: () => millisecondsOf(KEYTURN, cached, { ...world, env }),
      kept: () => millisecondsOf(KEYTURN, cached, world),
      derived: () => millisecondsOf(KEYTURN, cached, withoutCache),
    });
    baselineRow('node -e 0, once more', samples.bare);
    ratioRow('keyturn exec p -- true, measured rounds, unlocked host', samples.unlocked, samples.bare, { atMost: 1.3 });
    ratioRow('the same without a host, keys kept in memory', samples.kept, samples.bare, { atMost: 1.5 });
    ratioRow('the same with KEYTURN_KEY_CACHE=off', samples.derived, samples.bare);
  } finally {
    await host.close();
    await world.close();
    rmSync(runtimeDir, { recursive: true });
  }
}

async function benchSecretService(): Promise<void> {
  const bus = await startSessionBus();
  try {
    await bus.createCollection();
    const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
    const world = await worldWithProfiles(1, {
      DBUS_SESSION_BUS_ADDRESS,
      XDG_RUNTIME_DIR,
      AWS_VAULT_BACKEND: 'secret-service',
    });
    try {
      await benchWithSecretService(world, 'without a host');
      const host = new HostProcess({ env: world.env });
      try {
        await host.hello();
        await host.call('subscribePrompts');
        await benchWithSecretService(world, 'with a host');
      } finally {
        await host.close();
      }
    } finally {
      await world.close();
    }
  } finally {
    await bus.stop();
  }
}

async function benchWithSecretService(world: World, how: string): Promise<void> {
  const samples = await interleaved(RUNS, {
    bare: () => millisecondsOf(NODE, ['-e', '0'], world),
    exec: () => millisecondsOf(KEYTURN, ['exec', 'p', '--', 'true'], world),
  });
  baselineRow('node -e 0, once more', samples.bare);
  ratioRow(`keyturn exec p -- true, Secret Service, ${how}`, samples.exec, samples.bare, { atMost: 1.5 });
}

function millisecondsOf(file: string, args: readonly string[], { env, home }: World): number {
  const startedAt = performance.now();
  const { status, error } = spawnSync(file, args, { env, cwd: home, stdio: 'ignore' });
  const elapsed = performance.now() - startedAt;
  if (status !== 0) throw error ?? new Error(`${path.basename(file)} ${args.join(' ')} ended with ${status}`);
  return elapsed;
}
