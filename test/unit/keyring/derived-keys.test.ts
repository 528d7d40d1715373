import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DerivedKeys, forgetDerivedKeys } from '../../../native-host/keyring/derived-keys.ts';
import { fileKeyring } from '../../../native-host/keyring/file.ts';
import { newSalt, parseJwe, sealJwe, wrappingKey } from '../../../native-host/keyring/jwe.ts';
import { memoryDirectory } from '../../../native-host/keyring/memory-directory.ts';

const ROUNDS = 20_000;
let vault: string;
let runtimeDir: string;
let env: Record<string, string>;

beforeEach(() => {
  vault = mkdtempSync(join(tmpdir(), 'keyturn-derived-'));
  runtimeDir = mkdtempSync('/dev/shm/keyturn-test-');
  env = { XDG_RUNTIME_DIR: runtimeDir };
});
afterEach(() => {
  rmSync(vault, { recursive: true });
  rmSync(runtimeDir, { recursive: true });
});

const cache = (dir = vault) => new DerivedKeys(dir, env);
const keyring = (passphrase = 'right', given: Record<string, string> = env) =>
  fileKeyring({ dir: vault, env: given, passphrase: () => passphrase, rounds: () => ROUNDS });
const item = (key: string, data = 'secret') => ({ key, data, label: key });
const files = () => readdirSync(join(runtimeDir, 'keyturn'));
const file = () => join(runtimeDir, 'keyturn', files()[0] ?? 'none');
const kept = (): string[] => Object.keys(JSON.parse(readFileSync(file(), 'utf8')).keys);
const derivation = (key: string) => {
  const jwe = parseJwe(readFileSync(join(vault, key), 'utf8'));
  if (typeof jwe === 'string') throw new Error(jwe);
  return jwe;
};
const nameOf = (key: string) => `${ROUNDS} ${derivation(key).salt.toString('base64url')}`;

