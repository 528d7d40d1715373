import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { passageKeyring } from '../../native-host/keyring/passage.ts';
import type { PasswordStoreOptions } from '../../native-host/keyring/password-store.ts';
import { PseudoTerminal } from '../cli/pseudo-terminal.ts';
import { keyringContract } from './keyring-contract.ts';

const ITEM = { key: 'work', data: '{"AccessKeyID":"AKIAEXAMPLE"}', label: 'aws-vault (work)' };
const DOUBLE = path.resolve('test/contract/passage-double.sh');
const homes: string[] = [];

/** A home with an age identity and a store; `passage` stands for the program. */
function home(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-passage-'));
  homes.push(dir);
  fs.mkdirSync(path.join(dir, '.passage', 'store'), { recursive: true });
  fs.mkdirSync(path.join(dir, 'bin'));
  fs.symlinkSync(DOUBLE, path.join(dir, 'bin', 'passage'));
  newIdentity(dir);
  return dir;
}

function newIdentity(dir: string): void {
  fs.rmSync(identities(dir), { force: true });
  execFileSync('age-keygen', ['-o', identities(dir)], { stdio: 'ignore' });
}

const identities = (dir: string): string => path.join(dir, '.passage', 'identities');
const storeOf = (dir: string): string => path.join(dir, '.passage', 'store');

function open(dir: string, changed: Partial<PasswordStoreOptions> = {}) {
  const env = { HOME: dir, PATH: `${path.join(dir, 'bin')}:/usr/bin:/bin`, LANG: 'C.UTF-8' };
  return passageKeyring({
    dir: undefined,
    command: undefined,
    prefix: '',
    homeDir: dir,
    stateDir: path.join(dir, 'state'),
    locks: fileLocks(path.join(dir, 'state', 'locks')),
    env,
    signal: new AbortController().signal,
    notice: () => undefined,
    ...changed,
  });
}

afterAll(() => {
  for (const dir of homes) fs.rmSync(dir, { recursive: true });
});

const shared = home();
keyringContract('passage', async () => {
  fs.rmSync(storeOf(shared), { recursive: true });
  fs.mkdirSync(storeOf(shared));
  return { keyring: open(shared), reopen: async () => open(shared) };
});

describe('a passage store', () => {
  let dir: string;
  afterEach(() => fs.rmSync(path.join(dir, 'state'), { recursive: true, force: true }));

  const passage = (args: string[], input = ''): string =>
    execFileSync(path.join(dir, 'bin', 'passage'), args, {
      env: { HOME: dir, PATH: '/usr/bin:/bin' },
      input,
    }).toString();

  it("keeps items as aws-vault's fork does, and reads what it wrote", async () => {
    dir = home();
    await open(dir, { prefix: 'aws' }).set(ITEM);
    const shown = passage(['show', 'aws/work']);
    expect(JSON.parse(shown)).toEqual({
      Key: 'work',
      Data: Buffer.from(ITEM.data).toString('base64'),
      Label: ITEM.label,
      Description: '',
      KeychainNotTrustApplication: false,
      KeychainNotSynchronizable: false,
    });
    passage(['insert', '-m', '-f', 'aws/theirs'], shown);
    expect(await open(dir, { prefix: 'aws' }).get('theirs')).toEqual({ ...ITEM, key: 'theirs' });
    expect((await open(dir, { prefix: 'aws' }).keys()).sort()).toEqual(['theirs', 'work']);
  });

  it('shows only the items of a vault among other passwords', async () => {
    dir = home();
    passage(['insert', '-m', '-f', 'mail/example.com'], 'hunter2\n');
    await open(dir).set(ITEM);
    expect(await open(dir).keys()).toEqual(['work']);
    await expect(open(dir).get('mail/example.com')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it('that was encrypted for another identity is denied, one that is damaged is corrupt', async () => {
    dir = home();
    await open(dir).set(ITEM);
    const file = path.join(storeOf(dir), 'work.age');
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, bytes.subarray(0, -5));
    await expect(open(dir).get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    fs.writeFileSync(file, bytes);
    newIdentity(dir);
    await expect(open(dir).get('work')).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
  });

  it('whose identity has a passphrase is locked where nobody can be asked, and lists without asking', async () => {
    dir = home();
    await open(dir).set(ITEM);
    passage(['insert', '-m', '-f', 'unknown'], 'hunter2\n');
    await lockIdentity(dir);
    // In a session without a terminal, as a service has it.
    const module = new URL('../../native-host/keyring/passage.ts', import.meta.url).href;
    const locks = new URL('../../native-host/engine/lock.ts', import.meta.url).href;
    const state = path.join(dir, 'state');
    const program = `
      const { passageKeyring } = await import(${JSON.stringify(module)});
      const { fileLocks } = await import(${JSON.stringify(locks)});
      const keyring = passageKeyring({ prefix: '', homeDir: process.env.HOME, stateDir: ${JSON.stringify(state)},
        locks: fileLocks(${JSON.stringify(path.join(state, 'locks'))}), env: process.env,
        signal: new AbortController().signal, notice: () => undefined });
      const keys = await keyring.keys();
      const failure = await keyring.get('work').catch((error) => error);
      console.log(JSON.stringify([keys, failure.code, failure.message]));`;
    const env = { HOME: dir, PATH: `${path.join(dir, 'bin')}:/usr/bin:/bin` };
    const args = ['--wait', process.execPath, '--input-type=module', '--eval', program];
    const { stdout } = spawnSync('setsid', args, { env, encoding: 'utf8', timeout: 20_000 });
    const [keys, code, message] = JSON.parse(stdout);
    expect([keys, code]).toEqual([['work'], 'KEYRING_LOCKED']);
    expect(message).toMatch(/its passphrase was not given/);
  });

  it('that has no identity is locked, and without the program or the store it is not there', async () => {
    dir = home();
    await open(dir).set(ITEM);
    fs.rmSync(identities(dir));
    await expect(open(dir).get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    const missing = expect.objectContaining({ code: 'KEYRING_UNAVAILABLE', details: { backend: 'passage' } });
    expect(() => open(dir, { command: 'no-such-passage' })).toThrow(missing);
    expect(() => open(dir, { dir: path.join(dir, 'none') })).toThrow(missing);
  });

  it('Ctrl-C ends the wait for it', async () => {
    dir = home();
    await open(dir).set(ITEM);
    const command = path.join(dir, 'bin', 'passage-that-waits');
    fs.writeFileSync(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    const interrupted = new AbortController();
    const reading = open(dir, { command, signal: interrupted.signal }).get('work');
    setImmediate(() => interrupted.abort());
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

/** Puts the identity under a passphrase, which age takes from a terminal only. */
async function lockIdentity(dir: string): Promise<void> {
  const locked = `${identities(dir)}.locked`;
  const terminal = new PseudoTerminal(`age -p -o ${locked} ${identities(dir)}`);
  for (const question of ['Enter passphrase', 'Confirm passphrase']) {
    await terminal.shows(question);
    terminal.type('correct horse\n');
  }
  expect(await terminal.status()).toBe(0);
  fs.renameSync(locked, identities(dir));
}
