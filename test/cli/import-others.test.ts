import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKwallet } from '../contract/kwallet-daemon.ts';
import { type SessionBus, startSessionBus } from '../contract/session-bus.ts';
import { startWorld, type World } from './world.ts';

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

/** The ID of the key that `exec` gives a program. */
async function keyIdOf(profile: string): Promise<string> {
  const { stdout } = await world.run(['exec', '-n', profile, '--', 'printenv', 'AWS_ACCESS_KEY_ID']);
  return stdout.trim();
}

describe('import from Granted', () => {
  it('reads its encrypted files, whose passphrase is empty where CF_KEYRING_FILE_PASSWORD is not set', async () => {
    const [one, two] = [newKey('one'), newKey('two')];
    const dir = path.join(world.home, '.granted', 'secure-storage-aws-iam-credentials');
    fs.mkdirSync(path.dirname(dir));
    const put = (name: string, key: Key, AWS_VAULT_FILE_PASSPHRASE: string) =>
      world.run(['--file-dir', dir, 'add', '--env', '--no-add-config', name], {
        env: {
          AWS_VAULT_FILE_PASSPHRASE,
          AWS_ACCESS_KEY_ID: key.accessKeyId,
          AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
        },
      });
    await put('one', one, '');
    expect((await world.run(['import', '--from', 'granted'])).stdout).toContain(
      `Granted, the encrypted files in "${dir}": 1 key\n  one: copied to the vault\n`,
    );
    expect(await keyIdOf('one')).toBe(one.accessKeyId);
    fs.rmSync(dir, { recursive: true });
    const other = path.join(world.home, 'elsewhere');
    fs.writeFileSync(
      path.join(world.home, '.granted', 'config'),
      `DefaultBrowser = "FIREFOX"\n[Keyring]\n  Backend = "file"\n  FileDir = "${other}"\n`,
    );
    fs.mkdirSync(dir);
    await put('two', two, 'its own');
    fs.renameSync(dir, other);
    const { stdout } = await world.run(['import'], { env: { CF_KEYRING_FILE_PASSWORD: 'its own' } });
    expect(stdout).toContain(`Granted, the encrypted files in "${other}": 1 key\n  two: copied to the vault\n`);
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe('[profile one]\n\n[profile two]\n');
  });

  it('says what it cannot read, and where Granted has not been used', async () => {
    expect((await world.run(['import', '--from', 'granted'])).stdout).toContain('Granted has not been used here');
    fs.mkdirSync(path.join(world.home, '.granted'));
    fs.writeFileSync(path.join(world.home, '.granted', 'config'), '[Keyring]\nBackend = "keyctl"\n');
    const { stdout } = await world.run(['import', '--from', 'granted']);
    expect(stdout).toContain("run 'granted credentials export-plaintext' and then 'keyturn import --from credentials'");
  });
});

describe('where KWallet runs', () => {
  it('keys of aws-vault and of Granted are found in their wallets, and doctor tells which wallet is open', async () => {
    const kwallet = await startKwallet();
    try {
      const { DBUS_SESSION_BUS_ADDRESS = '' } = kwallet.bus.env;
      Object.assign(world.env, { DBUS_SESSION_BUS_ADDRESS });
      const look = async (): Promise<string> => (await world.run(['doctor', '--offline'])).stdout;
      expect(await look()).toContain(
        'kwallet         opens; the wallet "aws-vault" is made when the first key is stored\n',
      );
      await kwallet.openWallet();
      const [ada, eve] = [newKey('ada'), newKey('eve')];
      await world.run(['--backend', 'kwallet', 'add', '--env', '--no-add-config', 'ada'], {
        env: { AWS_ACCESS_KEY_ID: ada.accessKeyId, AWS_SECRET_ACCESS_KEY: ada.secretAccessKey },
      });
      expect(await look()).toContain('kwallet         opens, with 1 key\n');
      const granted = 'granted-aws-iam-credentials';
      await kwallet.call('pamOpen', 'sayi', [granted, Buffer.alloc(56, 'k'), 0]);
      const handle = (await kwallet.call('open', 'sxs', [granted, 0n, granted])) ?? -1;
      await kwallet.call('createFolder', 'iss', [handle, granted, granted]);
      const data = JSON.stringify({
        AccessKeyID: eve.accessKeyId,
        SecretAccessKey: eve.secretAccessKey,
        CanExpire: false,
      });
      const item = JSON.stringify({
        Key: 'eve',
        Data: Buffer.from(data).toString('base64'),
        Label: '',
        Description: '',
      });
      await kwallet.call('writeEntry', 'issays', [handle, granted, 'eve', Buffer.from(item), granted]);
      fs.mkdirSync(path.join(world.home, '.granted'));
      const { stdout } = await world.run(['import']);
      expect(stdout).toContain('aws-vault, KWallet: 1 key\n  ada: copied to the vault\n');
      expect(stdout).toContain('Granted, KWallet: 1 key\n  eve: copied to the vault\n');
      await kwallet.closeWallet();
      expect(await look()).toContain('kwallet         the wallet "aws-vault" is locked');
    } finally {
      await kwallet.stop();
    }
  });
});

