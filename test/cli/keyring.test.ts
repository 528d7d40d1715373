import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPrompter } from '../contract/prompter.ts';
import { type SessionBus, startSessionBus } from '../contract/session-bus.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type Result, startWorld, type World } from './world.ts';

const KEY = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

let world: World;
let home: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  expect(world.aws.calls).toEqual([]);
  await world.close();
});
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-keyring-'));
});
afterEach(() => {
  fs.rmSync(home, { recursive: true, force: true });
});

/** A new user on a machine: nothing chosen, nothing in the environment. */
function run(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Result> {
  return world.run(args, {
    env: { AWS_VAULT_BACKEND: undefined, AWS_VAULT_FILE_PASSPHRASE: undefined, HOME: home, ...env },
    cwd: home,
  });
}

const remembered = (): string | undefined => {
  const file = path.join(home, '.local/state/keyturn/backend');
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
};
const hasFileVault = (): boolean => fs.existsSync(path.join(home, '.awsvault'));

describe('where a Secret Service runs', () => {
  let bus: SessionBus;
  let session: Record<string, string>;

  beforeEach(async () => {
    bus = await startSessionBus({ desktop: true });
    await bus.createCollection();
    const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
    session = { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR };
  });
  afterEach(() => bus.stop());

  it('it is chosen without a word and remembered, and holds the key as aws-vault would', async () => {
    expect(await run(['add', '--env', '--no-verify', 'ada'], { ...session, ...KEY })).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "ada" in vault\n',
      stderr: '',
    });
    expect([remembered(), hasFileVault()]).toEqual(['secret-service\n', false]);
    expect((await run(['exec', '-n', 'ada', '--', 'sh', '-c', 'echo $AWS_SECRET_ACCESS_KEY'], session)).stdout).toBe(
      `${KEY.AWS_SECRET_ACCESS_KEY}\n`,
    );
    const lookup = promisify(execFile)('secret-tool', ['lookup', 'profile', 'ada'], { env: bus.env });
    const item = JSON.parse((await lookup).stdout);
    expect(item).toMatchObject({ Key: 'ada', Label: 'aws-vault (ada)' });
    expect(JSON.parse(Buffer.from(item.Data, 'base64').toString())).toMatchObject({
      AccessKeyID: KEY.AWS_ACCESS_KEY_ID,
      SecretAccessKey: KEY.AWS_SECRET_ACCESS_KEY,
    });
  });

  it('and is gone later, that is an error and no silent move', async () => {
    await run(['add', '--env', '--no-verify', 'ada'], { ...session, ...KEY });
    for (const args of [['list'], ['exec', '-n', 'ada', '--', 'true'], ['add', '--env', '--no-verify', 'other']]) {
      const { status, stdout, stderr } = await run(args, { ...KEY, AWS_VAULT_FILE_PASSPHRASE: 'x' });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^keyturn: error: \w+: [^\n]*secret-service is the vault remembered in [^\n]*--backend kwallet\|keyctl\|pass\|file[^\n]*\[KEYRING_UNAVAILABLE\]\n$/,
      );
    }
    expect([remembered(), hasFileVault()]).toEqual(['secret-service\n', false]);
    // Somebody who asks for another one gets it, this time.
    expect(await run(['--backend=file', 'list', '--credentials'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(remembered()).toBe('secret-service\n');
    // A desktop starts it anew, and then it is locked.
    await bus.killService();
    const dead = await run(['list'], session);
    expect(dead.stderr).toMatch(
      /^keyturn: error: list: [^\n]+--backend (?:kwallet\|keyctl\|pass\|)?file[^\n]* \[KEYRING_(UNAVAILABLE|LOCKED)\]\n$/,
    );
    expect([dead.status, hasFileVault()]).toEqual([1, false]);
  });

  it('and is locked, its prompt unlocks it, or says that nobody did', async () => {
    await run(['add', '--env', '--no-verify', 'ada'], { ...session, ...KEY });
    await bus.lockCollection();
    const refusing = await startPrompter(bus.socketPath, 'cancels');
    const cancelled = await run(['exec', '-n', 'ada', '--', 'true'], session);
    expect(cancelled.stderr).toMatch(/^keyturn: error: exec: [^\n]+ \[(KEYRING_LOCKED|KEYRING_DENIED|CANCELLED)\]\n$/);
    expect(cancelled.status).not.toBe(0);
    expect([remembered(), hasFileVault()]).toEqual(['secret-service\n', false]);
    refusing.close();
    const prompter = await startPrompter(bus.socketPath, { types: 'test' });
    const { status, stdout } = await run(['exec', '-n', 'ada', '--', 'sh', '-c', 'echo $AWS_ACCESS_KEY_ID'], session);
    expect([status, stdout]).toEqual([0, `${KEY.AWS_ACCESS_KEY_ID}\n`]);
    expect(prompter.asked).toBe(1);
    prompter.close();
  });

  it('and asks, Ctrl-C ends the wait', async () => {
    await run(['add', '--env', '--no-verify', 'ada'], { ...session, ...KEY });
    await bus.lockCollection();
    const prompter = await startPrompter(bus.socketPath, 'is away');
    const child = world.start(['exec', '-n', 'ada', '--', 'true'], {
      env: { AWS_VAULT_BACKEND: undefined, HOME: home, ...session },
    });
    const over = new Promise((resolve) => child.once('close', resolve));
    await prompter.question();
    child.kill('SIGINT');
    expect(await over).toBe(130);
    prompter.close();
  });
});

describe('where there is none', () => {
  it('the file vault is chosen with one line of notice, and asks for its passphrase', async () => {
    const first = await run(['add', '--env', '--no-verify', 'ada'], { ...KEY, AWS_VAULT_FILE_PASSPHRASE: 'x' });
    expect([first.status, first.stdout]).toEqual([0, 'Added credentials to profile "ada" in vault\n']);
    expect(first.stderr).toMatch(/^keyturn: using the file vault [^\n]+ the Secret Service is not usable[^\n]+\n$/);
    expect([remembered(), hasFileVault()]).toEqual(['file\n', true]);
    expect(await run(['list', '--credentials'])).toEqual({ status: 0, stdout: 'ada\n', stderr: '' });
    const { AWS_VAULT_BACKEND: _backend, AWS_VAULT_FILE_PASSPHRASE: _passphrase, ...env } = world.env;
    const terminal = new PseudoTerminal(`${KEYTURN} exec -n ada -- sh -c 'echo $AWS_ACCESS_KEY_ID'`, {
      ...env,
      HOME: home,
    });
    await terminal.shows(`Enter passphrase to unlock "${path.join(home, '.awsvault/keys')}`);
    terminal.type('x\r');
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toMatch(/: \r\nAKIAIOSFODNN7EXAMPLE\r\n$/);
  });

  it('a Secret Service that appears later does not take its place', async () => {
    await run(['add', '--env', '--no-verify', 'ada'], { ...KEY, AWS_VAULT_FILE_PASSPHRASE: 'x' });
    const bus = await startSessionBus();
    try {
      const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = bus.env;
      const { stdout } = await run(['list', '--credentials'], { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR });
      expect(stdout).toBe('ada\n');
    } finally {
      await bus.stop();
    }
  });

  it('asking for it is an error that says so, and remembers nothing', async () => {
    const { status, stderr } = await run(['--backend=secret-service', 'list']);
    expect(stderr).toMatch(/^keyturn: error: list: [^\n]+ \[KEYRING_UNAVAILABLE\]\n$/);
    expect([status, remembered(), hasFileVault()]).toEqual([1, undefined, false]);
  });

  it('a remembered choice that is none is named with its file', async () => {
    const file = path.join(home, '.local/state/keyturn/backend');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, 'floppy\n');
    const { status, stderr } = await run(['list']);
    expect(stderr).toMatch(
      /^keyturn: error: list: [^\n]*backend" names the vault "floppy"[^\n]* \[CONFIG_INVALID\]\n$/,
    );
    expect(status).toBe(1);
  });
});
