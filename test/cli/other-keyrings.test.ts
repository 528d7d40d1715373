import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operations, populate, startWorld, type World } from './world.ts';

/** Programs that stand for `passage` and 1Password's `op` (test/contract/), each with an account of its own. */
let world: World;
let account: string;

beforeAll(async () => {
  world = await startWorld();
  const bin = path.join(world.home, 'bin');
  account = path.join(world.home, 'account.json');
  fs.mkdirSync(bin);
  fs.symlinkSync(path.resolve('test/contract/passage-double.sh'), path.join(bin, 'passage'));
  const op = `#!/bin/sh\nexec '${process.execPath}' '${path.resolve('test/contract/op-double.mjs')}' "$@"\n`;
  fs.writeFileSync(path.join(bin, 'op'), op, { mode: 0o755 });
  fs.writeFileSync(account, JSON.stringify({ vault: 'v1', token: 'ops_token', items: [] }));
  const passage = path.join(world.home, '.passage');
  fs.mkdirSync(path.join(passage, 'store'), { recursive: true });
  execFileSync('age-keygen', ['-o', path.join(passage, 'identities')], { stdio: 'ignore' });
  const env = { AWS_VAULT_BACKEND: 'passage', OP_DOUBLE: account, AWS_VAULT_OP_VAULT_ID: 'v1' };
  Object.assign(world.env, env, { PATH: `${bin}:${world.env.PATH}`, AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN: 'ops_token' });
  await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

it('passage keeps keys and sessions, and shows only the keys as keys', async () => {
  const shell = ['exec', 'reader', '--', 'sh', '-c', 'echo "$AWS_ACCESS_KEY_ID" | cut -c 1-4'];
  expect(await world.run(shell)).toMatchObject({ status: 0, stdout: 'ASIA\n' });
  const before = operations(world).length;
  expect((await world.run(shell)).status).toBe(0);
  expect(operations(world)).toHaveLength(before);
  expect((await world.run(['list', '--credentials'])).stdout).toBe('ada\n');
});

it('keys move to 1Password, which keeps sessions as well, and whose token no program gets', async () => {
  expect(await world.run(['vault', 'migrate', '--from', 'passage', '--to', 'op'])).toMatchObject({ status: 0 });
  const shown = 'echo "$AWS_ACCESS_KEY_ID" | cut -c 1-4; env | grep -c ops_token';
  const shell = ['--backend=op', 'exec', 'reader', '--', 'sh', '-c', shown];
  expect(await world.run(shell)).toMatchObject({ stdout: 'ASIA\n0\n' });
  const before = operations(world).length;
  expect((await world.run(shell)).stdout).toBe('ASIA\n0\n');
  expect(operations(world)).toHaveLength(before);
  expect((await world.run(['--backend=op', 'list', '--credentials'])).stdout).toBe('ada\n');
  const titles = JSON.parse(fs.readFileSync(account, 'utf8')).items.map(({ title }: { title: string }) => title);
  expect(titles).toContain('aws-vault: ada');
});

it('doctor names both without asking them, and import looks into them where they are named', async () => {
  const ran = fs.readFileSync(`${account}.argv`, 'utf8');
  const { stdout } = await world.run(['doctor', '--offline']);
  expect(stdout).toMatch(/^ {2}ok +passage +opens$/m);
  expect(stdout).toMatch(/^ {2}ok +op +the vault v1 of 1Password/m);
  expect(fs.readFileSync(`${account}.argv`, 'utf8')).toBe(ran);
  const named = await world.run(['import', '--from', 'aws-vault', '--dry-run']);
  expect(`${named.stdout}${named.stderr}`).toMatch(/aws-vault, 1Password: 1 key/);
  const unnamed = await world.run(['import', '--from', 'aws-vault', '--dry-run'], {
    env: { AWS_VAULT_OP_VAULT_ID: undefined },
  });
  expect(`${unnamed.stdout}${unnamed.stderr}`).not.toMatch(/1Password/);
});

it('a vault of 1Password that is not named, or to which nobody is signed in, is an error with a way out', async () => {
  const list = ['--backend=op', 'list', '--credentials'];
  const unnamed = await world.run(list, { env: { AWS_VAULT_OP_VAULT_ID: undefined } });
  expect(unnamed.stderr).toMatch(/^keyturn: error: [^\n]*--op-vault-id[^\n]*\[KEYRING_UNAVAILABLE\]\n$/);
  const signedOut = await world.run(list, { env: { AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN: undefined } });
  expect(signedOut.stderr).toMatch(/^keyturn: error: [^\n]*op signin[^\n]*\[KEYRING_LOCKED\]\n$/);
});
