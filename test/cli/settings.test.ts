import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HostProcess } from './host-process.ts';
import { populate, startWorld, type World } from './world.ts';

let world: World;
let file: string;

beforeAll(async () => {
  world = await startWorld();
  await populate(world);
  file = path.join(world.home, '.config', 'keyturn', 'config');
  fs.mkdirSync(path.dirname(file), { recursive: true });
});
afterEach(() => fs.rmSync(file, { force: true }));
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

it('flags can be set for good, for every command or for one', async () => {
  fs.writeFileSync(file, '[export]\nformat = json   # for scripts\n');
  const { stdout } = await world.run(['export', 'reader']);
  expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
  expect((await world.run(['export', 'reader', '--format=env'])).stdout).toMatch(/^AWS_ACCESS_KEY_ID=/);
});

it('gives way to the variables of AWS that say the same', async () => {
  fs.writeFileSync(file, 'region = ap-south-1\nduration = 20m\n');
  const shown = async (env: Record<string, string>) => {
    const { stdout } = await world.run(['export', '--format=ini', 'reader'], { env });
    const expires = /^aws_credential_expiration=(.*)$/m.exec(stdout)?.[1] ?? '';
    return {
      region: /^region=(.*)$/m.exec(stdout)?.[1],
      minutes: Math.round((Date.parse(expires) - Date.now()) / 60_000),
    };
  };
  expect(await shown({})).toEqual({ region: 'ap-south-1', minutes: 20 });
  expect(await shown({ AWS_REGION: '', AWS_ASSUME_ROLE_TTL: '' })).toEqual({ region: 'ap-south-1', minutes: 20 });
  const variables = { AWS_DEFAULT_REGION: 'us-west-1', AWS_ASSUME_ROLE_TTL: '15m' };
  expect(await shown(variables)).toEqual({ region: 'us-west-1', minutes: 15 });
});

it('the vault is the same one in every way of setting it', async () => {
  const elsewhere = path.join(world.home, 'elsewhere');
  fs.writeFileSync(file, 'file-dir = ~/elsewhere\n');
  const key = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
  await world.run(['add', '--env', '--no-add-config', '--no-verify', 'kept'], { env: key });
  expect(fs.readdirSync(elsewhere)).toEqual(['kept']);
  expect((await world.run(['list', '--credentials'])).stdout).toBe('kept\n');
  const env = { AWS_VAULT_FILE_DIR: '~/.awsvault/keys' };
  expect((await world.run(['list', '--credentials'], { env })).stdout).toBe('ada\n');
  expect((await world.run(['list', '--credentials', `--file-dir=${world.vaultDir}`])).stdout).toBe('ada\n');
});

it('a slip stops every command, with file and line, but not help and version', async () => {
  fs.writeFileSync(file, '\nbackedn = file\n');
  expect(await world.run(['list'])).toEqual({
    status: 1,
    stdout: '',
    stderr: `keyturn: error: ${file}:2: "backedn" is no flag that can be set here; correct that line [CONFIG_INVALID]\n`,
  });
  for (const args of [['--help'], ['help', 'exec'], ['--version']]) expect((await world.run(args)).status).toBe(0);
});

it('a pipe in its place is refused, and not waited for', async () => {
  execFileSync('mkfifo', [file]);
  const { status, stderr } = await world.run(['list']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('cannot be read (it is not a file)')]);
});

it('the file is found where XDG_CONFIG_HOME is', async () => {
  fs.writeFileSync(file, 'nonsense');
  const config = path.join(world.home, 'xdg');
  fs.mkdirSync(path.join(config, 'keyturn'), { recursive: true });
  fs.writeFileSync(path.join(config, 'keyturn', 'config'), '[list]\nprofiles = true\n');
  const { stdout } = await world.run(['list'], { env: { XDG_CONFIG_HOME: config } });
  expect(stdout).toBe('default\nada\nadmin\nreader\n');
});

describe('a browser’s host', () => {
  const env = (): Record<string, string> => ({ ...world.env, PATH: '' });

  it('looks for keys where the terminal does', async () => {
    fs.writeFileSync(file, 'file-dir = ~/elsewhere\n');
    const host = new HostProcess({ env: env() });
    await host.hello();
    const { result } = await host.call('list');
    expect(result?.profiles).toContainEqual(expect.objectContaining({ name: 'kept', kind: 'user' }));
    expect(result?.profiles).toContainEqual(expect.objectContaining({ name: 'ada', kind: 'none' }));
    expect(await host.close()).toBe(0);
  });

  it('says what is wrong with the file', async () => {
    fs.writeFileSync(file, 'file-dir');
    const host = new HostProcess({ env: env() });
    const { ok, error } = await host.hello();
    expect([ok, error?.code]).toEqual([false, 'CONFIG_INVALID']);
    expect(error?.message).toContain(`${file}:1: expected "flag = value"`);
    expect(await host.exited).toBe(1);
  });
});
