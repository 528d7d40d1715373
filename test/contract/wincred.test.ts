import koffi from 'koffi';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { wincredKeyring } from '../../native-host/keyring/wincred.ts';
import { credentialManager } from '../../native-host/keyring/wincred-api.ts';
import { keyringContract } from './keyring-contract.ts';
import { compileDouble } from './native-double.ts';

const ITEM = { key: 'work', data: '{"AccessKeyID":"AKIAEXAMPLE"}', label: 'aws-vault (work)' };
const LONG = { ...ITEM, data: 'ü0123456789abcde'.repeat(1024) };
const TARGET = 'aws-vault:aws-vault:work';

const double = compileDouble('wincred-double.c');
afterAll(() => double.remove());
const library = koffi.load(double.file);
const empty = library.func('void DoubleEmpty()');
const failWith = library.func('void DoubleFail(uint32_t code)');
const stopAfter = library.func('void DoubleStopAfter(int writes)');
const manager = credentialManager(koffi, { advapi32: double.file, kernel32: double.file });

const open = (signal = new AbortController().signal) => wincredKeyring({ manager, signal });
const targets = (): string[] => manager.list('').map(({ target }) => target);

keyringContract('wincred', async () => {
  empty();
  return { keyring: open(), reopen: async () => open() };
});

describe('the Windows Credential Manager', () => {
  beforeEach(() => empty());

  it('keeps items as aws-vault does, and reads what aws-vault wrote', async () => {
    await open().set(ITEM);
    expect(manager.read(TARGET)?.secret.toString()).toBe(ITEM.data);
    expect(targets()).toEqual([TARGET]);
    manager.write({ target: 'aws-vault:aws-vault:theirs', secret: Buffer.from(ITEM.data), comment: '' });
    expect(await open().get('theirs')).toEqual({ key: 'theirs', data: ITEM.data, label: '' });
    expect((await open().keys()).sort()).toEqual(['theirs', 'work']);
  });

  it('leaves credentials of other programs alone', async () => {
    manager.write({ target: 'git:https://example.com', secret: Buffer.from('x'), comment: '' });
    manager.write({ target: 'aws-vault:other:work', secret: Buffer.from('x'), comment: '' });
    await open().set(LONG);
    expect(await open().keys()).toEqual(['work']);
    expect(await open().remove('work')).toBe(true);
    expect(targets().sort()).toEqual(['aws-vault:other:work', 'git:https://example.com']);
  });

  it('splits what is longer than Windows takes where aws-vault does not list the parts', async () => {
    await open().set({ ...ITEM, data: 'x'.repeat(2560) });
    expect(targets()).toEqual([TARGET]);
    await open().set({ ...ITEM, data: 'x'.repeat(2561) });
    expect(targets().filter((target) => target.startsWith('aws-vault:'))).toEqual([TARGET]);
    expect(targets()).toHaveLength(3);
    expect((await open().get('work'))?.data).toBe('x'.repeat(2561));
    await open().set(ITEM);
    expect(targets()).toEqual([TARGET]);
  });

  it('has the old value or the new one, wherever a write is interrupted, and never a mixture', async () => {
    const newer = { ...LONG, data: LONG.data.toUpperCase() };
    const parts = Math.ceil(Buffer.byteLength(LONG.data) / 2560);
    for (let writes = 0; writes <= parts; writes += 1) {
      empty();
      await open().set(LONG);
      stopAfter(writes);
      await expect(open().set(newer)).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE' });
      expect((await open().get('work'))?.data).toBe(LONG.data);
      stopAfter(-1);
      await open().set(newer);
      expect((await open().get('work'))?.data).toBe(newer.data);
      // What the interrupted write had left is gone as well.
      expect(targets()).toHaveLength(parts + 1);
    }
  });

  it('calls a value damaged when a part of it is missing or another’s', async () => {
    await open().set(LONG);
    const [part = ''] = targets().filter((target) => target.startsWith('keyturn-part:'));
    manager.write({ target: part, secret: Buffer.from('another'), comment: '' });
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    manager.remove(part);
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    manager.write({ target: TARGET, secret: Buffer.from([0xff, 0xfe]), comment: '' });
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it('keeps a value that looks like the names of parts', async () => {
    await open().set(LONG);
    const names = manager.read(TARGET)?.secret.toString() ?? '';
    await open().set({ ...ITEM, data: names });
    expect((await open().get('work'))?.data).toBe(names);
  });

  it.each([
    [5, 'KEYRING_DENIED', /refuses access/],
    [1312, 'KEYRING_UNAVAILABLE', /this logon has no credentials/],
    [1450, 'KEYRING_UNAVAILABLE', /error 1450/],
  ])("makes each method say what Windows' error %i means", async (code, expected, message) => {
    await open().set(ITEM);
    failWith(code);
    const failure = { code: expected, message: expect.stringMatching(message), details: { backend: 'wincred' } };
    await expect(open().get('work')).rejects.toMatchObject(failure);
    await expect(open().keys()).rejects.toMatchObject(failure);
    await expect(open().set(ITEM)).rejects.toMatchObject(failure);
    await expect(open().remove('work')).rejects.toMatchObject(failure);
  });

  it('does nothing more after Ctrl-C', async () => {
    const signal = AbortSignal.abort();
    await expect(open(signal).get('work')).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(open(signal).set(ITEM)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(targets()).toEqual([]);
  });
});
