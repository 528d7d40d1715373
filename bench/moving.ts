import fs from 'node:fs';
import path from 'node:path';
import { sealJwe } from '../native-host/keyring/jwe.ts';
import { startWorld, type World } from '../test/cli/world.ts';
import { startSessionBus } from '../test/contract/session-bus.ts';
import { heading, timeRow } from './report.ts';

const SIZES = { few: 125, many: 500 } as const;

/** Moving very many keys: what one takes, and whether four times as many take more than four times as long. */
export async function benchMoving(): Promise<void> {
  heading('Moving keys between the file vault and the Secret Service, whole process, one run each');
  const few = await move(SIZES.few);
  const many = await move(SIZES.many);
  const rows = [
    ['there, each read back', few.copied, many.copied],
    ['back, removed from the old one', few.removed, many.removed],
  ] as const;
  for (const [what, least, most] of rows) {
    timeRow(`${SIZES.few} keys ${what}, each`, [least / SIZES.few]);
    timeRow(`${SIZES.many} keys ${what}, each`, [most / SIZES.many]);
    console.log(
      `  growth   x ${((most / least) * (SIZES.few / SIZES.many)).toFixed(2)}  (1 is linear; more of it is the service's own file)`,
    );
  }
}

async function move(count: number): Promise<{ readonly copied: number; readonly removed: number }> {
  const bus = await startSessionBus();
  const world = await startWorld();
  try {
    await bus.createCollection();
    const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
    Object.assign(world.env, { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR });
    addKeys(world, count);
    const copied = await milliseconds(world, ['--from', 'file', '--to', 'secret-service']);
    const removed = await milliseconds(world, ['--from', 'secret-service', '--to', 'file', '--delete-source']);
    return { copied, removed };
  } finally {
    await world.close();
    await bus.stop();
  }
}

function addKeys({ vaultDir }: World, count: number): void {
  fs.mkdirSync(vaultDir, { recursive: true, mode: 0o700 });
  for (let index = 0; index < count; index += 1) {
    const Key = `team-${index}-prod`;
    const key = { AccessKeyID: `AKIAIOSFODNN7EX${10_000 + index}`, SecretAccessKey: `secret-${index}`.padEnd(40, 'x') };
    const item = { Key, Data: Buffer.from(JSON.stringify(key)).toString('base64'), Label: '', Description: '' };
    fs.writeFileSync(path.join(vaultDir, Key), sealJwe(JSON.stringify(item), 'correct horse', new Date()), {
      mode: 0o600,
    });
  }
}

async function milliseconds(world: World, args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { status, stderr } = await world.run(['vault', 'migrate', ...args]);
  if (status !== 0) throw new Error(stderr);
  return performance.now() - startedAt;
}
