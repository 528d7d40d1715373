import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { populate, startWorld, type World } from './world.ts';

let world: World;
let runtimeDir: string;

beforeAll(async () => {
  world = await startWorld();
  runtimeDir = fs.mkdtempSync('/dev/shm/keyturn-test-');
  // The price of a guess that people have who set nothing.
  Object.assign(world.env, { KEYTURN_FILE_ROUNDS: '', XDG_RUNTIME_DIR: runtimeDir });
  await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
  fs.rmSync(runtimeDir, { recursive: true });
});

const exec = ['exec', 'reader', '--', 'true'];
const kept = (): string[] =>
  fs.readdirSync(path.join(runtimeDir, 'keyturn')).map((name) => path.join(runtimeDir, 'keyturn', name));
const roundsOfItems = (): number[] =>
  fs.readdirSync(world.vaultDir).map((name) => {
    const [header = ''] = fs.readFileSync(path.join(world.vaultDir, name), 'utf8').split('.');
    return JSON.parse(Buffer.from(header, 'base64url').toString()).p2c;
  });

async function fastestOf(runs: number, env: Record<string, string>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    expect((await world.run(exec, { env })).status).toBe(0);
    fastest = Math.min(fastest, performance.now() - startedAt);
  }
  return fastest;
}

describe('a file vault that nothing was set for', () => {
  it('has keys and sessions that cost what was measured once, and that aws-vault reads', async () => {
    expect((await world.run(exec)).status).toBe(0);
    const measured = Number(fs.readFileSync(path.join(world.home, '.local/state/keyturn/file-rounds'), 'utf8'));
    const rounds = roundsOfItems();
    expect(rounds).toEqual([measured, measured]);
    expect(measured).toBeGreaterThan(8192);
    expect(measured).toBeLessThanOrEqual(1_300_000);
  });

  it('makes only the first program wait, and puts nothing on the disk for it', async () => {
    expect((await world.run(['vault', 'harden'], { env: { KEYTURN_FILE_ROUNDS: '1300000' } })).status).toBe(0);
    const env = { KEYTURN_FILE_ROUNDS: '1300000' };
    const derived = await fastestOf(3, { ...env, KEYTURN_KEY_CACHE: 'off' });
    const found = await fastestOf(4, env);
    // 1,300,000 rounds take a tenth of a second on the fastest machines.
    expect(derived - found).toBeGreaterThan(50);
    expect(kept()).toHaveLength(1);
    const below = fs.readdirSync(world.home, { recursive: true, encoding: 'utf8' });
    expect(below.filter((name) => path.basename(name).startsWith('keys-'))).toEqual([]);
  });

  it('still takes no other passphrase, and drops what it keeps when it is locked', async () => {
    const wrong = await world.run(exec, { env: { AWS_VAULT_FILE_PASSPHRASE: 'wrong' } });
    expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('the passphrase is wrong')]);
    expect(kept()).toHaveLength(1);
    expect((await world.run(['lock'])).stderr).toBe('keyturn: nothing was unlocked\n');
    expect(kept()).toEqual([]);
  });

  it('is told by doctor of items that aws-vault wrote', async () => {
    const strong = await world.run(['doctor', '--offline']);
    expect(strong.stdout).not.toContain('cheap');
    const cheap = {
      KEYTURN_FILE_ROUNDS: '8192',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    expect((await world.run(['add', '--env', '--no-verify', 'cheap'], { env: cheap })).status).toBe(0);
    const { stdout } = await world.run(['doctor', '--offline', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { subject: string }[] };
    expect(findings.find(({ subject }) => subject === 'file')).toMatchObject({
      level: 'note',
      text: expect.stringMatching(/; 1 of its 3 items is cheap to guess the passphrase at$/),
      remedy: 'keyturn vault harden',
    });
  });
});
