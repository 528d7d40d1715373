import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { keyctlKeyring } from '../../native-host/keyring/keyctl.ts';
import { keyringContract } from './keyring-contract.ts';

const ENV = { PATH: '/usr/bin:/bin' };
const ITEM = { key: 'work', data: '{}', label: 'aws-vault (work)' };
const notices: string[] = [];

function open(env: Record<string, string> = ENV) {
  return keyctlKeyring({ env, signal: new AbortController().signal, notice: (line) => notices.push(line) });
}

async function empty(): Promise<void> {
  const keyring = open();
  for (const key of await keyring.keys()) await keyring.remove(key);
}

// The user keyring of whoever runs the tests: there is one for each user, and no other place to put it.
afterEach(empty);
afterAll(empty);

keyringContract('keyctl', async () => {
  await empty();
  return { keyring: open(), reopen: async () => open() };
});

describe('the kernel keyring', () => {
  it('leaves keys of other programs alone', async () => {
    const id = execFileSync('keyctl', ['add', 'user', 'aws-vault-else', 'theirs', '@u'], { encoding: 'utf8' }).trim();
    try {
      await open().set(ITEM);
      expect(await open().keys()).toEqual(['work']);
      expect(await open().get('-else')).toBeUndefined();
    } finally {
      execFileSync('keyctl', ['unlink', id, '@u']);
    }
  });

  it('is the same for every session of the user', async () => {
    await open().set(ITEM);
    const id = /^([0-9a-f]{8}) .* aws-vault:work: \d+$/m.exec(fs.readFileSync('/proc/keys', 'utf8'))?.[1];
    const other = execFileSync('keyctl', ['session', '-', 'keyctl', 'pipe', `0x${id}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(other).toContain('"Key":"work"');
  });

  it('says once for a stored key, and not for a session, that it forgets', async () => {
    notices.length = 0;
    await open().set(ITEM);
    await open().set(ITEM);
    await open().set({ ...ITEM, key: 'sts.AssumeRole,d29yaw,,1795254532' });
    expect(notices).toEqual(['the kernel keyring forgets this when the machine restarts']);
  });

  it('calls what somebody else put under its name damaged', async () => {
    const id = execFileSync('keyctl', ['add', 'user', 'aws-vault:odd', 'no item', '@u'], { encoding: 'utf8' }).trim();
    execFileSync('keyctl', ['setperm', id, '0x3f3f0000']);
    await expect(open().get('odd')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it('refuses what the kernel cannot hold, and is not there without its program', async () => {
    const setting = open().set({ ...ITEM, data: 'x'.repeat(40_000) });
    await expect(setting).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE', details: { backend: 'keyctl' } });
    expect(() => open({ PATH: '/nowhere' })).toThrow(/install keyutils/);
  });
});
