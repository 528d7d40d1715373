import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyring } from '../../native-host/keyring/file.ts';
import type { Keyring } from '../../native-host/keyring/keyring.ts';

const PASSPHRASE = 'pässphrase';
const SOURCE = new URL('../../native-host/keyring/file.ts', import.meta.url).href;
/** What aws-vault keeps for a profile. */
const MASTER =
  '{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","SessionToken":"","Source":"","CanExpire":false,"Expires":"0001-01-01T00:00:00Z"}';

let dir: string;
let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyturn-compat-'));
  dir = join(parent, 'keys');
  mkdirSync(dir, { mode: 0o700 });
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

function open(passphrase = PASSPHRASE): Keyring {
  return fileKeyring({ dir, passphrase: () => passphrase });
}

function awsVaultItem(key: string, data: string): Record<string, unknown> {
  return {
    Key: key,
    Data: Buffer.from(data).toString('base64'),
    Label: `aws-vault (${key})`,
    Description: '',
    KeychainNotTrustApplication: true,
    KeychainNotSynchronizable: false,
  };
}

/** Writes an item with an implementation of JOSE that is not ours. */
async function writeWithJose(
  name: string,
  item: Readonly<Record<string, unknown>>,
  options: { readonly rounds?: number; readonly header?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(item)))
    .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', ...options.header })
    .setKeyManagementParameters({ p2c: options.rounds ?? 8192 })
    .encrypt(new TextEncoder().encode(PASSPHRASE));
  writeFileSync(join(dir, name), jwe, { mode: 0o600 });
}

async function readWithJose(name: string): Promise<{ header: Record<string, unknown>; item: Record<string, unknown> }> {
  const { plaintext, protectedHeader } = await compactDecrypt(
    readFileSync(join(dir, name), 'utf8'),
    new TextEncoder().encode(PASSPHRASE),
    { keyManagementAlgorithms: ['PBES2-HS256+A128KW'], maxPBES2Count: 10_000 },
  );
  return { header: { ...protectedHeader }, item: JSON.parse(new TextDecoder().decode(plaintext)) };
}

