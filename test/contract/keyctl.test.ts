import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type KeyctlOptions, keyctlKeyring } from '../../native-host/keyring/keyctl.ts';
import { keyringContract } from './keyring-contract.ts';

const ENV = { PATH: '/usr/bin:/bin' };
const ITEM = { key: 'work', data: '{}', label: 'aws-vault (work)' };
const notices: string[] = [];

function open(env: Record<string, string> = ENV, changed: Partial<KeyctlOptions> = {}) {
  const signal = new AbortController().signal;
  return keyctlKeyring({ env, signal, notice: (line) => notices.push(line), ...changed });
}

/** A directory with a program of that name; what it prints and does is for the shell. */
function programThat(does: string): { readonly dir: string; readonly remove: () => void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-keyctl-'));
  fs.writeFileSync(path.join(dir, 'keyctl'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  return { dir, remove: () => fs.rmSync(dir, { recursive: true }) };
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
  const elsewhere = { module: 'keyctl.ts', open: 'keyctlKeyring', options: `{ env: ${JSON.stringify(ENV)} }` };
  return { keyring: open(), reopen: async () => open(), elsewhere };
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
    // Not from /proc/keys, where keys that are gone stay for a while.
    const id = execFileSync('keyctl', ['search', '@u', 'user', 'aws-vault:work'], { encoding: 'utf8' }).trim();
    const other = execFileSync('keyctl', ['session', '-', 'keyctl', 'pipe', id], {
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

  it('gives its program no secret as an argument', async () => {
    const program = programThat('echo "$@" >> "$(dirname "$0")/arguments"; exec /usr/bin/keyctl "$@"');
    try {
      const keyring = open({ PATH: `${program.dir}:/usr/bin:/bin` });
      await keyring.set({ ...ITEM, data: 'TOPSECRET' });
      expect((await keyring.get('work'))?.data).toBe('TOPSECRET');
      const ran = fs.readFileSync(path.join(program.dir, 'arguments'), 'utf8');
      expect(ran).toMatch(/^padd user aws-vault:work @u$/m);
      for (const secret of ['TOPSECRET', Buffer.from('TOPSECRET').toString('base64')])
        expect(ran).not.toContain(secret);
    } finally {
      program.remove();
    }
  });

  it('ends a wait for its program with TIMEOUT, and with CANCELLED at Ctrl-C', async () => {
    await open().set(ITEM);
    const program = programThat('exec sleep 60');
    try {
      const env = { PATH: `${program.dir}:/usr/bin:/bin` };
      const late = { code: 'TIMEOUT', details: { backend: 'keyctl' } };
      await expect(open(env, { timeoutMs: 100 }).get('work')).rejects.toMatchObject(late);
      const interrupted = new AbortController();
      const reading = open(env, { signal: interrupted.signal }).get('work');
      setImmediate(() => interrupted.abort());
      await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    } finally {
      program.remove();
    }
  });

  it('that refuses says so, and is not taken for an empty one', async () => {
    await open().set(ITEM);
    const program = programThat('echo "keyctl_read_alloc: Permission denied" >&2; exit 1');
    try {
      const env = { PATH: `${program.dir}:/usr/bin:/bin` };
      const denied = { code: 'KEYRING_DENIED', details: { backend: 'keyctl' } };
      await expect(open(env).get('work')).rejects.toMatchObject(denied);
      await expect(open(env).remove('work')).rejects.toMatchObject(denied);
    } finally {
      program.remove();
    }
  });
});
