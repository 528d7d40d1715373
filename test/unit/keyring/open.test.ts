import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLocks } from '../../../native-host/engine/lock.ts';
import type { KeyringOptions } from '../../../native-host/keyring/backends.ts';
import { automaticBackends, backendNames, openKeyring } from '../../../native-host/keyring/open.ts';
import { vaultPlace } from '../../../native-host/keyring/vault-place.ts';
import { readSettings } from '../../../native-host/settings.ts';
import { asOrdinaryUser } from './ordinary-user.ts';

const ITEM = { key: 'work', data: 'the secret', label: 'aws-vault (work)' };

let home: string;
let stateDir: string;
let choice: string;
let notices: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'keyturn-open-'));
  stateDir = join(home, 'state', 'keyturn');
  choice = join(stateDir, 'backend');
  notices = [];
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** On a system without a session bus, unless the options say otherwise. */
function options(changed: Partial<KeyringOptions> = {}): KeyringOptions {
  return {
    backend: undefined,
    ...vaultPlace(readSettings({}, home)),
    opTimeoutMs: () => 15_000,
    fileDir: join(home, 'keys'),
    passDir: join(home, 'store'),
    homeDir: home,
    locks: fileLocks(stateDir),
    stateDir,
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(home, 'no-bus')}` },
    passphrase: () => 'passphrase',
    fileRounds: '8192',
    notice: (line) => notices.push(line),
    signal: new AbortController().signal,
    ...changed,
  };
}

function remember(content: string): void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(choice, content);
}

describe('the backends', () => {
  it('are listed per system, in the order in which they are tried', () => {
    const onRequest = ['passage', 'op'];
    expect(backendNames('linux')).toEqual(['secret-service', 'kwallet', 'keyctl', 'pass', 'file', ...onRequest]);
    expect(backendNames('darwin')).toEqual(['keychain', 'pass', 'file', ...onRequest]);
    expect(backendNames('win32')).toEqual(['wincred', 'file', 'op']);
  });

  it('are chosen by themselves only where they last and their place is known', () => {
    expect(automaticBackends('linux')).toEqual(['secret-service', 'kwallet', 'pass', 'file']);
    expect(automaticBackends('darwin')).toEqual(['keychain', 'pass', 'file']);
    expect(automaticBackends('win32')).toEqual(['wincred', 'file']);
  });
});

describe('a backend that is asked for', () => {
  it('is opened and not remembered', async () => {
    const keyring = await openKeyring(options({ backend: 'file' }));
    expect(keyring.backend).toBe('file');
    await keyring.set(ITEM);
    expect(await keyring.get('work')).toEqual(ITEM);
    expect(await keyring.keys()).toEqual(['work']);
    expect(await keyring.remove('work')).toBe(true);
    keyring.close();
    expect(readdirSync(home)).toEqual(['keys']);
    expect(notices).toEqual([]);
  });

  it('goes before the remembered one, which stays remembered', async () => {
    remember('secret-service\n');
    expect((await openKeyring(options({ backend: 'file' }))).backend).toBe('file');
    expect(readFileSync(choice, 'utf8')).toBe('secret-service\n');
  });

  it('fails when it does not open; no other takes its place', async () => {
    await expect(openKeyring(options({ backend: 'secret-service' }))).rejects.toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
    });
    expect(readdirSync(home)).toEqual([]);
  });

  it.each(['foo', '', 'File', 'keychain'])("is refused in aws-vault's words when it is %j", async (backend) => {
    await expect(openKeyring(options({ backend }))).rejects.toMatchObject({
      code: 'USAGE',
      message: `enum value must be one of secret-service,kwallet,keyctl,pass,file,passage,op, got '${backend}'`,
      details: { flag: 'backend' },
    });
  });
});

describe('when nothing was chosen yet', () => {
  it('the file vault is used where there is no Secret Service; one line says which, why, and what else to do', async () => {
    const keyring = await openKeyring(options());
    expect(keyring.backend).toBe('file');
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(join(home, 'keys'));
    expect(notices[0]).toContain('the Secret Service is not usable');
    expect(notices[0]).toContain('--backend secret-service');
    expect(notices[0]).not.toContain('\n');
  });

  it('the choice is remembered, for its owner only, and not talked about again', async () => {
    await openKeyring(options());
    expect(readFileSync(choice, 'utf8')).toBe('file\n');
    expect(statSync(choice).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(stateDir)).toEqual(['backend']);
    notices = [];
    expect((await openKeyring(options())).backend).toBe('file');
    expect(notices).toEqual([]);
  });

  it('and none opens, nothing is remembered and every reason is told', async () => {
    writeFileSync(join(home, 'keys'), '');
    await expect(openKeyring(options())).rejects.toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      message: expect.stringMatching(/Secret Service.*is not a directory/),
    });
    expect(readdirSync(home)).toEqual(['keys']);
    expect(notices).toEqual([]);
  });

  it('and the choice cannot be kept, the vault opens all the same and a line says so', async () => {
    mkdirSync(join(home, 'keys'), { mode: 0o700 });
    chmodSync(home, 0o500);
    await asOrdinaryUser([home, join(home, 'keys')], async () => {
      const keyring = await openKeyring(options());
      await keyring.set(ITEM);
      expect(await keyring.get('work')).toEqual(ITEM);
    });
    chmodSync(home, 0o700);
    expect(notices).toHaveLength(2);
    expect(notices[1]).toMatch(/cannot be remembered.*AWS_VAULT_BACKEND=file/);
  });

  it('and the wait is called off, nothing else is tried', async () => {
    const signal = AbortSignal.abort();
    await expect(openKeyring(options({ signal }))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('the remembered backend', () => {
  it('is the only one tried; its failure says where it is remembered and how to choose another', async () => {
    remember('secret-service\n');
    await expect(openKeyring(options())).rejects.toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      message: expect.stringMatching(/remembered in .*--backend kwallet\|keyctl\|pass\|file\|passage\|op/),
    });
    await expect(openKeyring(options())).rejects.toMatchObject({ message: expect.stringContaining(choice) });
    expect(readFileSync(choice, 'utf8')).toBe('secret-service\n');
    expect(readdirSync(home)).toEqual(['state']);
    expect(notices).toEqual([]);
  });

  it('may be written by hand, without a line end', async () => {
    remember('file');
    expect((await openKeyring(options())).backend).toBe('file');
  });

  it.each(['', '\n', 'foo\n', 'file secret-service', 'keychain', '\0\0\0\0'])(
    '%j is not guessed at',
    async (content) => {
      remember(content);
      await expect(openKeyring(options())).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(choice),
        details: { file: choice },
      });
      expect(readFileSync(choice, 'utf8')).toBe(content);
    },
  );

  it('that cannot be read is an error, not a new choice', async () => {
    mkdirSync(choice, { recursive: true });
    await expect(openKeyring(options())).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { file: choice } });
  });
});

describe('the passphrase', () => {
  it('may be given after the vault was opened', async () => {
    let answer: string | undefined;
    const keyring = await openKeyring(options({ backend: 'file', passphrase: () => answer }));
    await expect(keyring.set(ITEM)).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    answer = 'passphrase';
    await keyring.set(ITEM);
    expect(await keyring.get('work')).toEqual(ITEM);
  });
});