/** A process of its own that runs `body` with a keyring on the same directory; it may print lines. */
function spawnWriter(body: string): ChildProcess {
  const script = `
    import { fileKeyring } from ${JSON.stringify(SOURCE)};
    const keyring = fileKeyring({ dir: ${JSON.stringify(dir)}, passphrase: () => ${JSON.stringify(PASSPHRASE)} });
    const item = (key, data) => ({ key, data, label: key });
    ${body}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('an item that another JOSE implementation wrote', () => {
  it("is read when it is aws-vault's, creation time and all", async () => {
    const created = '2023-02-01 10:00:00.123456789 +0100 CET m=+0.012345678';
    await writeWithJose('work', awsVaultItem('work', MASTER), { header: { created } });
    expect(await open().get('work')).toEqual({ key: 'work', data: MASTER, label: 'aws-vault (work)' });
  });

  it('is read with the least header there can be, and with fields nobody knows', async () => {
    await writeWithJose('least', awsVaultItem('least', MASTER));
    await writeWithJose('most', awsVaultItem('most', MASTER), {
      header: { created: 1, kid: 'x', cty: 'json', new: {} },
    });
    expect((await open().get('least'))?.data).toBe(MASTER);
    expect((await open().get('most'))?.data).toBe(MASTER);
  });

  it('is read when fields of the item are missing or unknown', async () => {
    await writeWithJose('bare', { Data: Buffer.from(MASTER).toString('base64') });
    await writeWithJose('null', { Key: 'null', Data: null, Label: null, Description: null });
    await writeWithJose('future', { ...awsVaultItem('future', MASTER), Description: 'told', Biometrics: true });
    expect(await open().get('bare')).toEqual({ key: 'bare', data: MASTER, label: '' });
    expect(await open().get('null')).toEqual({ key: 'null', data: '', label: '' });
    expect(await open().get('future')).toMatchObject({ data: MASTER, description: 'told' });
  });

  it.each([1000, 100_000, 1_300_000])('is read with %d rounds', async (rounds) => {
    await writeWithJose('work', awsVaultItem('work', MASTER), { rounds });
    expect((await open().get('work'))?.data).toBe(MASTER);
  });

  it.each([999, 1_300_001])('is refused with %d rounds, whatever the passphrase', async (rounds) => {
    await writeWithJose('work', awsVaultItem('work', MASTER), { rounds });
    await expect(open().get('work')).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  });

  it("is found and listed under aws-vault's file name", async () => {
    const names = {
      'oidc:https:%2F%2Fd-1.awsapps.com%2Fstart#%2F': 'oidc:https://d-1.awsapps.com/start#/',
      '100%25': '100%',
      'sts.GetSessionToken,am9u,YXJu,1795254532': 'sts.GetSessionToken,am9u,YXJu,1795254532',
    };
    for (const [name, key] of Object.entries(names)) await writeWithJose(name, awsVaultItem(key, `for ${key}`));
    expect((await open().keys()).sort()).toEqual(Object.values(names).sort());
    for (const key of Object.values(names)) expect((await open().get(key))?.data).toBe(`for ${key}`);
  });

  it('keeps another passphrase out', async () => {
    await writeWithJose('work', awsVaultItem('work', MASTER));
    await expect(open('other').get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    const second = { key: 'second', data: MASTER, label: 'aws-vault (second)' };
    await expect(open('other').set(second)).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    expect(readdirSync(dir)).toEqual(['work']);
  });
});

describe('an item that we wrote', () => {
  it('is read by another JOSE implementation, and has all fields of aws-vault in their order', async () => {
    const description = 'aws-vault session';
    await open().set({ key: 'a/b 100%', data: MASTER, label: 'aws-vault (a/b)', description });
    const { header, item } = await readWithJose('a%2Fb 100%25');
    expect(Object.keys(header)).toEqual(['alg', 'created', 'enc', 'p2c', 'p2s']);
    expect(header).toMatchObject({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 8192 });
    expect(JSON.stringify(item)).toBe(
      JSON.stringify({
        Key: 'a/b 100%',
        Data: Buffer.from(MASTER).toString('base64'),
        Label: 'aws-vault (a/b)',
        Description: description,
        KeychainNotTrustApplication: false,
        KeychainNotSynchronizable: false,
      }),
    );
  });

  it('says when it was made', async () => {
    const before = Date.now();
    await open().set({ key: 'work', data: MASTER, label: '' });
    const { header } = await readWithJose('work');
    const created = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \+0000 UTC$/.exec(String(header.created))?.[1];
    const createdAt = Date.parse(`${created}Z`);
    expect(createdAt).toBeGreaterThan(before - 5000); // file systems lag behind by up to a clock tick, FAT by seconds
    expect(createdAt).toBeLessThanOrEqual(Date.now());
  });

  it('leaves no secret, label or passphrase readable in the directory', async () => {
    await open().set({ key: 'work', data: MASTER, label: 'LABEL-CANARY', description: 'DESCRIPTION-CANARY' });
    const everything = readdirSync(dir).map((name) => name + readFileSync(join(dir, name), 'latin1'));
    const decoded = everything.flatMap((text) =>
      text.split('.').map((part) => Buffer.from(part, 'base64').toString('latin1')),
    );
    const secrets = [
      'wJalrXUtnFEMI',
      'AKIAIOSFODNN7',
      'CANARY',
      'ssphrase',
      Buffer.from(MASTER).toString('base64').slice(4, 40),
    ];
    for (const secret of secrets) expect([...everything, ...decoded].join('\n')).not.toContain(secret);
  });
});

describe('two processes', () => {
  it('that write at once lose nothing and damage nothing', async () => {
    const body = (me: string) => `
      for (let index = 0; index < 40; index += 1) {
        await keyring.set(item('${me}-' + index, '${me} ' + index));
        await keyring.set(item('shared', '${me}'.repeat(1000)));
        const read = await keyring.get('shared');
        if (read.data !== 'a'.repeat(1000) && read.data !== 'b'.repeat(1000)) process.exit(1);
      }`;
    const writers = [spawnWriter(body('a')), spawnWriter(body('b'))];
    const ends = await Promise.all(writers.map((writer) => once(writer, 'exit')));
    expect(ends).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(await open().keys()).toHaveLength(81);
    for (let index = 0; index < 40; index += 1) {
      expect((await open().get(`a-${index}`))?.data).toBe(`a ${index}`);
      expect((await open().get(`b-${index}`))?.data).toBe(`b ${index}`);
    }
    expect(['a'.repeat(1000), 'b'.repeat(1000)]).toContain((await open().get('shared'))?.data);
    expect(readdirSync(dir)).toHaveLength(81);
  });

  it('that are killed in the middle of writing leave whole items only', async () => {
    const isWhole = (text: string) => text.length > 20_000 && text === text.charAt(0).repeat(text.length);
    for (let round = 0; round < 6; round += 1) {
      const writer = spawnWriter(`
        for (let index = 0; ; index += 1) {
          await keyring.set(item('work', String.fromCharCode(97 + (index % 26)).repeat(20_001 + index)));
          if (index >= 5) process.stdout.write('.');
        }`);
      // Each round ends at another moment of the loop: after as many reports as its number.
      for (let reports = 0; reports <= round; reports += 1) await once(writer.stdout ?? writer, 'data');
      writer.kill('SIGKILL');
      expect(await once(writer, 'exit')).toEqual([null, 'SIGKILL']);
      expect(await open().keys()).toEqual(['work']);
      expect((await open().get('work'))?.data).toSatisfy(isWhole);
    }
    await open().set({ key: 'work', data: 'after', label: '' });
    expect((await open().get('work'))?.data).toBe('after');
  });

  it('that start an empty vault with two passphrases at once never leave both in it', async () => {
    for (let round = 0; round < 5; round += 1) {
      rmSync(dir, { recursive: true });
      const start = (passphrase: string) =>
        spawnWriter(`
          const mine = fileKeyring({ dir: ${JSON.stringify(dir)}, passphrase: () => '${passphrase}' });
          try {
            await mine.set(item('${passphrase}', 'x'));
          } catch (error) {
            if (error.code !== 'KEYRING_LOCKED') throw error;
            process.exitCode = 3;
          }`);
      const writers = ['first', 'second'].map(start);
      const codes = (await Promise.all(writers.map((writer) => once(writer, 'exit')))).map(([code]) => code);
      const stored = readdirSync(dir);
      expect(stored).toEqual(['first', 'second'].filter((_, index) => codes[index] === 0));
      expect(stored.length).toBeLessThanOrEqual(1);
    }
  });
});

it('a named pipe in the directory holds nobody up', async () => {
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  symlinkSync(join(dir, 'pipe'), join(dir, 'link'));
  expect(await open().keys()).toEqual([]);
  for (const key of ['pipe', 'link']) {
    expect(await open().get(key)).toBeUndefined();
    expect(await open().remove(key)).toBe(false);
  }
});
