import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import type { KeyringOptions } from '../../native-host/keyring/backends.ts';
import { openKeyring } from '../../native-host/keyring/open.ts';
import { vaultPlace } from '../../native-host/keyring/vault-place.ts';
import { readSettings } from '../../native-host/settings.ts';
import { type SessionBus, startSessionBus } from './session-bus.ts';

const ITEM = { key: 'work', data: 'the secret', label: 'aws-vault (work)' };

let bus: SessionBus;
let home: string;
let notices: string[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'keyturn-open-'));
  notices = [];
  bus = await startSessionBus();
  await bus.createCollection();
});
afterEach(async () => {
  await bus?.stop();
  rmSync(home, { recursive: true });
});

function options(backend?: string): KeyringOptions {
  return {
    backend,
    ...vaultPlace(readSettings({}, home)),
    opTimeoutMs: () => 15_000,
    fileDir: join(home, 'keys'),
    passDir: join(home, 'store'),
    homeDir: home,
    locks: fileLocks(join(home, 'state')),
    stateDir: join(home, 'state'),
    env: bus.env,
    passphrase: () => 'passphrase',
    notice: (line) => notices.push(line),
    signal: new AbortController().signal,
  };
}

it('a desktop with a Secret Service gets it, remembered and without a word, also beside an old file vault', async () => {
  const file = await openKeyring(options('file'));
  await file.set(ITEM);
  const keyring = await openKeyring(options());
  try {
    expect(keyring.backend).toBe('secret-service');
    expect(await keyring.get('work')).toBeUndefined();
    await keyring.set(ITEM);
    expect(await keyring.get('work')).toEqual(ITEM);
    expect(await keyring.keys()).toEqual(['work']);
  } finally {
    keyring.close();
  }
  expect(readFileSync(join(home, 'state', 'backend'), 'utf8')).toBe('secret-service\n');
  expect(notices).toEqual([]);
});

it('a Secret Service that is gone later is an error that tells the way out, and the keys are not looked for elsewhere', async () => {
  (await openKeyring(options())).close();
  await bus.killBus();
  await expect(openKeyring(options())).rejects.toMatchObject({
    code: 'KEYRING_UNAVAILABLE',
    message: expect.stringMatching(
      /secret-service is the vault remembered in .*state\/backend.*--backend kwallet\|keyctl\|pass\|file\|passage\|op/,
    ),
  });
  expect(readdirSync(home)).toEqual(['state']);
  expect(notices).toEqual([]);
  expect((await openKeyring(options('file'))).backend).toBe('file');
});

it('a locked Secret Service is not passed over for the file vault', async () => {
  await bus.lockCollection();
  const opened = await openKeyring(options()).then(
    (keyring) => {
      keyring.close();
      return keyring.backend;
    },
    (error: unknown) => error,
  );
  expect(opened).toBe('secret-service');
  expect(readdirSync(home)).toEqual(['state']);
});

it('a bus without a Secret Service leaves the file vault, and the line says why', async () => {
  await bus.killService();
  expect((await openKeyring(options())).backend).toBe('file');
  expect(readFileSync(join(home, 'state', 'backend'), 'utf8')).toBe('file\n');
  expect(notices).toEqual([expect.stringContaining('the Secret Service is not usable')]);
});
