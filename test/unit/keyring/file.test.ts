import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyring } from '../../../native-host/keyring/file.ts';
import { sealJwe } from '../../../native-host/keyring/jwe.ts';
import type { Keyring } from '../../../native-host/keyring/keyring.ts';

const WORK = { key: 'work', data: 'the secret', label: 'aws-vault (work)' };
const OTHER = { ...WORK, key: 'other' };

let parent: string;
let dir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyturn-file-'));
  dir = join(parent, 'keys');
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

function open(passphrase: string | undefined = 'right'): Keyring {
  return fileKeyring({ dir, passphrase: () => passphrase });
}

function locked(): Keyring {
  return fileKeyring({ dir, passphrase: () => undefined });
}

/** Writes a file as another program could, with any content. */
function plant(name: string, content: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, name), content, { mode: 0o600 });
}

function sealed(item: unknown, passphrase = 'right'): string {
  return sealJwe(JSON.stringify(item), passphrase, new Date(0));
}

describe('without the passphrase', () => {
  it('lists, removes and misses all the same', async () => {
    await open().set(WORK);
    await open().set(OTHER);
    expect(await locked().keys()).toEqual(['other', 'work']);
    expect(await locked().get('nobody')).toBeUndefined();
    expect(await locked().remove('other')).toBe(true);
    expect(await locked().keys()).toEqual(['work']);
  });

  it('reading an item says that the vault is locked, and which', async () => {
    await open().set(WORK);
    await expect(locked().get('work')).rejects.toMatchObject({
      code: 'KEYRING_LOCKED',
      message: expect.stringContaining('locked'),
      details: { backend: 'file', file: dir },
    });
  });

  it('writing the first item says so too, and makes nothing', async () => {
    await expect(locked().set(WORK)).rejects.toMatchObject({ code: 'KEYRING_LOCKED', details: { file: dir } });
    expect(readdirSync(parent)).toEqual([]);
  });

  it('reading makes no directory', async () => {
    expect(await locked().keys()).toEqual([]);
    expect(await locked().get('work')).toBeUndefined();
    expect(await locked().remove('work')).toBe(false);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('a passphrase given later serves the next call', async () => {
    await open().set(WORK);
    let answer: string | undefined;
    const keyring = fileKeyring({ dir, passphrase: () => answer });
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    answer = 'wrong';
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    answer = 'right';
    expect(await keyring.get('work')).toEqual(WORK);
  });
});

describe('a wrong passphrase', () => {
  const refusal = { code: 'KEYRING_LOCKED', message: expect.stringContaining('passphrase is wrong') };

  it('is refused on reading', async () => {
    await open().set(WORK);
    await expect(open('wrong').get('work')).rejects.toMatchObject({
      ...refusal,
      details: { backend: 'file', file: dir },
    });
  });

  it('is refused on writing another item, and nothing is written', async () => {
    await open().set(WORK);
    await expect(open('wrong').set(OTHER)).rejects.toMatchObject(refusal);
    expect(readdirSync(dir)).toEqual(['work']);
  });

  it('is refused on overwriting the only item, which stays', async () => {
    await open().set(WORK);
    await expect(open('wrong').set({ ...WORK, data: 'new' })).rejects.toMatchObject(refusal);
    expect(await open().get('work')).toEqual(WORK);
  });

  it('is refused though the right one was used a moment before', async () => {
    let answer = 'right';
    const keyring = fileKeyring({ dir, passphrase: () => answer });
    await keyring.set(WORK);
    answer = 'wrong';
    await expect(keyring.set(OTHER)).rejects.toMatchObject(refusal);
  });

  it('can be the empty one, which is a passphrase like any other', async () => {
    await open('').set(WORK);
    expect(await open('').get('work')).toEqual(WORK);
    await expect(open('right').get('work')).rejects.toMatchObject(refusal);
  });

  it('is not mentioned in any message', async () => {
    await open().set(WORK);
    await expect(open('hunter2').get('work')).rejects.not.toThrow('hunter2');
    await expect(open('hunter2').set(OTHER)).rejects.not.toThrow('hunter2');
  });

  it('of one item among others means that this item is broken: asking again would not help', async () => {
    await open().set(WORK);
    plant('odd', sealed({ Key: 'odd', Data: '' }, 'another'));
    await expect(open().get('odd')).rejects.toMatchObject({
      code: 'KEYRING_CORRUPT',
      details: { backend: 'file', file: join(dir, 'odd') },
    });
    expect((await open('another').get('odd'))?.key).toBe('odd');
  });

  it('is not noticed by damage: a vault with a broken item still takes new ones', async () => {
    await open().set(WORK);
    plant('broken', 'eyJ');
    await open().set(OTHER);
    expect(await open().get('other')).toEqual(OTHER);
  });
});

describe('a broken item', () => {
  it.each([
    ['cut short', () => sealed({ Key: 'work', Data: '' }).slice(0, 200)],
    ['empty', () => ''],
    ['changed', () => sealed({ Key: 'work', Data: '' }).replace(/.(?=[^.]{5}$)/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['not JSON inside', () => sealJwe('CANARY', 'right', new Date(0))],
    ['no item inside', () => sealed('CANARY')],
    ['a secret that is not base64', () => sealed({ Key: 'work', Data: 'CANARY!' })],
    ['a number as secret', () => sealed({ Key: 'work', Data: 7 })],
    ['a secret that is not text', () => sealed({ Key: 'work', Data: '/////w==' })],
    ['the item of another name, put in its place', () => sealed({ Key: 'production', Data: '' })],
  ])('(%s) is named, can be overwritten, and can be removed', async (_, content) => {
    plant('work', content());
    await expect(open().get('work')).rejects.toMatchObject({
      code: 'KEYRING_CORRUPT',
      message: expect.not.stringContaining('CANARY'),
      details: { backend: 'file', file: join(dir, 'work') },
    });
    await open().set(WORK);
    expect(await open().get('work')).toEqual(WORK);
    plant('work', content());
    expect(await locked().remove('work')).toBe(true);
  });
});

describe('what does not belong to the vault', () => {
  beforeEach(() => {
    plant('.DS_Store', '\0\0\0\x01Bud1');
    plant('notes.txt', 'remember the milk');
    plant('a%41', sealed({ Key: 'aA' }));
    writeFileSync(join(dir, 'empty'), '', { mode: 0o644 });
    mkdirSync(join(dir, 'backup'));
    symlinkSync('/nowhere', join(dir, 'dangling'));
    symlinkSync(dir, join(dir, 'loop'));
  });

  it('is not listed', async () => {
    await open().set(WORK);
    expect(await open().keys()).toEqual(['work']);
  });

  it('is a miss where it is no file', async () => {
    for (const key of ['backup', 'dangling', 'loop']) {
      expect(await locked().get(key)).toBeUndefined();
      expect(await locked().remove(key)).toBe(false);
    }
  });

  it('is neither read, overwritten nor removed where it is a file', async () => {
    const refusal = { code: 'KEYRING_CORRUPT', details: { file: join(dir, 'notes.txt') } };
    await expect(open().get('notes.txt')).rejects.toMatchObject(refusal);
    await expect(open().set({ ...WORK, key: 'notes.txt' })).rejects.toMatchObject(refusal);
    await expect(open().remove('notes.txt')).rejects.toMatchObject(refusal);
    expect(readFileSync(join(dir, 'notes.txt'), 'utf8')).toBe('remember the milk');
  });

  it('is not replaced by an item where it is a directory', async () => {
    await expect(open().set({ ...WORK, key: 'backup' })).rejects.toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      details: { file: join(dir, 'backup') },
    });
    expect(readdirSync(dir).filter((name) => name.startsWith('.keyturn'))).toEqual([]);
  });

  it('does not hide an item behind a link', async () => {
    writeFileSync(join(parent, 'elsewhere'), sealed({ Key: 'linked', Data: 'aGk=' }));
    symlinkSync(join(parent, 'elsewhere'), join(dir, 'linked'));
    expect(await locked().keys()).toEqual(['linked']);
    expect((await open().get('linked'))?.data).toBe('hi');
  });
});

describe('a name', () => {
  it('too long for a file is a miss, and on writing a clear refusal', async () => {
    const key = 'x'.repeat(300);
    expect(await locked().get(key)).toBeUndefined();
    expect(await locked().remove(key)).toBe(false);
    await expect(open().set({ ...WORK, key })).rejects.toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      message: expect.stringContaining('too long'),
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('that is empty is a miss and cannot be written', async () => {
    await open().set(WORK);
    expect(await locked().get('')).toBeUndefined();
    expect(await locked().remove('')).toBe(false);
    await expect(open().set({ ...WORK, key: '' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('never leads out of the directory', async () => {
    for (const key of ['..', '../escaped', '/etc/keyturn-escaped']) await open().set({ ...WORK, key });
    expect(readdirSync(parent)).toEqual(['keys']);
    expect(readdirSync(dir).sort()).toEqual(['%2E%2E', '%2Fetc%2Fkeyturn-escaped', '..%2Fescaped']);
  });
});

describe('the directory', () => {
  it('may not be a file', () => {
    writeFileSync(dir, '');
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'KEYRING_UNAVAILABLE', details: { backend: 'file', file: dir } }),
    );
  });

  it('may be where none can be made, which is an error and no endless try', async () => {
    dir = '/proc/keyturn/keys';
    await expect(open().set(WORK)).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE', details: { file: dir } });
  });

  it('may not be named by nothing, which would be the present one', () => {
    dir = '';
    expect(() => open()).toThrow(expect.objectContaining({ code: 'KEYRING_UNAVAILABLE' }));
  });

  it('loses what a killed writer left long ago, and keeps what one is writing now', async () => {
    plant('.keyturn-%new-77-old', 'eyJ');
    utimesSync(join(dir, '.keyturn-%new-77-old'), 0, 0);
    plant('.keyturn-%new-78-new', 'eyJ');
    expect(await locked().keys()).toEqual([]);
    await open().set(WORK);
    expect(readdirSync(dir).sort()).toEqual(['.keyturn-%new-78-new', 'work']);
  });

  it('with 500 items is listed in under 100 ms', async () => {
    const content = sealed({ Key: 'x', Data: 'x'.repeat(2000) });
    for (let index = 0; index < 500; index += 1) plant(`profile-${index}`, content);
    const times: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      const start = performance.now();
      expect(await locked().keys()).toHaveLength(500);
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
