import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PasswordStore, startPasswordStore } from '../contract/password-store.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, startWorld, type World, writeConfig } from './world.ts';

type Key = { readonly accessKeyId: string; readonly secretAccessKey: string };

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const newKey = (name: string): Key => world.aws.addAccessKey(world.aws.addUser({ account: '111122223333', name }));
const credentialsFile = (): string => path.join(world.home, '.aws', 'credentials');

function writeCredentials(text: string): void {
  fs.mkdirSync(path.dirname(credentialsFile()), { recursive: true });
  fs.writeFileSync(credentialsFile(), text, { mode: 0o600 });
}

const section = (name: string, key: Key): string =>
  `[${name}]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`;

/** The ID of the key that `exec` gives a program. */
async function keyIdOf(profile: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await world.run(['exec', '-n', profile, '--', 'printenv', 'AWS_ACCESS_KEY_ID'], { env });
  return stdout.trim();
}

const copies = (): string[] =>
  fs.readdirSync(path.join(world.home, '.aws')).filter((name) => name.includes('keyturn-backup'));

describe('import from ~/.aws/credentials', () => {
  it('says what it would do, does it, finds nothing left to do, and leaves the file alone', async () => {
    const work = newKey('work');
    const text = `# mine\n${section('work', work)}region = eu-west-1\n[temp]\naws_access_key_id = ASIAX\naws_secret_access_key = x\naws_session_token = t\n[half]\naws_access_key_id = AKIAX\n`;
    writeCredentials(text);
    const left =
      '  temp: was left: it is a temporary key with a session token, which ends by itself\n  half: was left: it has no aws_secret_access_key\n';
    const dry = await world.run(['import', '--from', 'credentials', '--dry-run']);
    expect(dry.stdout).toContain(`${credentialsFile()}: 3 keys\n  work: would be copied to the vault\n${left}`);
    expect(dry.stdout).toMatch(/Would copy 1 key, left 2\.\n$/);
    expect((await world.run(['list', '--credentials'])).stdout).toBe('');
    const done = await world.run(['import']);
    expect(done.status).toBe(0);
    expect(done.stdout).toContain(`  work: copied to the vault\n${left}Copied 1 key, left 2.\n`);
    expect(done.stderr).toContain('--remove-plaintext takes them out');
    expect(await keyIdOf('work')).toBe(work.accessKeyId);
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe('[profile work]\nregion = eu-west-1\n');
    expect((await world.run(['import'])).stdout).toContain('  work: is in the vault already\n');
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toBe(text);
    for (const { stdout, stderr } of [dry, done]) expect(stdout + stderr).not.toContain(work.secretAccessKey);
  });

  it('takes the keys it has stored out of the file, with a copy that only its owner can read', async () => {
    const [work, other] = [newKey('work'), newKey('other')];
    const text = `# mine\n${section('work', work)}; between\n\n${section('other', other)}`;
    writeCredentials(text);
    const { stdout } = await world.run(['import', '--profile', 'work', '--remove-plaintext']);
    expect(stdout).toContain(`Took 1 key out of ${credentialsFile()}: work\n`);
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toBe(`# mine\n[work]\n; between\n\n${section('other', other)}`);
    const [copy = ''] = copies();
    const file = path.join(world.home, '.aws', copy);
    expect([fs.readFileSync(file, 'utf8'), fs.statSync(file).mode & 0o777]).toEqual([text, 0o600]);
    expect(stdout).toContain(file);
    expect(await keyIdOf('work')).toBe(work.accessKeyId);
  });

  it('leaves a key that differs, in the vault and in the file, unless it is told to replace it', async () => {
    const [stored, plain] = [newKey('stored'), newKey('plain')];
    await addKey(world, 'work', stored);
    writeCredentials(section('work', plain));
    const first = await world.run(['import', '--remove-plaintext']);
    expect(first.stdout).toContain(
      '  work: differs from the key in the vault and was left; --overwrite replaces that one\n',
    );
    expect(await keyIdOf('work')).toBe(stored.accessKeyId);
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toBe(section('work', plain));
    expect(copies()).toEqual([]);
    const { stdout } = await world.run(['import', '--remove-plaintext', '--overwrite']);
    expect(stdout).toContain('  work: replaced another key in the vault\n');
    expect(await keyIdOf('work')).toBe(plain.accessKeyId);
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toBe('[work]\n');
  });

  it('takes over keys of the config file too, and finds the file AWS_SHARED_CREDENTIALS_FILE names', async () => {
    const [inline, elsewhere] = [newKey('inline'), newKey('elsewhere')];
    writeConfig(world, `[profile inline]\nregion = us-east-1\n${section('', inline).replace('[]\n', '')}`);
    const file = path.join(world.home, 'keys');
    fs.writeFileSync(file, section('elsewhere', elsewhere));
    const env = { AWS_SHARED_CREDENTIALS_FILE: file };
    const { stdout } = await world.run(['import', '--remove-plaintext'], { env });
    expect(stdout).toContain('Copied 2 keys.\n');
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe(
      '[profile inline]\nregion = us-east-1\n\n[profile elsewhere]\n',
    );
    expect(fs.readFileSync(file, 'utf8')).toBe('[elsewhere]\n');
    expect([await keyIdOf('inline'), await keyIdOf('elsewhere')]).toEqual([inline.accessKeyId, elsewhere.accessKeyId]);
  });

  it('asks on a terminal whether the keys may go, and takes only yes for yes', async () => {
    writeCredentials(section('work', newKey('work')));
    const ask = async (answer: string): Promise<string> => {
      const terminal = new PseudoTerminal(`${KEYTURN} import --from credentials`, { ...world.env });
      await terminal.shows('(y|N) ');
      terminal.type(`${answer}\r`);
      expect(await terminal.status()).toBe(0);
      return terminal.output;
    };
    expect(await ask('n')).not.toContain('Took');
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toContain('aws_secret_access_key');
    expect(await ask('y')).toContain('Took 1 key out of');
    expect(fs.readFileSync(credentialsFile(), 'utf8')).toBe('[work]\n');
  });

  it('names the line that it cannot read, and a profile that is nowhere', async () => {
    writeCredentials('[work]\nnonsense\n');
    const bad = await world.run(['import']);
    expect([bad.status, bad.stdout]).toEqual([1, expect.stringContaining(`${credentialsFile()}:2: `)]);
    writeCredentials(section('work', newKey('work')));
    const { status, stderr } = await world.run(['import', '--profile', 'wrok']);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/"wrok" was found; .*\[CREDENTIALS_NOT_FOUND\]\n$/)]);
  });
});

