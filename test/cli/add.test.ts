import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, operations, type Result, startWorld, type World } from './world.ts';

const KEY = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

let world: World;
let files = 0;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  expect(world.aws.calls).toEqual([]);
  await world.close();
});

/** A config file of this test's own; its path is for AWS_CONFIG_FILE. */
function configFile(content?: string | Buffer): string {
  files += 1;
  const file = path.join(world.home, `config-${files}`);
  if (content !== undefined) fs.writeFileSync(file, content);
  return file;
}

function add(args: readonly string[], config: string, env: Record<string, string | undefined> = KEY): Promise<Result> {
  return world.run(['add', '--env', '--no-verify', ...args], { env: { ...env, AWS_CONFIG_FILE: config } });
}

async function storedKey(profile: string, config: string): Promise<unknown> {
  const { stdout, stderr } = await world.run(['export', '-n', '--format=json', '--', profile], {
    env: { AWS_CONFIG_FILE: config },
  });
  return stdout === '' ? stderr : JSON.parse(stdout);
}

const STORED = { Version: 1, AccessKeyId: KEY.AWS_ACCESS_KEY_ID, SecretAccessKey: KEY.AWS_SECRET_ACCESS_KEY };

describe('in a terminal', () => {
  it('asks for both halves of the key in aws-vault’s words, and shows the secret to nobody', async () => {
    const terminal = new PseudoTerminal(`${KEYTURN} add --no-verify work`, world.env);
    await terminal.shows('Enter Access Key ID: ');
    terminal.type(`  ${KEY.AWS_ACCESS_KEY_ID} \r`);
    await terminal.shows('Enter Secret Access Key: ');
    terminal.type(`${KEY.AWS_SECRET_ACCESS_KEY}\r`);
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toBe(
      `Enter Access Key ID:   ${KEY.AWS_ACCESS_KEY_ID} \r\nEnter Secret Access Key: \r\nAdded credentials to profile "work" in vault\r\n`,
    );
    expect(await storedKey('work', world.configFile)).toEqual(STORED);
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe('[profile work]\n');
    expect(fs.statSync(world.configFile).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(world.configFile)).mode & 0o777).toBe(0o700);
  });

  it('stores nothing when the person stops at the secret, or enters none', async () => {
    const stopped = new PseudoTerminal(`${KEYTURN} add stopped`, world.env);
    const empty = new PseudoTerminal(`${KEYTURN} add empty`, world.env);
    for (const [terminal, end] of [
      [stopped, '\x03'],
      [empty, '\r'],
    ] as const) {
      await terminal.shows('Enter Access Key ID: ');
      terminal.type('AKIA\r');
      await terminal.shows('Enter Secret Access Key: ');
      terminal.type(end);
    }
    expect(await stopped.status()).toBe(130);
    expect(stopped.output).toMatch(/add: cancelled at the prompt; nothing was changed \[CANCELLED\]\r\n$/);
    expect(await empty.status()).toBe(1);
    expect(empty.output).toMatch(/add: the secret access key is empty; nothing was stored \[USAGE\]\r\n$/);
    const { stdout } = await world.run(['list', '--credentials']);
    expect(stdout).not.toMatch(/stopped|empty/);
    expect(fs.readFileSync(world.configFile, 'utf8')).not.toMatch(/stopped|empty/);
  });

  it('says what to do where there is none', async () => {
    const { status, stderr } = await world.run(['add', 'work']);
    expect(stderr).toBe(
      'keyturn: error: add: open /dev/tty: no such device or address; use --env to take the key from the environment [USAGE]\n',
    );
    expect(status).toBe(1);
  });
});

describe('from the environment', () => {
  it.each([
    [{ ...KEY, AWS_ACCESS_KEY_ID: undefined }, 'Missing value for AWS_ACCESS_KEY_ID'],
    [{ ...KEY, AWS_ACCESS_KEY_ID: '' }, 'Missing value for AWS_ACCESS_KEY_ID'],
    [{ ...KEY, AWS_SECRET_ACCESS_KEY: undefined }, 'Missing value for AWS_SECRET_ACCESS_KEY'],
    [{ ...KEY, AWS_SECRET_ACCESS_KEY: ' ' }, 'the secret access key is empty; nothing was stored'],
    [{ ...KEY, AWS_SECRET_ACCESS_KEY: 'two words' }, 'the secret access key has blanks in it; nothing was stored'],
  ])('refuses what is missing or a slip: %#', async (env, message) => {
    const config = configFile();
    const { status, stdout, stderr } = await add(['nobody'], config, env);
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: `keyturn: error: add: ${message} [USAGE]\n`,
    });
    expect(fs.existsSync(config)).toBe(false);
    expect((await world.run(['list', '--credentials'])).stdout).not.toContain('nobody');
  });

  it('leaves the config file alone with --no-add-config', async () => {
    const config = configFile();
    expect(await add(['--no-add-config', 'bare'], config)).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "bare" in vault\n',
      stderr: '',
    });
    expect(fs.existsSync(config)).toBe(false);
    expect(await storedKey('bare', config)).toEqual(STORED);
  });
});