describe('a key that was derived', () => {
  it('is found by the next process that has the passphrase, and by no other', async () => {
    await keyring().set(item('work'));
    const found = cache().find('right', derivation('work'));
    expect(found).toEqual(wrappingKey('right', derivation('work').salt, ROUNDS));
    expect(cache().find('wrong', derivation('work'))).toBeUndefined();
    expect((await keyring().get('work'))?.data).toBe('secret');
    await expect(keyring('wrong').get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
  });

  it('is found after it was read, too, whoever wrote the item', async () => {
    writeFileSync(join(vault, 'work'), sealJwe('{"Key":"work","Data":"eA=="}', 'right', new Date(), ROUNDS));
    await keyring().get('work');
    expect(kept()).toEqual([nameOf('work')]);
  });

  it('lies in memory, encrypted, for its owner only', async () => {
    await keyring().set(item('work'));
    expect(lstatSync(join(runtimeDir, 'keyturn')).mode & 0o777).toBe(0o700);
    expect(lstatSync(file()).mode & 0o777).toBe(0o600);
    const key = wrappingKey('right', derivation('work').salt, ROUNDS);
    const text = readFileSync(file(), 'utf8');
    for (const encoding of ['base64url', 'hex', 'base64'] as const) expect(text).not.toContain(key.toString(encoding));
  });

  it('is not kept where deriving it is as fast, or where that is turned off', async () => {
    const cheap = { salt: newSalt(), rounds: 8192 };
    cache().keep('right', cheap, Buffer.alloc(16));
    await keyring('right', { ...env, KEYTURN_KEY_CACHE: 'off' }).set(item('work'));
    expect(readdirSync(runtimeDir)).toEqual([]);
    expect(() => new DerivedKeys(vault, { KEYTURN_KEY_CACHE: 'no' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('goes when its item is removed or replaced, by us or by another program', async () => {
    const mine = keyring();
    for (const key of ['a', 'b', 'c']) await mine.set(item(key));
    const [first, second, third] = ['a', 'b', 'c'].map(nameOf);
    expect(kept()).toEqual([first, second, third]);
    await mine.set(item('a', 'newer'));
    expect(kept()).toEqual([second, third, nameOf('a')]);
    await mine.remove('b');
    expect(kept()).toEqual([third, nameOf('a')]);
    rmSync(join(vault, 'c'));
    await keyring().set(item('d'));
    expect(kept()).toEqual([nameOf('a'), nameOf('d')]);
  });

  it('makes room for later ones', () => {
    const keys = cache();
    const salts = Array.from({ length: 1030 }, () => newSalt());
    for (const salt of salts) keys.keep('right', { salt, rounds: ROUNDS }, Buffer.alloc(16));
    expect(kept()).toHaveLength(1024);
    expect(kept().at(-1)).toBe(`${ROUNDS} ${salts.at(-1)?.toString('base64url')}`);
  });

  it('is forgotten with those of every vault, or with those of its own', async () => {
    const other = join(vault, 'other');
    cache(other).keep('right', { salt: newSalt(), rounds: ROUNDS }, Buffer.alloc(16));
    await keyring().set(item('work'));
    expect(files()).toHaveLength(2);
    forgetDerivedKeys(env, other);
    expect(kept()).toEqual([nameOf('work')]);
    forgetDerivedKeys(env);
    expect(files()).toEqual([]);
  });
});

describe('what lies where keys are kept', () => {
  it.each([
    ['is nothing that is written there', 'not JSON'],
    ['has a secret that is too short', '{"secret":"AAAA","keys":{}}'],
    ['is no object', 'null'],
  ])('is replaced where it %s', async (_, text) => {
    await keyring().set(item('work'));
    writeFileSync(file(), text);
    expect((await keyring().get('work'))?.data).toBe('secret');
    expect(kept()).toEqual([nameOf('work')]);
  });

  it('is not believed where somebody else could have written it, nor followed elsewhere', async () => {
    await keyring().set(item('work'));
    chmodSync(file(), 0o666);
    expect(cache().find('right', derivation('work'))).toBeUndefined();
    chmodSync(file(), 0o600);
    expect(cache().find('right', derivation('work'))).toBeDefined();
    const elsewhere = join(vault, '..', `keyturn-elsewhere-${process.pid}`);
    writeFileSync(elsewhere, readFileSync(file()), { mode: 0o600 });
    const path = file();
    rmSync(path);
    symlinkSync(elsewhere, path);
    expect(cache().find('right', derivation('work'))).toBeUndefined();
    await keyring().get('work');
    expect(lstatSync(path).isFile()).toBe(true);
    rmSync(elsewhere);
  });

  it('opens an item also where another key was put in the place of its own', async () => {
    await keyring().set(item('work'));
    cache().keep('right', derivation('work'), Buffer.alloc(16, 7));
    expect((await keyring().get('work'))?.data).toBe('secret');
  });
});

describe('where keys are kept', () => {
  const own = () => join(runtimeDir, 'keyturn');

  it('is not where others can enter, nor behind a link, nor on a disk', () => {
    expect(memoryDirectory(env, { isMade: false })).not.toBe(own());
    expect(memoryDirectory(env, { isMade: true })).toBe(own());
    chmodSync(own(), 0o750);
    expect(memoryDirectory(env, { isMade: true })).not.toBe(own());
    rmSync(own(), { recursive: true });
    mkdirSync(join(runtimeDir, 'real'), { mode: 0o700 });
    symlinkSync(join(runtimeDir, 'real'), own());
    expect(memoryDirectory(env, { isMade: true })).not.toBe(own());
    const onDisk = join(vault, 'keyturn');
    expect(memoryDirectory({ XDG_RUNTIME_DIR: vault }, { isMade: true })).not.toBe(onDisk);
    mkdirSync(onDisk, { mode: 0o700 });
    expect(memoryDirectory({ XDG_RUNTIME_DIR: vault }, { isMade: true })).not.toBe(onDisk);
  });

  it('is below /run or /dev/shm where no other is named', () => {
    const dir = memoryDirectory({}, { isMade: true });
    expect(dir).toMatch(/^(\/run\/user\/\d+\/keyturn|\/dev\/shm\/keyturn-\d+)$/);
  });
});
