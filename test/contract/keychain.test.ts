import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type KeychainOptions, keychainKeyring, lookAtKeychain } from '../../native-host/keyring/keychain.ts';
import { keyringContract } from './keyring-contract.ts';
import { compileDouble } from './native-double.ts';

const ITEM = { key: 'work', data: '{"AccessKeyID":"AKIAEXAMPLE"}', label: 'aws-vault (work)' };
const SESSION = {
  key: 'sts.GetSessionToken,d29yaw,,1795254532',
  data: '{}',
  label: 'aws-vault session for work',
  description: 'aws-vault session',
};
const PATH = 'aws-vault.keychain';
const PERSON = { allows: 0, cancels: 1, 'is away': 2, 'has no desktop': 3, 'types a wrong password': 4 } as const;

const double = compileDouble('keychain-double.c');
afterAll(() => double.remove());
const library = koffi.load(double.file);
const empty = library.func('void DoubleEmpty()');
const answer = library.func('void DoubleAnswer(int what)');
const asked = library.func('int DoubleAsked()');
const objects = library.func('int DoubleObjects()');
const lock = library.func('void DoubleLock(const char *path)');
const isGuarded = library.func('int DoubleGuarded(const char *account)');
const native = { koffi, security: double.file, coreFoundation: double.file };

function options(changed: Partial<KeychainOptions> = {}): KeychainOptions {
  return { name: 'aws-vault', signal: new AbortController().signal, native, ...changed };
}
const open = (changed: Partial<KeychainOptions> = {}) => keychainKeyring(options(changed));

keyringContract('keychain', async () => {
  empty();
  return { keyring: open(), reopen: async () => open() };
});

describe('a keychain of macOS', () => {
  beforeEach(() => empty());

  it('is made when the first key is stored, with one question, and nobody is asked to find it empty', async () => {
    expect(await open().get('work')).toBeUndefined();
    expect(await open().keys()).toEqual([]);
    expect(await open().remove('work')).toBe(false);
    expect(await lookAtKeychain(options())).toBe('none');
    expect(asked()).toBe(0);
    await open().set(ITEM);
    expect(asked()).toBe(1);
    expect(await lookAtKeychain(options())).toBe('open');
    answer(PERSON.cancels);
    await expect(open({ name: 'other' }).set(ITEM)).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
  });

  it('gives a stored key to no program without a question, and a session to the one that made it, as aws-vault does', async () => {
    await open().set(ITEM);
    await open().set(SESSION);
    expect([isGuarded(ITEM.key), isGuarded(SESSION.key)]).toEqual([1, 0]);
    asked();
    expect(await open().get(SESSION.key)).toEqual(SESSION);
    expect(asked()).toBe(0);
    expect(await open().get('work')).toEqual(ITEM);
    expect(asked()).toBe(1);
    // What its owner has allowed stays allowed when it is written anew.
    await open().set({ ...ITEM, data: 'new' });
    expect(isGuarded(ITEM.key)).toBe(1);
  });

  it('has the name that is given', async () => {
    await open({ name: 'team' }).set(ITEM);
    expect(await open().keys()).toEqual([]);
    expect(await open({ name: 'team' }).keys()).toEqual(['work']);
  });

  it('that has locked itself is listed without a question, and opened by the person', async () => {
    await open().set(SESSION);
    lock(PATH);
    asked();
    expect(await lookAtKeychain(options())).toBe('locked');
    expect(await open().keys()).toEqual([SESSION.key]);
    expect(asked()).toBe(0);
    expect(await open().get(SESSION.key)).toEqual(SESSION);
    expect([asked(), await lookAtKeychain(options())]).toEqual([1, 'open']);
  });

  it.each([
    ['cancels', 'KEYRING_DENIED'],
    ['types a wrong password', 'KEYRING_DENIED'],
    ['has no desktop', 'KEYRING_LOCKED'],
    ['is away', 'KEYRING_LOCKED'],
  ] as const)('that is locked, when the person %s, makes each method say %s', async (person, code) => {
    await open().set(SESSION);
    lock(PATH);
    answer(PERSON[person]);
    const failure = { code, details: { backend: 'keychain' } };
    const keyring = open({ promptTimeoutMs: 200 });
    await expect(keyring.get(SESSION.key)).rejects.toMatchObject(failure);
    await expect(keyring.set(SESSION)).rejects.toMatchObject(failure);
    await expect(keyring.set(ITEM)).rejects.toMatchObject(failure);
    await expect(keyring.remove(SESSION.key)).rejects.toMatchObject(failure);
    answer(PERSON.allows);
  });

  it('does not hold up a command that is stopped, nor the end of its process', async () => {
    const module = (name: string) => JSON.stringify(new URL(`../../native-host/keyring/${name}`, import.meta.url).href);
    const program = `
      const { keychainKeyring } = await import(${module('keychain.ts')});
      const koffi = (await import('koffi')).default;
      const native = { koffi, security: process.argv[1], coreFoundation: process.argv[1] };
      const person = koffi.load(process.argv[1]).func('void DoubleAnswer(int what)');
      const interrupted = new AbortController();
      const keyring = keychainKeyring({ name: 'aws-vault', signal: interrupted.signal, native });
      person(${PERSON['is away']});
      setTimeout(() => interrupted.abort(), 50);
      const failure = await keyring.set(${JSON.stringify(ITEM)}).catch((error) => error);
      process.stdout.write(failure.code, () => process.exit(7));`;
    const start = performance.now();
    const args = ['--input-type=module', '--eval', program, double.file];
    const failure = await promisify(execFile)(process.execPath, args, { timeout: 20_000 }).catch((error) => error);
    expect(failure).toMatchObject({ code: 7, stdout: 'CANCELLED' });
    // The person would be away for 3 s.
    expect(performance.now() - start).toBeLessThan(2500);
  });

  it('gives back everything that it was given', async () => {
    await open().set(ITEM);
    const before = objects();
    await open().set(ITEM);
    await open().get('work');
    await open().get('nobody');
    await open().keys();
    await open().remove('work');
    await open().set(ITEM);
    expect(objects()).toBe(before);
  });
});
