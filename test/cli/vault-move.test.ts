import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PasswordStore, startPasswordStore } from '../contract/password-store.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, finished, KEYTURN, operations, startWorld, type World } from './world.ts';

let world: World;
let store: PasswordStore;

beforeAll(() => {
  store = startPasswordStore();
});
afterAll(() => store.close());
beforeEach(async () => {
  store.empty();
  world = await startWorld();
  const { GNUPGHOME = '' } = store.env;
  Object.assign(world.env, { AWS_VAULT_PASS_PASSWORD_STORE_DIR: store.dir, GNUPGHOME });
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

function newKey(name: string) {
  return world.aws.addAccessKey(world.aws.addUser({ account: '111122223333', name }));
}

async function credentials(backend: string): Promise<string[]> {
  const { stdout } = await world.run(['--backend', backend, 'list', '--credentials']);
  return stdout.split('\n').filter(Boolean).sort();
}

describe('vault migrate', () => {
  const PASS = ['vault', 'migrate', '--from', 'file', '--to', 'pass'];

  it('says what it would do, does it, and finds nothing left to do', async () => {
    await addKey(world, 'ada', newKey('ada'));
    await addKey(world, 'eve', newKey('eve'));
    const before = operations(world).length;
    expect((await world.run([...PASS, '--dry-run'])).stdout).toBe(
      'ada: would be copied to pass\neve: would be copied to pass\nWould copy 2 keys.\n',
    );
    expect(await credentials('pass')).toEqual([]);
    expect((await world.run(PASS)).stdout).toBe('ada: copied to pass\neve: copied to pass\nCopied 2 keys.\n');
    expect(await credentials('pass')).toEqual(['ada', 'eve']);
    expect(await credentials('file')).toEqual(['ada', 'eve']);
    expect((await world.run(PASS)).stdout).toBe('ada: is in pass already\neve: is in pass already\nCopied 0 keys.\n');
    expect(operations(world)).toHaveLength(before);
    const { stdout } = await world.run(['exec', '-n', 'eve', '--', 'printenv', 'AWS_ACCESS_KEY_ID'], {
      env: { AWS_VAULT_BACKEND: 'pass' },
    });
    expect(stdout).toMatch(/^AKIA/);
  });

  it('removes from the old keyring what it has read back, one profile where that is asked for', async () => {
    await addKey(world, 'ada', newKey('ada'));
    await addKey(world, 'eve', newKey('eve'));
    const { stdout } = await world.run([...PASS, '--profile', 'eve', '--delete-source']);
    expect(stdout).toBe('eve: copied to pass, and removed from the old one\nCopied 1 key.\n');
    expect([await credentials('file'), await credentials('pass')]).toEqual([['ada'], ['eve']]);
  });

  it('leaves a key that differs, unless it is told to replace it', async () => {
    await addKey(world, 'ada', newKey('ada'));
    await world.run(PASS);
    const env = { AWS_VAULT_BACKEND: 'file' };
    const key = newKey('ada2');
    await world.run(['add', '--env', 'ada'], {
      env: { ...env, AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey },
    });
    expect((await world.run([...PASS, '--delete-source'])).stdout).toBe(
      'ada: differs from the key in pass and was left; --overwrite replaces that one\nCopied 0 keys, left 1.\n',
    );
    expect(await credentials('file')).toEqual(['ada']);
    expect((await world.run([...PASS, '--overwrite'])).stdout).toBe(
      'ada: replaced another key in pass\nCopied 1 key.\n',
    );
    const { Data } = JSON.parse(store.show('ada'));
    expect(Buffer.from(Data, 'base64').toString()).toContain(key.accessKeyId);
  });

  it('makes the new keyring the one in use where the old one was', async () => {
    const env = { AWS_VAULT_BACKEND: undefined };
    const state = path.join(world.home, '.local/state/keyturn');
    fs.mkdirSync(state, { recursive: true });
    fs.writeFileSync(path.join(state, 'backend'), 'file\n');
    await addKey(world, 'ada', newKey('ada'));
    const { stderr } = await world.run(PASS, { env });
    expect(stderr).toBe('keyturn: pass is the vault in use from now on\n');
    expect(fs.readFileSync(path.join(state, 'backend'), 'utf8')).toBe('pass\n');
  });

  it('goes on after an item that it cannot read, says so, and ends with 1', async () => {
    for (const name of ['ada', 'eve', 'zoe']) await addKey(world, name, newKey(name));
    fs.writeFileSync(path.join(world.vaultDir, 'eve'), 'eyJ.broken');
    const { status, stdout } = await world.run([...PASS, '--delete-source']);
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(
        /^ada: copied to pass, and .+\neve: cannot be read and was left: the vault item .+\nzoe: copied to pass, and .+\nCopied 2 keys, left 1\.\n$/,
      ),
    ]);
    expect([await credentials('file'), await credentials('pass')]).toEqual([['eve'], ['ada', 'zoe']]);
    const saved = await world.run(['vault', 'backup', 'b'], { env: { KEYTURN_BACKUP_PASSPHRASE: 'b' } });
    expect([saved.status, saved.stdout]).toEqual([
      1,
      expect.stringMatching(/^eve: is not in the backup, because it cannot be read: .+\nSaved 0 keys in b\n$/),
    ]);
  });

  it('loses no key when it is killed after any of them, and finishes when it is repeated', async () => {
    const names = ['ada', 'bob', 'eve', 'zoe'];
    for (const name of names) await addKey(world, name, newKey(name));
    for (let kills = 0; kills < names.length - 1; kills += 1) {
      const child = world.start([...PASS, '--delete-source']);
      child.stdout?.once('data', () => child.kill('SIGKILL'));
      await finished(child);
      const both = [...(await credentials('file')), ...(await credentials('pass'))];
      expect([...new Set(both)].sort()).toEqual(names);
    }
    expect((await world.run([...PASS, '--delete-source'])).status).toBe(0);
    expect([await credentials('file'), await credentials('pass')]).toEqual([[], names]);
  });

  it('neither takes the only copy to a keyring that forgets, nor makes that the one in use', async () => {
    const toKernel = ['vault', 'migrate', '--from', 'file', '--to', 'keyctl'];
    await addKey(world, 'ada', newKey('ada'));
    const { stderr } = await world.run([...toKernel, '--delete-source']);
    expect(stderr).toContain(
      'keyctl forgets its keys when the machine restarts, so they would be nowhere then; leave out --delete-source [USAGE]',
    );
    expect(await credentials('file')).toEqual(['ada']);
  });

  it('refuses what makes no sense', async () => {
    await addKey(world, 'ada', newKey('ada'));
    const refused = async (...args: string[]) => (await world.run(['vault', 'migrate', ...args])).stderr;
    expect(await refused('--from', 'file')).toContain('required flag --to not provided, try --help [USAGE]');
    expect(await refused('--from', 'file', '--to', 'file')).toContain('name two different keyrings [USAGE]');
    expect(await refused('--from', 'file', '--to', 'pass', '--profile', 'nobody')).toContain('[CREDENTIALS_NOT_FOUND]');
    fs.rmSync(path.join(store.dir, '.gpg-id'));
    try {
      expect(await refused('--from', 'file', '--to', 'pass')).toContain('[KEYRING_UNAVAILABLE]');
    } finally {
      fs.writeFileSync(path.join(store.dir, '.gpg-id'), 'test@example.com\n');
    }
    expect(await credentials('file')).toEqual(['ada']);
  });
});