describe('the config file', () => {
  const latin1 = Buffer.from('# caf\xe9 \xff\n[default]\nregion=eu-west-1\n', 'latin1');

  it.each<[what: string, before: string | Buffer | undefined, added: string]>([
    ['that is missing', undefined, '[profile work]\n'],
    ['that is empty', '', '[profile work]\n'],
    [
      'with comments, odd blanks and unknown keys',
      '# mine\n[default]\n  region   =  eu-west-1   # here\nsome_key=a#b ; c\n\n\n',
      '\n[profile work]\n',
    ],
    ['without a final newline', '[profile other]\nregion = x', '\n\n[profile work]\n'],
    ['with Windows line ends', '[profile other]\r\nregion = x\r\n', '\r\n[profile work]\r\n'],
    ['with Windows line ends, the last one missing', '[profile other]\r\nregion = x', '\r\n\r\n[profile work]\r\n'],
    ['with a byte order mark', '\uFEFF[default]\nregion = x\n', '\n[profile work]\n'],
    ['in another encoding', latin1, '\n[profile work]\n'],
  ])('%s gets the new section and keeps every byte', async (_, before, added) => {
    const file = configFile(before);
    expect((await add(['work'], file)).status).toBe(0);
    expect(fs.readFileSync(file)).toEqual(Buffer.concat([Buffer.from(before ?? ''), Buffer.from(added)]));
    const after = fs.readFileSync(file);
    const { ino, mtimeMs } = fs.statSync(file);
    expect((await add(['work'], file)).status).toBe(0);
    expect(fs.readFileSync(file)).toEqual(after);
    expect(fs.statSync(file)).toMatchObject({ ino, mtimeMs });
  });

  it('that has the profile already is not written', async () => {
    const text = '[profile "work"]\nregion=eu-west-1';
    const file = configFile(text);
    await add(['work'], file);
    expect(fs.readFileSync(file, 'utf8')).toBe(text);
  });

  it('keeps its permissions and stays a symlink', async () => {
    const target = configFile('[default]\nregion = x\n');
    fs.chmodSync(target, 0o640);
    const link = configFile();
    fs.symlinkSync(path.basename(target), link);
    expect((await add(['work'], link)).status).toBe(0);
    expect(fs.readlinkSync(link)).toBe(path.basename(target));
    expect(fs.readFileSync(target, 'utf8')).toBe('[default]\nregion = x\n\n[profile work]\n');
    expect(fs.statSync(target).mode & 0o777).toBe(0o640);
    expect(fs.readdirSync(world.home).filter((name) => name.endsWith('.keyturn'))).toEqual([]);
    const missing = configFile();
    const dangling = configFile();
    fs.symlinkSync(path.basename(missing), dangling);
    expect((await add(['work'], dangling)).status).toBe(0);
    expect(fs.readlinkSync(dangling)).toBe(path.basename(missing));
    expect(fs.readFileSync(missing, 'utf8')).toBe('[profile work]\n');
  });

  it('that cannot be read stops the command before a key is stored', async () => {
    const file = configFile('[profile broken\n');
    const { status, stderr } = await add(['unlucky'], file);
    expect(stderr).toBe(
      `keyturn: error: add: ${file}:1: section header "[profile broken" has no closing ]; correct that line [CONFIG_INVALID]\n`,
    );
    expect(status).toBe(1);
    expect((await world.run(['list', '--credentials'])).stdout).not.toContain('unlucky');
  });

  it('with a source_profile refuses the key, but takes oneself as source', async () => {
    const file = configFile('[profile r]\nsource_profile = ada\n[profile self]\nsource_profile = self\nregion = x\n');
    const { status, stderr } = await add(['r'], file);
    expect(stderr).toBe(
      "keyturn: error: add: Your profile has a source_profile of ada, adding credentials to r won't have any effect [USAGE]\n",
    );
    expect(status).toBe(1);
    expect((await add(['self'], file)).status).toBe(0);
    expect(await storedKey('self', file)).toEqual(STORED);
  });
});

