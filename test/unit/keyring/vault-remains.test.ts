import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyring } from '../../../native-host/keyring/file.ts';

const OTHER = { key: 'other', data: 'secret', label: 'other' };
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyturn-remains-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = () => fileKeyring({ dir, passphrase: () => 'another' });

describe('a passphrase that nothing proves', () => {
  it.each([
    ['emptied', ''],
    ['cut short', 'eyJhbGciOiJQQkVT'],
  ])('is not taken where the only item was %s, until that is gone or is replaced itself', async (_, content) => {
    writeFileSync(join(dir, 'work'), content, { mode: 0o600 });
    const refusal = { code: 'KEYRING_CORRUPT', details: { backend: 'file', file: join(dir, 'work') } };
    await expect(open().set(OTHER)).rejects.toMatchObject(refusal);
    expect(readdirSync(dir)).toEqual(['work']);
    expect(await open().remove('work')).toBe(true);
    await open().set(OTHER);
    expect(await open().get('other')).toMatchObject(OTHER);
  });

  it("is taken where an empty file is somebody else's", async () => {
    writeFileSync(join(dir, 'empty'), '', { mode: 0o644 });
    await open().set(OTHER);
    expect(await open().keys()).toEqual(['other']);
  });
});