describe('what is known of a key goes with it', () => {
  async function known(backend: string): Promise<unknown> {
    const { stdout } = await world.run(['--backend', backend, 'list', '--json']);
    return JSON.parse(stdout).keys;
  }
  const ADA = [{ profile: 'ada', sinceSource: 'aws', rotationInterrupted: true }];

  beforeEach(async () => {
    const key = newKey('ada');
    const env = { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
    expect((await world.run(['add', '--env', 'ada'], { env: { ...env, AWS_REGION: 'eu-west-1' } })).status).toBe(0);
    const held = world.aws.hold({ operation: 'UpdateAccessKey' });
    const child = world.start(['rotate', 'ada'], { env: { AWS_REGION: 'eu-west-1' } });
    await held.arrived;
    child.kill('SIGKILL');
    await finished(child);
    held.release();
  });

  it('to another keyring, where an interrupted rotation is finished', async () => {
    expect(await known('file')).toMatchObject(ADA);
    await world.run(['vault', 'migrate', '--from', 'file', '--to', 'pass', '--delete-source']);
    expect(await known('file')).toEqual([]);
    expect(await known('pass')).toMatchObject(ADA);
    const env = { AWS_REGION: 'eu-west-1' };
    expect(await world.run(['--backend', 'pass', 'rotate', 'ada'], { env })).toMatchObject({ status: 0, stderr: '' });
    expect(await known('pass')).toMatchObject([{ ...ADA[0], rotationInterrupted: false }]);
  });

  it('into a backup and back', async () => {
    const env = { KEYTURN_BACKUP_PASSPHRASE: 'correct battery' };
    await world.run(['vault', 'backup', 'keys'], { env });
    await world.run(['remove', '-f', 'ada']);
    await world.run(['vault', 'restore', 'keys'], { env });
    expect(await known('file')).toMatchObject(ADA);
  });
});

it('a new vault’s passphrase is asked for twice, and a slip stores nothing', async () => {
  await addKey(world, 'ada', newKey('ada'));
  await world.run(['vault', 'migrate', '--from', 'file', '--to', 'pass']);
  const dir = path.join(world.home, 'new vault');
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...others } = world.env;
  const env = { ...others, AWS_VAULT_FILE_DIR: dir };
  const migrate = async (second: string): Promise<PseudoTerminal> => {
    const terminal = new PseudoTerminal(`${KEYTURN} vault migrate --from pass --to file --delete-source`, env);
    await terminal.shows(`Choose a passphrase for the new vault "${dir}": `);
    terminal.type('fresh\r');
    await terminal.shows('Enter it again: ');
    terminal.type(`${second}\r`);
    return terminal;
  };
  const slip = await migrate('frseh');
  expect(await slip.status()).toBe(1);
  expect(slip.output).toContain('the two passphrases differ; nothing was done');
  expect([await credentials('pass'), fs.existsSync(dir)]).toEqual([['ada'], false]);
  expect(await (await migrate('fresh')).status()).toBe(0);
  expect(await credentials('pass')).toEqual([]);
  const { status } = await world.run(['exec', '-n', 'ada', '--', 'true'], {
    env: { ...env, AWS_VAULT_FILE_PASSPHRASE: 'fresh' },
  });
  expect(status).toBe(0);
});