it('replaces a key and says how many sessions went: its own, and those of roles assumed with it', async () => {
  const other = await startWorld();
  try {
    const user = other.aws.addUser({ account: '111122223333', name: 'ada' });
    const role = other.aws.addRole({ account: '111122223333', name: 'reader', trusts: ['111122223333'] });
    const file = configFile(
      `[default]\nregion = eu-west-1\n[profile ada]\n[profile reader]\nsource_profile = ada\nrole_arn = ${role.arn}\n[profile other]\n`,
    );
    const keys = [other.aws.addAccessKey(user), other.aws.addAccessKey(user)];
    const env = (key = keys[0]) => ({
      AWS_CONFIG_FILE: file,
      AWS_ACCESS_KEY_ID: key?.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key?.secretAccessKey,
    });
    await other.run(['add', '--env', '--no-verify', 'ada'], { env: env() });
    await other.run(['add', '--env', '--no-verify', 'other'], { env: env() });
    await Promise.all(['reader', 'other'].map((profile) => other.run(['export', profile], { env: env() })));
    const first = await other.run(['export', 'ada'], { env: env() });
    expect(await other.run(['add', '--env', '--no-verify', 'ada'], { env: env(keys[1]) })).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "ada" in vault\nDeleted 2 existing sessions.\n',
      stderr: '',
    });
    expect((await other.run(['export', 'ada'], { env: env() })).stdout).not.toBe(first.stdout);
    await Promise.all(['reader', 'other'].map((profile) => other.run(['export', profile], { env: env() })));
    const usedBefore = [0, 0, 0].map(() => keys[0]?.accessKeyId);
    const usedAfter = [1, 1].map(() => keys[1]?.accessKeyId);
    expect(other.aws.calls.map(({ accessKeyId }) => accessKeyId)).toEqual([...usedBefore, ...usedAfter]);
  } finally {
    await other.close();
  }
});

it('loses nothing when ten are run at once', async () => {
  const file = configFile('# kept\n[default]\nregion = x\n');
  const names = Array.from({ length: 10 }, (_, index) => `parallel-${index}`);
  const results = await Promise.all(names.map((name) => add([name], file)));
  expect(results.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
    names.map(() => ({ status: 0, stderr: '' })),
  );
  const stored = (await world.run(['list', '--credentials'])).stdout.split('\n');
  expect(stored).toEqual(expect.arrayContaining(names));
  const sections = fs.readFileSync(file, 'utf8').match(/^\[profile .*\]$/gm);
  expect(sections?.sort()).toEqual(names.map((name) => `[profile ${name}]`));
});

describe('a name', () => {
  it.each([
    'with blanks',
    'ünï-cødé 日本',
    'prod.admin',
    'team/prod',
    '..',
    'a;b#c',
    '100%',
    '-x',
    'default',
    'a,b=c',
    'a]b',
  ])('%j comes back as it was', async (name) => {
    const file = configFile('[default]\nregion = eu-west-1\n');
    expect(await add(['--', name], file)).toMatchObject({ status: 0, stderr: '' });
    expect(await storedKey(name, file)).toEqual(STORED);
    const profiles = (await world.run(['list', '--profiles'], { env: { AWS_CONFIG_FILE: file } })).stdout;
    expect(profiles).toBe(name === 'default' ? 'default\n' : `default\n${name}\n`);
  });

  it.each(['a #b', '#a', 'a\nb', '"quoted"', "'quoted'", 'bell\x07'])(
    '%j that the config file cannot hold is refused before a key is stored',
    async (name) => {
      const file = configFile('[default]\nregion = x\n');
      const { status, stderr } = await add(['--', name], file);
      expect(stderr).toBe(
        `keyturn: error: add: ${JSON.stringify(name)} cannot be the name of a profile in the AWS config file; choose another name, or use --no-add-config [USAGE]\n`,
      );
      expect(status).toBe(1);
      expect(fs.readFileSync(file, 'utf8')).toBe('[default]\nregion = x\n');
    },
  );

  it.each(['', 'oidc:https://x.awsapps.com/start', 'sts.GetSessionToken,YQ,YQ,123', 'session,a,b,12'])(
    '%j that means something else in the vault is refused',
    async (name) => {
      const { status, stderr } = await add(['--no-add-config', '--', name], configFile());
      expect(stderr).toBe(
        `keyturn: error: add: no key can be kept under the name ${JSON.stringify(name)}; choose another name [USAGE]\n`,
      );
      expect(status).toBe(1);
    },
  );
});

it('asks AWS nothing', () => {
  expect(operations(world)).toEqual([]);
});
