import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { type OpOptions, opKeyring } from '../../native-host/keyring/op.ts';
import { keyringContract } from './keyring-contract.ts';

const ITEM = {
  key: 'work',
  data: '{"AccessKeyID":"AKIAEXAMPLE","SecretAccessKey":"s3cr3t"}',
  label: 'aws-vault (work)',
};
const ITEM_JSON = JSON.stringify({
  Key: ITEM.key,
  Data: Buffer.from(ITEM.data).toString('base64'),
  Label: ITEM.label,
  Description: '',
  KeychainNotTrustApplication: false,
  KeychainNotSynchronizable: false,
});
const VAULT = 'vault-id';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-op-'));
const account = path.join(dir, 'account.json');
fs.mkdirSync(path.join(dir, 'bin'));
fs.writeFileSync(
  path.join(dir, 'bin', 'op'),
  `#!/bin/sh\nexec '${process.execPath}' '${path.resolve('test/contract/op-double.mjs')}' "$@"\n`,
  { mode: 0o755 },
);
afterAll(() => fs.rmSync(dir, { recursive: true }));

type Account = { readonly state?: string; readonly token?: string; readonly items: readonly object[] };

function write(changed: Partial<Account> = {}): void {
  fs.writeFileSync(account, JSON.stringify({ vault: VAULT, items: [], ...changed }));
}
const items = (): { readonly id: string; readonly title: string }[] =>
  JSON.parse(fs.readFileSync(account, 'utf8')).items;
const ranWith = (): string => fs.readFileSync(`${account}.argv`, 'utf8');

function open(changed: Partial<OpOptions> = {}, env: Record<string, string> = {}) {
  return opKeyring({
    vaultId: VAULT,
    itemTitlePrefix: 'aws-vault',
    itemTag: 'aws-vault',
    account: undefined,
    timeoutMs: 15_000,
    locks: fileLocks(path.join(dir, 'locks')),
    env: { PATH: `${path.join(dir, 'bin')}:/usr/bin:/bin`, OP_DOUBLE: account, ...env },
    signal: new AbortController().signal,
    ...changed,
  });
}

keyringContract('op', async () => {
  write();
  return { keyring: open(), reopen: async () => open() };
});

describe('1Password', () => {
  beforeEach(() => {
    write();
    fs.rmSync(`${account}.argv`, { force: true });
  });

  it("keeps items as aws-vault's fork does, and reads what it wrote", async () => {
    await open().set(ITEM);
    const [{ id: _, ...item } = { id: '' }] = items();
    expect(item).toMatchObject({ title: 'aws-vault: work', category: 'API_CREDENTIAL', tags: ['aws-vault'] });
    expect(item).toMatchObject({ fields: [{ type: 'CONCEALED', label: 'keyring', value: ITEM_JSON }] });
    const field = { id: 'abcd', type: 'CONCEALED', label: 'keyring', value: ITEM_JSON };
    const notes = { id: 'notesPlain', type: 'STRING', purpose: 'NOTES', label: 'notesPlain', value: 'mine' };
    const theirs = { id: 'theirs', version: 1, title: 'aws-vault: theirs', tags: ['aws-vault'] };
    write({ items: [{ ...theirs, category: 'API_CREDENTIAL', fields: [notes, field] }] });
    expect(await open().get('theirs')).toEqual({ ...ITEM, key: 'theirs' });
    // What its owner has added to an item stays.
    await open().set({ ...ITEM, key: 'theirs', data: 'new' });
    expect(items()).toHaveLength(1);
    expect(items()[0]).toMatchObject({ version: 2, fields: [notes, { id: 'abcd' }] });
    expect((await open().get('theirs'))?.data).toBe('new');
  });

  it('shows only items of the tag, the category and the title of a vault', async () => {
    const item = { id: 'a', title: 'aws-vault: work', tags: ['aws-vault'], category: 'API_CREDENTIAL', fields: [] };
    const below = { ...item, id: 'b', tags: ['aws-vault/old'] };
    const login = { ...item, id: 'c', category: 'LOGIN' };
    const other = { ...item, id: 'd', title: 'Bank' };
    write({ items: [below, login, other] });
    expect(await open().keys()).toEqual([]);
    expect(await open().get('work')).toBeUndefined();
    write({ items: [item, below, login, other] });
    expect(await open().keys()).toEqual(['work']);
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it('that has two items of one name says so instead of taking one, and removes both', async () => {
    await open().set(ITEM);
    write({ items: [...items(), { ...items()[0], id: 'second' }] });
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    await expect(open().set(ITEM)).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
    expect(await open().remove('work')).toBe(true);
    expect(items()).toEqual([]);
  });

  it('gets no secret as an argument, and names the account where one is given', async () => {
    await open({ account: 'my' }).set(ITEM);
    await open().set({ ...ITEM, data: `${ITEM.data} ` });
    await open().remove('work');
    for (const secret of ['AKIAEXAMPLE', 's3cr3t', Buffer.from(ITEM.data).toString('base64').slice(0, 40)]) {
      expect(ranWith()).not.toContain(secret);
    }
    expect(ranWith()).toContain('"--account","my"');
  });

  it("takes a service account's token from the variable of aws-vault's fork", async () => {
    write({ token: 'ops_secret' });
    await expect(open().keys()).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    await open({}, { AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN: 'ops_secret' }).set(ITEM);
    expect(await open({}, { OP_SERVICE_ACCOUNT_TOKEN: 'ops_secret' }).keys()).toEqual(['work']);
    expect(ranWith()).not.toContain('ops_secret');
  });

  it.each([
    ['signed out', 'KEYRING_LOCKED', /op signin/],
    ['no account', 'KEYRING_LOCKED', /op signin/],
    ['unanswered', 'KEYRING_LOCKED', /open its app/],
    ['dismissed', 'KEYRING_DENIED', /repeat the command/],
    ['forbidden', 'KEYRING_DENIED', /owner of the vault/],
    ['offline', 'KEYRING_UNAVAILABLE', /no such host/],
    ['old', 'KEYRING_UNAVAILABLE', /version 2/],
  ])('that is %s says %s, in each method', async (state, code, message) => {
    write({ state });
    const failure = { code, details: { backend: 'op' }, message: expect.stringMatching(message) };
    const keyring = open();
    await expect(keyring.get('work')).rejects.toMatchObject(failure);
    await expect(keyring.keys()).rejects.toMatchObject(failure);
    await expect(keyring.set(ITEM)).rejects.toMatchObject(failure);
    await expect(keyring.remove('work')).rejects.toMatchObject(failure);
  });

  it('is not there without its program, the vault, or the vault’s name', async () => {
    const missing = { code: 'KEYRING_UNAVAILABLE', details: { backend: 'op' } };
    await expect(open({}, { PATH: '/nowhere' }).keys()).rejects.toMatchObject(missing);
    await expect(open({ vaultId: 'other' }).keys()).rejects.toMatchObject(missing);
    expect(() => open({ vaultId: undefined })).toThrow(/--op-vault-id/);
    expect(await open({ vaultId: undefined }, { OP_VAULT_ID: VAULT }).keys()).toEqual([]);
  });

  it('that does not answer ends with TIMEOUT, and with CANCELLED at Ctrl-C', async () => {
    write({ state: 'hangs' });
    const token = { OP_SERVICE_ACCOUNT_TOKEN: 'ops' };
    await expect(open({ timeoutMs: 200 }, token).get('work')).rejects.toMatchObject({ code: 'TIMEOUT' });
    const interrupted = new AbortController();
    const reading = open({ signal: interrupted.signal }).get('work');
    setImmediate(() => interrupted.abort());
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