describe('vault backup and restore', () => {
  const env = { KEYTURN_BACKUP_PASSPHRASE: 'correct battery' };

  it('takes the keys to another vault in one file that only its owner can read', async () => {
    const key = newKey('ada');
    await addKey(world, 'ada', key);
    await addKey(world, 'Zürich/東京', newKey('eve'));
    const file = path.join(world.home, 'keys.backup');
    expect((await world.run(['vault', 'backup', file], { env })).stdout).toBe(`Saved 2 keys in ${file}\n`);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, 'utf8')).not.toContain(key.accessKeyId);
    expect((await world.run(['vault', 'backup', file], { env })).stderr).toContain('is there already');

    const other = { ...env, AWS_VAULT_FILE_DIR: path.join(world.home, 'other'), AWS_VAULT_FILE_PASSPHRASE: 'another' };
    const restore = (...flags: string[]) => world.run(['vault', 'restore', file, ...flags], { env: other });
    expect((await restore('--dry-run')).stdout).toContain('Would copy 2 keys.');
    expect(fs.existsSync(other.AWS_VAULT_FILE_DIR)).toBe(false);
    expect((await restore()).stdout).toBe(
      'Zürich/東京: copied to the vault\nada: copied to the vault\nCopied 2 keys.\n',
    );
    expect((await restore()).stdout).toContain('Copied 0 keys.');
    const { stdout } = await world.run(['exec', '-n', 'ada', '--', 'printenv', 'AWS_SECRET_ACCESS_KEY'], {
      env: other,
    });
    expect(stdout.trim()).toBe(key.secretAccessKey);
  });

  it('goes where a symbolic link leads, and replaces nothing that is no file', async () => {
    await addKey(world, 'ada', newKey('ada'));
    const [file, link] = [path.join(world.home, 'keys.backup'), path.join(world.home, 'link')];
    fs.writeFileSync(file, '');
    fs.symlinkSync('keys.backup', link);
    expect((await world.run(['vault', 'backup', '-f', link], { env })).status).toBe(0);
    expect([fs.lstatSync(link).isSymbolicLink(), fs.statSync(file).size > 100]).toEqual([true, true]);
    const pipe = path.join(world.home, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const name of [pipe, world.home, '']) {
      const { status, stderr } = await world.run(['vault', 'backup', '-f', name], { env });
      expect(stderr).toContain('is not the name of a file; choose another one [USAGE]');
      expect(status).toBe(1);
    }
    expect(fs.statSync(pipe).isFIFO()).toBe(true);
  });

  it('changes nothing for a wrong passphrase or another file', async () => {
    await addKey(world, 'ada', newKey('ada'));
    const file = path.join(world.home, 'keys.backup');
    await world.run(['vault', 'backup', file], { env });
    const wrong = await world.run(['vault', 'restore', file], { env: { KEYTURN_BACKUP_PASSPHRASE: 'wrong' } });
    expect(wrong.stderr).toMatch(/the passphrase is wrong.* \[KEYRING_LOCKED\]\n$/);
    fs.writeFileSync(file, 'no backup');
    expect((await world.run(['vault', 'restore', file], { env })).stderr).toContain('[KEYRING_CORRUPT]');
    expect((await world.run(['vault', 'restore', `${file}.gone`], { env })).stderr).toContain('cannot be read');
    expect((await world.run(['vault', 'backup', '/nowhere/at/all'], { env })).stderr).toContain('cannot be written');
    expect((await world.run(['vault', 'backup', `${file}2`])).stderr).toContain('set KEYTURN_BACKUP_PASSPHRASE');
  });
});
