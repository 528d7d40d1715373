import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactDecrypt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyring } from '../../../native-host/keyring/file.ts';
import { type HardenRequest, hardenItems } from '../../../native-host/keyring/harden.ts';
import { sealJwe } from '../../../native-host/keyring/jwe.ts';
import { type KeyHolder, passphraseHolder } from '../../../native-host/keyring/key-holder.ts';

const ROUNDS = 20_000;
let dir: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyturn-harden-'));
  const keyring = fileKeyring({ dir, passphrase: () => 'right' });
  for (const key of ['work', 'home/office']) await keyring.set({ key, data: `secret of ${key}`, label: key });
});
afterEach(() => rmSync(dir, { recursive: true }));

const right = passphraseHolder('right', () => ROUNDS);
const harden = (change: Partial<HardenRequest> = {}) =>
  hardenItems({
    ...{ dir, holder: right, rounds: ROUNDS, isDryRun: false, onProgress: () => undefined },
    signal: new AbortController().signal,
    ...change,
  });
const text = (name: string) => readFileSync(join(dir, name), 'utf8');
const p2c = (name: string) => JSON.parse(Buffer.from(text(name).split('.')[0] ?? '', 'base64url').toString()).p2c;

describe('hardening', () => {
  it('writes every cheap item anew, and leaves the others', async () => {
    const progress: object[] = [];
    const first = await harden({ onProgress: (at) => progress.push(at) });
    expect(first.items).toEqual([
      { key: 'home/office', state: 'hardened', before: 8192 },
      { key: 'work', state: 'hardened', before: 8192 },
    ]);
    expect(progress).toEqual([
      { at: 1, of: 2 },
      { at: 2, of: 2 },
    ]);
    expect(p2c('work')).toBe(ROUNDS);
    const before = text('work');
    expect((await harden()).items.map(({ state }) => state)).toEqual(['strong', 'strong']);
    expect(text('work')).toBe(before);
  });

  it('keeps what is inside to the byte, for any reader, for its owner only', async () => {
    const odd = '{"Key":"odd","Data":"eA==",  "Future":true}';
    writeFileSync(join(dir, 'odd'), sealJwe(odd, 'right', new Date()));
    chmodSync(join(dir, 'odd'), 0o600);
    await harden();
    const opened = await compactDecrypt(text('odd'), Buffer.from('right'), {
      keyManagementAlgorithms: ['PBES2-HS256+A128KW'],
      maxPBES2Count: ROUNDS,
    });
    expect(Buffer.from(opened.plaintext).toString()).toBe(odd);
    expect(statSync(join(dir, 'odd')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(['home%2Foffice', 'odd', 'work']);
  });

  it('only says what it would do', async () => {
    const before = text('work');
    expect((await harden({ isDryRun: true })).items.map(({ state }) => state)).toEqual(['hardened', 'hardened']);
    expect(text('work')).toBe(before);
  });

  it('refuses a wrong passphrase before it touches anything', async () => {
    const before = text('work');
    const wrong = passphraseHolder('wrong', () => ROUNDS);
    await expect(harden({ holder: wrong })).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    expect(text('work')).toBe(before);
  });

  it("leaves what is damaged or another passphrase's, and says so", async () => {
    writeFileSync(join(dir, 'broken'), 'eyJ.broken');
    writeFileSync(join(dir, 'foreign'), sealJwe('{}', 'another', new Date()));
    const { items } = await harden();
    expect(items.filter(({ state }) => state === 'unreadable').map(({ key }) => key)).toEqual(['broken', 'foreign']);
    expect(text('broken')).toBe('eyJ.broken');
    expect(p2c('foreign')).toBe(8192);
  });

  it('never puts an old key in the place of a new one', async () => {
    const newer = sealJwe('{"Key":"work","Data":"bmV3"}', 'right', new Date());
    const holder: KeyHolder = {
      ...right,
      wrap: (contentKey) => {
        if (p2c('home%2Foffice') === ROUNDS) writeFileSync(join(dir, 'work'), newer); // as another program would, meanwhile
        return right.wrap(contentKey);
      },
    };
    const { items } = await harden({ holder });
    expect(items.find(({ key }) => key === 'work')?.state).toBe('changed');
    expect(text('work')).toBe(newer);
  });

  it('stops where it is interrupted, and goes on when it is repeated', async () => {
    const stop = new AbortController();
    const stopped = harden({ signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) });
    await expect(stopped).rejects.toThrow('stopped');
    expect([p2c('home%2Foffice'), p2c('work')]).toEqual([ROUNDS, 8192]);
    expect((await harden()).items.map(({ state }) => state)).toEqual(['strong', 'hardened']);
  });
});
