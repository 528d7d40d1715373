import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileKeyring } from '../../native-host/keyring/file.ts';
import { newContentKey, newWrappedKey } from '../../native-host/keyring/jwe.ts';
import { UnlockedVaults } from '../../native-host/unlocked-vaults.ts';

const WORK = { key: 'work', data: 'the secret', label: 'aws-vault (work)' };
const FIFTEEN_MINUTES = { lockAfterSeconds: 900, mayBeFirst: false };

let parent: string;
let dir: string;
let vaults: UnlockedVaults;

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'keyturn-unlocked-'));
  dir = join(parent, 'keys');
  vaults = new UnlockedVaults({ stateDir: parent, fileRounds: '8192' });
  await fileKeyring({ dir, passphrase: () => 'right' }).set(WORK);
});
afterEach(() => {
  vi.useRealTimers();
  vaults.lock();
  rmSync(parent, { recursive: true });
});

/** A keyring of a process that was not given the passphrase. */
function keyring() {
  return fileKeyring({ dir, passphrase: () => undefined, holder: async () => vaults.holder(dir) });
}

const locked = expect.objectContaining({ code: 'KEYRING_LOCKED' });

describe('a vault that was unlocked once', () => {
  it('is read and written without the passphrase', async () => {
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    expect(await keyring().get('work')).toMatchObject(WORK);
    await keyring().set({ ...WORK, key: 'new' });
    expect((await fileKeyring({ dir, passphrase: () => 'right' }).get('new'))?.data).toBe('the secret');
  });

  it('is the same by another path', async () => {
    symlinkSync(dir, join(parent, 'link'));
    await vaults.unlock(`${join(parent, 'link')}/`, 'right', FIFTEEN_MINUTES);
    expect(vaults.holder(dir)).toBeDefined();
    expect(vaults.holder(parent)).toBeUndefined();
  });

  it('keeps no wrong passphrase, nor loses the right one to it', async () => {
    await expect(vaults.unlock(dir, 'wrong', FIFTEEN_MINUTES)).rejects.toEqual(locked);
    expect(vaults.holder(dir)).toBeUndefined();
    expect(vaults.lockAfterSeconds).toBeUndefined();
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    await expect(vaults.unlock(dir, 'wrong', FIFTEEN_MINUTES)).rejects.toEqual(locked);
    expect(await keyring().get('work')).toMatchObject(WORK);
  });

  it('must hold something that proves the passphrase, unless this is its first', async () => {
    const empty = join(parent, 'empty');
    mkdirSync(empty);
    const refused = expect.objectContaining({ code: 'CREDENTIALS_NOT_FOUND' });
    await expect(vaults.unlock(empty, 'right', FIFTEEN_MINUTES)).rejects.toEqual(refused);
    await vaults.unlock(empty, 'right', { ...FIFTEEN_MINUTES, mayBeFirst: true });
    expect(vaults.holder(empty)).toBeDefined();
  });

  it('is locked on demand, for those too who had it in hand', async () => {
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    const held = vaults.holder(dir);
    const contentKey = newContentKey();
    const wrapped = newWrappedKey(contentKey, 'right', 8192);
    expect(await held?.unwrap(wrapped)).toEqual(contentKey);
    const underWay = held?.unwrap(newWrappedKey(contentKey, 'right', 8192));
    expect(vaults.lock()).toBe(true);
    expect(vaults.lock()).toBe(false);
    await expect(underWay).rejects.toEqual(locked);
    await expect(held?.unwrap(wrapped)).rejects.toEqual(locked);
    await expect(held?.wrap(contentKey)).rejects.toEqual(locked);
    await expect(keyring().get('work')).rejects.toEqual(locked);
  });

  it('derives each key once', async () => {
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    const wrapped = newWrappedKey(newContentKey(), 'right', 600_000);
    const took = async () => {
      const startedAt = performance.now();
      await vaults.holder(dir)?.unwrap(wrapped);
      return performance.now() - startedAt;
    };
    const first = await took();
    expect(await took()).toBeLessThan(first / 5);
  });

  it('tells those who listen, until they do not any more', async () => {
    const heard: (number | undefined)[] = [];
    const stop = vaults.onChange(() => heard.push(vaults.lockAfterSeconds));
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    vaults.lock();
    stop();
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
    expect(heard).toEqual([900, undefined]);
  });
});

describe('it locks itself', () => {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    await vaults.unlock(dir, 'right', FIFTEEN_MINUTES);
  });

  it('when nobody has used it for the time that was set', () => {
    const heard = vi.fn();
    vaults.onChange(heard);
    vi.advanceTimersByTime(899_000);
    expect(heard).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(heard).toHaveBeenCalledOnce();
    expect(vaults.holder(dir)).toBeUndefined();
  });

  it('not while it is used', async () => {
    vi.advanceTimersByTime(800_000);
    await keyring().get('work');
    vi.advanceTimersByTime(800_000);
    expect(vaults.holder(dir)).toBeDefined();
  });

  it('not by being looked at', () => {
    vi.advanceTimersByTime(800_000);
    expect(vaults.lockAfterSeconds).toBe(900);
    vi.advanceTimersByTime(100_000);
    expect(vaults.lockAfterSeconds).toBeUndefined();
  });

  it('when the machine has slept, before anybody gets a key', () => {
    vi.advanceTimersByTime(5_000);
    vi.setSystemTime(Date.now() + 60_000);
    expect(vaults.holder(dir)).toBeUndefined();
  });

  it('when the clock was put back', () => {
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(1_000);
    expect(vaults.holder(dir)).toBeUndefined();
  });
});