describe('where a Secret Service runs', () => {
  let bus: SessionBus;
  beforeEach(async () => {
    bus = await startSessionBus();
    const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
    Object.assign(world.env, { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR });
  });
  afterEach(() => bus.stop());

  const secretService = (name: string) => ['--backend', 'secret-service', '--secret-service-collection', name];

  it('keys of aws-vault and of Granted are found in their collections', async () => {
    await bus.createCollection();
    await bus.createCollection('granted-aws-iam-credentials');
    const [ada, eve] = [newKey('ada'), newKey('eve')];
    const put = (collection: string, name: string, key: Key) =>
      world.run([...secretService(collection), 'add', '--env', '--no-add-config', name], {
        env: { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey },
      });
    await put('awsvault', 'ada', ada);
    // A collection made by Granted's library has its underscores escaped; its label is the name.
    await put('granted-aws-iam-credentials', 'eve', eve);
    fs.mkdirSync(path.join(world.home, '.granted'));
    const { status, stdout } = await world.run(['import']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('aws-vault, the Secret Service: 1 key\n  ada: copied to the vault\n'),
    ]);
    expect(stdout).toContain('Granted, the Secret Service: 1 key\n  eve: copied to the vault\n');
    expect([await keyIdOf('ada'), await keyIdOf('eve')]).toEqual([ada.accessKeyId, eve.accessKeyId]);
  });

  it('keys of Leapp’s users are found by what its workspace file says of them', async () => {
    const key = newKey('ada');
    const session = (sessionId: string, sessionName: string, profileId: string) => ({
      ...{ sessionId, sessionName, profileId, type: 'awsIamUser', region: 'eu-west-1' },
    });
    writeLeapp({
      _sessions: [
        { ...session('s1', 'Ada at work', 'p1'), mfaDevice: 'arn:aws:iam::111122223333:mfa/ada' },
        session('s2', 'Lost', 'p1'),
        { sessionId: 's3', sessionName: 'A role', type: 'awsIamRoleChained' },
      ],
      _profiles: [{ id: 'p1', name: 'default' }],
    });
    await bus.createCollection('login');
    const store = (what: string, secret: string): void => {
      const attributes = ['service', 'Leapp', 'account', `s1-iam-user-aws-session-${what}`];
      const collection = ['--collection', '/org/freedesktop/secrets/collection/login'];
      execFileSync('secret-tool', ['store', ...collection, '--label', 'Leapp', ...attributes], {
        env: { ...bus.env },
        input: secret,
      });
    };
    store('access-key-id', key.accessKeyId);
    store('secret-access-key', key.secretAccessKey);
    const { stdout } = await world.run(['import', '--from', 'leapp']);
    expect(stdout).toContain('  Ada at work: copied to the vault\n  Lost: was left: the Secret Service does not hold');
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe(
      '[profile "Ada at work"]\nregion = eu-west-1\nmfa_serial = arn:aws:iam::111122223333:mfa/ada\n',
    );
    expect(await keyIdOf('Ada at work')).toBe(key.accessKeyId);
  });
});

/** As Leapp writes it: OpenSSL's salted format under the hash of the machine's ID. */
function writeLeapp(workspace: unknown, passphrase = machineIdHash()): void {
  const dir = path.join(world.home, '.Leapp');
  fs.mkdirSync(dir, { recursive: true });
  const args = ['enc', '-aes-256-cbc', '-md', 'md5', '-salt', '-base64', '-A', '-pass', `pass:${passphrase}`];
  const text = execFileSync('openssl', args, { input: JSON.stringify(workspace), stdio: ['pipe', 'pipe', 'ignore'] });
  fs.writeFileSync(path.join(dir, 'Leapp-lock.json'), text);
}

function machineIdHash(): string {
  const file = ['/var/lib/dbus/machine-id', '/etc/machine-id'].find((each) => fs.existsSync(each));
  const id = file === undefined ? os.hostname() : (fs.readFileSync(file, 'utf8').split('\n')[0] ?? '');
  return createHash('sha256').update(id.trim().toLowerCase()).digest('hex');
}

describe('import from Leapp', () => {
  it('says so where the file was written on another machine', async () => {
    writeLeapp({ _sessions: [] }, 'another machine');
    const { status, stdout } = await world.run(['import', '--from', 'leapp']);
    expect([status, stdout]).toEqual([1, expect.stringContaining("does not open with this machine's ID")]);
  });

  it('finds nothing in a workspace without IAM users, and asks no keyring', async () => {
    writeLeapp({ _sessions: [{ sessionId: 's3', sessionName: 'A role', type: 'awsSsoRole' }], _profiles: [] });
    const { status, stdout } = await world.run(['import', '--from', 'leapp']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Leapp-lock.json": no keys\n')]);
  });
});
