import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionFromHost, shapingEnvironment } from '../../native-host/host-session.ts';
import { startSessionBus } from '../contract/session-bus.ts';
import { HostProcess } from './host-process.ts';
import {
  addKey,
  operations,
  type People,
  populate,
  type Result,
  startWorld,
  type World,
  writeConfig,
} from './world.ts';

/** A terminal that was not told the passphrase, and shows what a program is given. */
const SHOW = ['--', 'sh', '-c', 'env | grep -a "^AWS_" | sort'];

let world: World;
let host: HostProcess;
let people: People;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...env } = world.env;
  host = new HostProcess({ env: { ...env, AWS_REGION: 'ap-south-1', AWS_CONFIG_FILE: '/nonexistent/of-the-browser' } });
  await host.hello();
  await host.call('subscribePrompts');
  expect(await world.run(['unlock'])).toMatchObject({ status: 0 });
});
afterEach(async () => {
  await host.close();
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const untold = { AWS_VAULT_FILE_PASSPHRASE: undefined };
const show = (args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Result> =>
  world.run(['exec', ...args, ...SHOW], { env: { ...untold, ...env } });
/** With --debug the terminal does all of it itself. */
const itself = async (args: readonly string[], env: Record<string, string | undefined> = {}): Promise<string> =>
  (await world.run(['--debug', 'exec', ...args, ...SHOW], { env: { ...untold, ...env } })).stdout;

/** The question as the program asks it. */
function asked(profile: string, { env = {}, ...more }: { env?: Record<string, string>; fileDir?: string } = {}) {
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...own } = world.env;
  const request = { homeDir: world.home, env: shapingEnvironment({ ...own, ...env }), profile, ...more };
  const stateDir = path.join(world.home, '.local', 'state', 'keyturn');
  return sessionFromHost(request, { stateDir, env: own, signal: AbortSignal.timeout(10_000), log: () => undefined });
}

it('the host answers with a session and where it is for, and with nothing where a terminal has more to do', async () => {
  expect(await asked('reader')).toBeUndefined();
  const { stdout } = await show(['reader']);
  const found = await asked('reader');
  expect(stdout).toContain(`AWS_SESSION_TOKEN=${found?.session.sessionToken}\n`);
  expect(found?.place).toEqual({ region: 'us-east-2' });
  expect(await asked('reader', { env: { AWS_REGION: 'eu-north-1' } })).toBeUndefined();
  expect(await asked('reader', { env: { AWS_MIN_TTL: '12h' } })).toBeUndefined();
  expect(await asked('reader', { env: { AWS_VAULT_BACKEND: 'pass' } })).toBeUndefined();
  expect(await asked('reader', { fileDir: 'keys' })).toBeUndefined();
  expect(await asked('nobody')).toBeUndefined();
  expect(await asked('ada')).toBeUndefined();
  await world.run(['lock'], { env: untold });
  expect(await asked('reader')).toBeUndefined();
});

describe('a cached session of a vault that a host has unlocked', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['plain', [], {}],
    ['with a region', ['--region', 'us-west-2'], {}],
    ['with a duration', ['-d', '30m'], {}],
    ['with variables of the terminal', [], { AWS_REGION: 'eu-north-1', AWS_ROLE_SESSION_NAME: 'from-terminal' }],
    ['with a secret in the environment, which stays there', [], { AWS_SECRET_ACCESS_KEY: 'x', AWS_ACCESS_KEY_ID: 'y' }],
  ])('is the one that the terminal would find itself, %s', async (_, flags, env) => {
    const args = [...flags, 'reader'];
    const first = await show(args, env);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const calls = operations(world).length;
    const second = await show(args, env);
    expect(second).toEqual(first);
    expect(await itself(args, env)).toBe(first.stdout);
    expect(operations(world)).toHaveLength(calls);
  });

  it('is not served once the profile is another one, the vault is locked, or another directory is meant', async () => {
    const before = await show(['reader']);
    const text = fs.readFileSync(world.configFile, 'utf8');
    writeConfig(world, text.replace('[profile reader]', '[profile reader]\nrole_session_name = somebody-else'));
    const after = await show(['reader']);
    expect(after.status).toBe(0);
    expect(after.stdout).not.toBe(before.stdout);
    const elsewhere = path.join(world.home, 'elsewhere');
    expect((await show(['reader'], { AWS_VAULT_FILE_DIR: elsewhere })).stderr).toContain('[CREDENTIALS_NOT_FOUND]');
    await world.run(['lock'], { env: untold });
    expect((await show(['reader'])).stderr).toContain('[KEYRING_LOCKED]');
  });

  it('keeps errors, guards and the exit status as they are', async () => {
    await show(['reader']);
    const run = (args: readonly string[], env = {}): Promise<Result> => world.run(args, { env: { ...untold, ...env } });
    expect((await run(['exec', 'reader', '--', 'sh', '-c', 'exit 7'])).status).toBe(7);
    expect((await run(['exec', 'reader', '--', 'no-such-program'])).stderr).toContain(
      'executable file not found in $PATH',
    );
    expect((await run(['exec', 'nobody', '--', 'true'])).stderr).toContain('[PROFILE_NOT_FOUND]');
    expect((await run(['exec', 'reader', '--', 'true'], { AWS_VAULT: 'x' })).stderr).toContain(
      'existing aws-vault subshell',
    );
    expect((await run(['exec', '--lazy', 'reader', '--', 'true'])).stderr).toContain('[USAGE]');
  });
});

it('a session in the Secret Service comes from the host too, which asks nobody to unlock it', async () => {
  const bus = await startSessionBus();
  const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
  const secretService = { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, AWS_VAULT_BACKEND: 'secret-service' };
  try {
    await bus.createCollection();
    Object.assign(world.env, secretService);
    await addKey(world, 'ada', people.key);
    expect(await asked('reader')).toBeUndefined();
    const first = await show(['reader']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect((await asked('reader'))?.session.accessKeyId).toMatch(/^ASIA/);
    expect(await show(['reader'])).toEqual(first);
    await bus.lockCollection();
    expect(await asked('reader')).toBeUndefined();
  } finally {
    await bus.stop();
  }
});