describe('import from aws-vault', () => {
  it('says where its vault is the one in use', async () => {
    await addKey(world, 'ada', newKey('ada'));
    const { status, stdout } = await world.run(['import', '--from', 'aws-vault']);
    expect(status).toBe(0);
    expect(stdout).toContain(`${world.vaultDir}/": this is the vault in use; its keys need not be copied\n`);
  });

  it('opens a file vault that has another passphrase, and says how where there is nobody to ask', async () => {
    const key = newKey('ada');
    await addKey(world, 'ada', key);
    const env = { AWS_VAULT_FILE_PASSPHRASE: 'another one' };
    const args = ['--file-dir', path.join(world.home, 'new'), 'import', '--from', 'aws-vault'];
    const locked = await world.run(args, { env });
    expect([locked.status, locked.stdout]).toEqual([1, expect.stringContaining('or set KEYTURN_IMPORT_PASSPHRASE\n')]);
    const { stdout } = await world.run(args, { env: { ...env, KEYTURN_IMPORT_PASSPHRASE: 'correct horse' } });
    expect(stdout).toContain('  ada: copied to the vault\n');
    expect(stdout).toContain('\nCopied 1 key.\n');
    expect(await keyIdOf('ada', { ...env, AWS_VAULT_FILE_DIR: path.join(world.home, 'new') })).toBe(key.accessKeyId);
  });

  it('asks on a terminal for that passphrase, again when it is wrong, and for a new one of the vault', async () => {
    await addKey(world, 'ada', newKey('ada'));
    const { AWS_VAULT_FILE_PASSPHRASE: _given, ...env } = world.env;
    const dir = path.join(world.home, 'new');
    const command = `unset AWS_VAULT_FILE_PASSPHRASE; ${KEYTURN} --file-dir ${dir} import --from aws-vault`;
    const terminal = new PseudoTerminal(command, env);
    await terminal.shows(`unlock "${world.vaultDir}/": `);
    terminal.type('wrong\r');
    await terminal.shows('the passphrase is wrong');
    await terminal.shows(`unlock "${world.vaultDir}/": `, terminal.output.indexOf('is wrong'));
    terminal.type('correct horse\r');
    await terminal.shows(`Choose a passphrase for the new vault "${dir}": `);
    terminal.type('a new one\r');
    await terminal.shows('Enter it again: ');
    terminal.type('a new one\r');
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toContain('  ada: copied to the vault');
    const listed = await world.run(['--file-dir', dir, 'exec', '-n', 'ada', '--', 'true'], {
      env: { AWS_VAULT_FILE_PASSPHRASE: 'a new one' },
    });
    expect(listed.status).toBe(0);
  });

  it('copies what can be read where one item cannot, and ends with 1', async () => {
    await addKey(world, 'ada', newKey('ada'));
    await addKey(world, 'eve', newKey('eve'));
    fs.writeFileSync(path.join(world.vaultDir, 'eve'), 'eyJhbGciOiJub25lIn0.broken');
    const { status, stdout } = await world.run(['--file-dir', path.join(world.home, 'new'), 'import']);
    expect(status).toBe(1);
    expect(stdout).toContain('  ada: copied to the vault\n');
    expect(stdout).toMatch(/ {2}eve: cannot be read: .*cannot be used/);
    expect(stdout).toContain('Copied 1 key.\n');
  });

  describe('and its password store', () => {
    let store: PasswordStore;
    beforeAll(() => {
      store = startPasswordStore();
    });
    afterAll(() => store.close());

    it('finds the keys there by itself', async () => {
      const key = newKey('ada');
      const { GNUPGHOME = '' } = store.env;
      Object.assign(world.env, { PASSWORD_STORE_DIR: store.dir, GNUPGHOME });
      world.env.AWS_VAULT_BACKEND = 'pass';
      await addKey(world, 'ada', key);
      store.insert('private/mail', 'hunter2\n');
      world.env.AWS_VAULT_BACKEND = 'file';
      const { stdout } = await world.run(['import']);
      expect(stdout).toBe(
        'aws-vault, the password store (pass): 1 key\n  ada: copied to the vault\n' +
          `aws-vault, the file vault "${world.vaultDir}/": this is the vault in use; its keys need not be copied\n` +
          'Copied 1 key.\n',
      );
      expect(await keyIdOf('ada')).toBe(key.accessKeyId);
    });
  });
});
