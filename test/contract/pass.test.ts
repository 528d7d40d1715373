import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { passKeyring } from '../../native-host/keyring/pass.ts';
import type { PasswordStoreOptions } from '../../native-host/keyring/password-store.ts';
import { type Elsewhere, keyringContract } from './keyring-contract.ts';
import { type PasswordStore, startPasswordStore } from './password-store.ts';

/** As aws-vault writes it. */
const AWS_VAULT_ITEM = JSON.stringify({
  Key: 'work',
  Data: Buffer.from('{"AccessKeyID":"AKIAEXAMPLE"}').toString('base64'),
  Label: 'aws-vault (work)',
  Description: '',
  KeychainNotTrustApplication: false,
  KeychainNotSynchronizable: false,
});

function optionsFor({ home, dir, env }: Pick<PasswordStore, 'home' | 'dir' | 'env'>): PasswordStoreOptions {
  const stateDir = path.join(home, 'state');
  return {
    dir,
    command: 'pass',
    prefix: '',
    homeDir: home,
    stateDir,
    locks: fileLocks(path.join(stateDir, 'locks')),
    env,
    signal: new AbortController().signal,
    notice: () => undefined,
  };
}

function inOtherProcess(store: PasswordStore): Elsewhere {
  const { locks: _, signal: _signal, notice: _notice, ...plain } = optionsFor(store);
  const locks = `fileLocks(${JSON.stringify(path.join(plain.stateDir, 'locks'))})`;
  return { module: 'pass.ts', open: 'passKeyring', options: `{ ...${JSON.stringify(plain)}, locks: ${locks} }` };
}

const shared = startPasswordStore();
afterAll(() => shared.close());

keyringContract('pass', async () => {
  shared.empty();
  const open = () => passKeyring(optionsFor(shared));
  return { keyring: open(), reopen: async () => open(), elsewhere: inOtherProcess(shared) };
});

