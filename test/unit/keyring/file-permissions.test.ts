import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyring } from '../../../native-host/keyring/file.ts';
import type { Keyring } from '../../../native-host/keyring/keyring.ts';
import { asOrdinaryUser } from './ordinary-user.ts';

const WORK = { key: 'work', data: 'the secret', label: 'aws-vault (work)' };
const OTHER = { ...WORK, key: 'other' };

let parent: string;
let dir: string;
let notices: string[];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyturn-file-'));
  dir = join(parent, 'keys');
  notices = [];
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

function open(): Keyring {
  return fileKeyring({ dir, passphrase: () => 'right', notice: (line) => notices.push(line) });
}

describe('permissions', () => {
  const mode = (path: string) => statSync(path).mode & 0o7777;
  const everything = () => [parent, dir, ...readdirSync(dir).map((name) => join(dir, name))];

  it('of a new vault are for its owner only, and nothing is said', async () => {
    dir = join(parent, 'a', 'keys');
    await open().set(WORK);
    expect([mode(join(parent, 'a')), mode(dir), mode(join(dir, 'work'))]).toEqual([0o700, 0o700, 0o600]);
    expect(notices).toEqual([]);
  });

  it('that are too wide are narrowed on writing, with a line for each kind', async () => {
    await open().set(WORK);
    chmodSync(dir, 0o755);
    chmodSync(join(dir, 'work'), 0o644);
    writeFileSync(join(dir, 'notes.txt'), 'shared on purpose', { mode: 0o644 });
    await open().set(OTHER);
    expect([mode(dir), mode(join(dir, 'work')), mode(join(dir, 'other'))]).toEqual([0o700, 0o600, 0o600]);
    expect(mode(join(dir, 'notes.txt'))).toBe(0o644);
    expect(notices).toEqual([expect.stringContaining(dir), expect.stringMatching(/^1 item.*600/)]);
  });

  it('are left alone on reading', async () => {
    await open().set(WORK);
    chmodSync(dir, 0o755);
    await open().get('work');
    expect(mode(dir)).toBe(0o755);
  });

  it('of a directory for everybody are not touched, only pointed out', async () => {
    mkdirSync(dir);
    chmodSync(dir, 0o1777);
    await open().set(WORK);
    expect(mode(dir)).toBe(0o1777);
    expect(notices).toEqual([expect.stringContaining('shared by all users')]);
  });

  it('that forbid writing are a refusal which names the file', async () => {
    await open().set(WORK);
    chmodSync(dir, 0o500);
    await asOrdinaryUser(everything(), async () => {
      expect(await open().get('work')).toEqual(WORK);
      const refusal = { code: 'KEYRING_DENIED', details: { backend: 'file', file: join(dir, 'other') } };
      await expect(open().set(OTHER)).rejects.toMatchObject(refusal);
      await expect(open().remove('work')).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
    });
    chmodSync(dir, 0o700);
  });

  it('that forbid reading one item do not hide it, nor stop the others', async () => {
    await open().set(WORK);
    await open().set(OTHER);
    chmodSync(join(dir, 'other'), 0);
    await asOrdinaryUser(everything(), async () => {
      expect(await open().keys()).toEqual(['other', 'work']);
      await expect(open().get('other')).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
      await open().set({ ...WORK, key: 'third' });
      expect(await open().get('third')).toMatchObject({ key: 'third' });
    });
  });

  it('that forbid reading the directory are a refusal, not an empty vault', async () => {
    await open().set(WORK);
    chmodSync(dir, 0);
    await asOrdinaryUser(everything(), async () => {
      await expect(open().keys()).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
      await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
    });
    chmodSync(dir, 0o700);
  });
});
