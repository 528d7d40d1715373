import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { masterItem, sessionName, writeAwsVaultItem } from './aws-vault-items.ts';
import { operations, populate, startWorld, type World } from './world.ts';

let world: World;
let code: () => string;

beforeAll(async () => {
  world = await startWorld();
  const { device } = await populate(world);
  code = () => device.freshCode();
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

async function statusJson(env: Record<string, string | undefined> = {}): Promise<Record<string, unknown>> {
  const { stdout, stderr, status } = await world.run(['status', '--json'], {
    env: { AWS_VAULT_FILE_PASSPHRASE: undefined, ...env },
  });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

it('tells of nothing where there is nothing', async () => {
  expect(await statusJson()).toEqual({ shell: null, sessions: [], ssoTokens: [], browsers: 0 });
  const { stdout } = await world.run(['status']);
  expect(stdout).toBe('This shell: no credentials\nBrowsers connected: 0\nNo session is cached.\n');
});

it('lists sessions with their time left and whether a code stands behind them, without a passphrase or a call', async () => {
  await world.run(['export', 'reader', '-d', '30m']);
  await world.run(['export', 'admin', '-t', code()]);
  const soon = new Date(Date.now() + 60_000);
  await writeAwsVaultItem(
    world,
    sessionName('sts.GetSessionToken', 'old', 'arn:aws:iam::1:mfa/x', soon),
    masterItem({ accessKeyId: 'A', secretAccessKey: 's' }),
  );
  const past = new Date(Date.now() - 60_000);
  await writeAwsVaultItem(
    world,
    sessionName('sts.GetSessionToken', 'past', '', past),
    masterItem({ accessKeyId: 'A', secretAccessKey: 's' }),
  );
  const calls = operations(world).length;
  const { sessions } = await statusJson();
  expect(sessions).toEqual([
    {
      profile: 'old',
      type: 'sts.GetSessionToken',
      expiresAt: expect.any(String),
      secondsLeft: expect.closeTo(60, -2),
      hasMfa: true,
    },
    {
      profile: 'reader',
      type: 'sts.AssumeRole',
      expiresAt: expect.any(String),
      secondsLeft: expect.closeTo(1800, -2),
      hasMfa: false,
    },
    {
      profile: 'admin',
      type: 'sts.AssumeRole',
      expiresAt: expect.any(String),
      secondsLeft: expect.closeTo(3600, -2),
      hasMfa: true,
    },
    {
      profile: 'ada',
      type: 'sts.GetSessionToken',
      expiresAt: expect.stringMatching(/Z$/),
      secondsLeft: expect.closeTo(28_800, -2),
      hasMfa: true,
    },
  ]);
  const { stdout } = await world.run(['status'], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
  expect(stdout).toMatch(
    /\nProfile +Session +Time left +MFA\nold +sts\.GetSessionToken +\d+s +yes\nreader +sts\.AssumeRole +\d+m\d+s +no\n/,
  );
  expect(operations(world)).toHaveLength(calls);
});

it('says what this shell has, and for how long', async () => {
  const inside = await world.run([
    'exec',
    'reader',
    '--',
    'sh',
    '-c',
    '"$0" status --json',
    path.resolve('dist/keyturn'),
  ]);
  expect(JSON.parse(inside.stdout).shell).toEqual({
    profile: 'reader',
    expiresAt: expect.stringMatching(/Z$/),
    secondsLeft: expect.closeTo(3600, -2),
    isServed: false,
  });
  const lineOf = async (env: Record<string, string>) => (await world.run(['status'], { env })).stdout.split('\n')[0];
  expect(await lineOf({ AWS_VAULT: 'p' })).toBe('This shell: profile p, without an end');
  const past = new Date(Date.now() - 120_000).toISOString();
  expect(await lineOf({ AWS_VAULT: 'p', AWS_CREDENTIAL_EXPIRATION: past })).toMatch(
    /^This shell: profile p, expired 2m\d+s ago$/,
  );
  const served = { AWS_VAULT: 'p', AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1' };
  expect(await lineOf(served)).toBe('This shell: profile p, renewed by a credential server');
});

it('counts browsers whose host lives', async () => {
  const stateDir = path.join(world.home, '.local/state/keyturn');
  fs.mkdirSync(stateDir, { recursive: true });
  fs.writeFileSync(path.join(stateDir, `host-${process.pid}.sock`), '');
  fs.writeFileSync(path.join(stateDir, 'host-4194305.sock'), '');
  expect(await statusJson()).toMatchObject({ browsers: 1 });
});

it('names in docs/json.md all that status, list and explain print as JSON', async () => {
  const doc = fs.readFileSync('docs/json.md', 'utf8');
  const names = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flatMap(names);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => [name, ...names(inner)]);
  };
  await world.run(['export', 'reader']);
  for (const args of [['status'], ['list'], ['explain', 'admin']]) {
    const printed = names(JSON.parse((await world.run([...args, '--json'], { env: { AWS_VAULT: 'x' } })).stdout));
    expect(printed.length).toBeGreaterThan(10);
    for (const name of printed) expect(doc).toMatch(new RegExp(`\\b${name}\\b`));
  }
});