describe('a password store with other passwords in it', () => {
  let store: PasswordStore;
  beforeAll(() => {
    store = startPasswordStore();
    store.insert('mail/example.com', 'hunter2\nuser: me\n');
    store.insert('bank', '{"not": "an item"}');
    store.insert('work', AWS_VAULT_ITEM);
  });
  afterAll(() => store.close());

  it('shows only the vault’s own items, those that aws-vault wrote among them', async () => {
    expect(await passKeyring(optionsFor(store)).keys()).toEqual(['work']);
    expect((await passKeyring(optionsFor(store)).get('work'))?.data).toBe('{"AccessKeyID":"AKIAEXAMPLE"}');
  });

  it('looks into another’s entry once, and again only when it has changed', async () => {
    const shown = path.join(store.home, 'shown');
    const command = path.join(store.home, 'pass-noting');
    fs.writeFileSync(command, `#!/bin/sh\necho "$@" >> ${shown}\nexec pass "$@"\n`, { mode: 0o755 });
    const keys = () => passKeyring({ ...optionsFor(store), command }).keys();
    await keys();
    expect(fs.existsSync(shown)).toBe(false); // the test before has looked already
    store.insert('bank', 'changed, and longer than before');
    expect(await keys()).toEqual(['work']);
    expect(fs.readFileSync(shown, 'utf8')).toBe('show -- bank\n');
  });

  it('keeps to its folder when it has one', async () => {
    const keyring = passKeyring({ ...optionsFor(store), prefix: 'aws' });
    await keyring.set({ key: 'a/b', data: '{}', label: 'aws-vault (a/b)' });
    expect(await keyring.keys()).toEqual(['a/b']);
    expect(JSON.parse(store.show('aws/a/b'))).toMatchObject({ Key: 'a/b', Label: 'aws-vault (a/b)' });
    expect(await passKeyring(optionsFor(store)).keys()).toEqual(['aws/a/b', 'work']);
    expect(await keyring.remove('a/b')).toBe(true);
  });

  it('calls another’s entry no item, instead of taking it for one', async () => {
    await expect(passKeyring(optionsFor(store)).get('bank')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it('finds what aws-vault wrote under a start URL, whose slashes it had cleaned', async () => {
    store.insert('oidc:https:/example.awsapps.com/start', AWS_VAULT_ITEM);
    const keyring = passKeyring(optionsFor(store));
    expect(await keyring.keys()).toContain('oidc:https://example.awsapps.com/start');
    expect(await keyring.remove('oidc:https://example.awsapps.com/start')).toBe(true);
  });
});

describe('a password store that cannot be used', () => {
  it('without a store, or without the program, is not there', () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-no-pass-'));
    const options = { ...optionsFor({ home, dir: path.join(home, 'none'), env: { PATH: '/usr/bin' } }) };
    expect(() => passKeyring(options)).toThrow(expect.objectContaining({ code: 'KEYRING_UNAVAILABLE' }));
    fs.mkdirSync(options.dir ?? '');
    fs.writeFileSync(path.join(options.dir ?? '', '.gpg-id'), 'nobody');
    expect(() => passKeyring({ ...options, command: 'no-such-pass' })).toThrow(/no program "no-such-pass" on PATH/);
  });

  it('whose key is locked says so, lists nothing unknown and asks nobody', async () => {
    const store = startPasswordStore({ passphrase: 'correct horse' });
    try {
      store.insert('work', AWS_VAULT_ITEM);
      store.forget();
      const keyring = passKeyring(optionsFor(store));
      expect(await keyring.keys()).toEqual([]);
      await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED', details: { backend: 'pass' } });
      expect(await keyring.get('nobody')).toBeUndefined();
    } finally {
      store.close();
    }
  });

  it('whose key is locked asks for its passphrase, and stays locked when the question is dismissed', async () => {
    const store = startPasswordStore({ passphrase: 'correct horse' });
    try {
      store.insert('work', AWS_VAULT_ITEM);
      const answers = path.join(store.home, 'answer');
      // GnuPG asks its pinentry in lines, and takes the answer in lines.
      const pinentry = path.join(store.home, 'pinentry');
      fs.writeFileSync(
        pinentry,
        `#!/bin/sh\necho OK\nwhile read -r word rest; do\n  case $word in GETPIN) cat ${answers} ;; *) echo OK ;; esac\n  [ "$word" = BYE ] && exit\ndone\n`,
        { mode: 0o755 },
      );
      fs.writeFileSync(path.join(store.env.GNUPGHOME ?? '', 'gpg-agent.conf'), `pinentry-program ${pinentry}\n`);
      store.forget();
      fs.writeFileSync(answers, 'ERR 83886179 Operation cancelled <Pinentry>\n');
      // `pass` has GnuPG keep quiet about why: dismissed, answered wrong and nobody there are one to it.
      const dismissed = { code: 'KEYRING_LOCKED', message: expect.stringContaining('its passphrase was not given') };
      await expect(passKeyring(optionsFor(store)).get('work')).rejects.toMatchObject(dismissed);
      fs.writeFileSync(answers, 'D correct horse\nOK\n');
      expect((await passKeyring(optionsFor(store)).get('work'))?.data).toBe('{"AccessKeyID":"AKIAEXAMPLE"}');
    } finally {
      store.close();
    }
  });

  it('whose items are another’s is denied', async () => {
    const [mine, theirs] = [startPasswordStore(), startPasswordStore()];
    try {
      theirs.insert('work', AWS_VAULT_ITEM);
      fs.cpSync(path.join(theirs.dir, 'work.gpg'), path.join(mine.dir, 'work.gpg'));
      await expect(passKeyring(optionsFor(mine)).get('work')).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
    } finally {
      mine.close();
      theirs.close();
    }
  });

  it('a damaged entry is damaged', async () => {
    const store = startPasswordStore();
    try {
      store.insert('work', AWS_VAULT_ITEM);
      fs.writeFileSync(path.join(store.dir, 'work.gpg'), 'no OpenPGP at all');
      await expect(passKeyring(optionsFor(store)).get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    } finally {
      store.close();
    }
  });

  it('Ctrl-C ends a wait for it, and a secret is never an argument', async () => {
    const store = startPasswordStore();
    try {
      const seen = path.join(store.home, 'arguments');
      const command = path.join(store.home, 'pass-slow');
      fs.writeFileSync(command, `#!/bin/sh\necho "$@" >> ${seen}\nsleep 60\n`, { mode: 0o755 });
      const interrupted = new AbortController();
      const keyring = passKeyring({ ...optionsFor(store), command, signal: interrupted.signal });
      const setting = keyring.set({ key: 'work', data: 'TOPSECRET', label: 'x' });
      await expect.poll(() => fs.existsSync(seen)).toBe(true);
      interrupted.abort();
      await expect(setting).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(fs.readFileSync(seen, 'utf8')).toBe('insert -m -f -- work\n');
    } finally {
      store.close();
    }
  });
});
