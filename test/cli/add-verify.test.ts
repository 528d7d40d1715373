import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, operations, type People, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let people: People;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

type KeyPair = { readonly accessKeyId: string; readonly secretAccessKey: string };

function add(
  profile: string,
  key: KeyPair = people.key,
  env: Record<string, string> = {},
  ...flags: string[]
): Promise<Result> {
  return world.run(['add', '--env', profile, ...flags], {
    env: { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey, ...env },
  });
}

async function stored(): Promise<string[]> {
  return (await world.run(['list', '--credentials'])).stdout.split('\n').filter((name) => name !== '');
}

describe('before it stores a key, add asks AWS', () => {
  it('whose it is, and says so beside aws-vault’s output', async () => {
    expect(await add('new')).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "new" in vault\n',
      stderr: 'The key belongs to user ada in account 111122223333.\n',
    });
    expect(operations(world)).toEqual(['GetCallerIdentity', 'ListAccessKeys']);
    expect(await stored()).toContain('new');
  });

  it('and does without the date where the user may not see it', async () => {
    const user = world.aws.addUser({ account: '111122223333', name: 'bob', deny: ['iam:ListAccessKeys'] });
    const { status, stderr } = await add('bob', world.aws.addAccessKey(user));
    expect(stderr).toBe('The key belongs to user bob in account 111122223333.\n');
    expect(status).toBe(0);
  });

  it.each<[why: string, key: (real: KeyPair) => KeyPair, message: string]>([
    [
      'that is not known',
      (real) => ({ ...real, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
      'AWS refuses this key: it does not exist there, or was deleted or deactivated; nothing was stored: correct it, or store it unchecked with --no-verify',
    ],
    [
      'with the secret of another',
      (real) => ({ ...real, secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }),
      'AWS refuses this key: the secret access key does not belong to this access key ID; nothing was stored',
    ],
  ])('and refuses one %s', async (_, change, message) => {
    const { status, stdout, stderr } = await add('bad', change(people.key));
    expect(stderr).toContain(`keyturn: error: add: ${message}`);
    expect(stderr).toMatch(/\[AWS_CREDENTIALS_INVALID\]\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(await stored()).toEqual(['ada']);
    expect(fs.readFileSync(world.configFile, 'utf8')).not.toContain('[profile bad]');
    const unchecked = await add('bad', change(people.key), {}, '--no-verify');
    expect(unchecked).toEqual({ status: 0, stdout: 'Added credentials to profile "bad" in vault\n', stderr: '' });
  });

  it('and tells a wrong clock from a wrong key', async () => {
    world.aws.setClockOffsetSeconds(20 * 60);
    const { status, stderr } = await add('skewed');
    expect(stderr).toContain('the key could not be checked, and nothing was stored: ');
    expect(stderr).toContain("the clock here is 20 minutes behind that of AWS: set this machine's clock");
    expect(stderr).toMatch(/\[AWS_CLOCK_SKEW\]\n$/);
    expect(status).toBe(1);
    expect(await stored()).toEqual(['ada']);
  });

  it('and stores it with a notice where AWS is out of reach', async () => {
    expect(await add('train', people.key, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "train" in vault\n',
      stderr:
        'keyturn: the key could not be checked and is stored as it is: cannot reach 127.0.0.1:9 (ECONNREFUSED), the connection was refused: check the endpoint\n',
    });
    expect(await stored()).toContain('train');
  });
});

describe('a key that is there already', () => {
  it('is replaced only if the person says so', async () => {
    const other = world.aws.addAccessKey(people.user);
    const no = new PseudoTerminal(`${KEYTURN} add ada`, world.env);
    await no.shows('The vault has a key for profile "ada" already. Replace it? (y|N) ');
    no.type('n\r');
    expect(await no.status()).toBe(0);
    expect(no.output).toMatch(/nothing was changed\r\n$/);
    expect(operations(world)).toEqual([]);
    const yes = new PseudoTerminal(`${KEYTURN} add ada`, world.env);
    await yes.shows('Replace it? (y|N) ');
    yes.type('yes\r');
    await yes.shows('Enter Access Key ID: ');
    yes.type(`${other.accessKeyId}\r`);
    await yes.shows('Enter Secret Access Key: ');
    yes.type(`${other.secretAccessKey}\r`);
    expect(await yes.status()).toBe(0);
    expect(yes.output).toContain('Added credentials to profile "ada" in vault');
    const { stdout } = await world.run(['export', '-n', '--format=json', 'ada']);
    expect(JSON.parse(stdout)).toMatchObject({ AccessKeyId: other.accessKeyId });
  });

  it('is replaced by a script, in a terminal too', async () => {
    const env = {
      ...world.env,
      AWS_ACCESS_KEY_ID: people.key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: people.key.secretAccessKey,
    };
    const terminal = new PseudoTerminal(`${KEYTURN} add --env ada`, env);
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).not.toContain('(y|N)');
    expect((await add('ada')).status).toBe(0);
  });
});

describe('--mfa-serial', () => {
  it('goes into the new section', async () => {
    const before = fs.readFileSync(world.configFile, 'utf8');
    expect((await add('new', people.key, {}, '--mfa-serial', people.device.serial)).status).toBe(0);
    expect(fs.readFileSync(world.configFile, 'utf8')).toBe(
      `${before}\n[profile new]\nmfa_serial = ${people.device.serial}\n`,
    );
    const code = people.device.freshCode();
    expect((await world.run(['exec', 'new', '-t', code, '--', 'true'])).status).toBe(0);
  });

  it.each([
    [
      'ada',
      'arn:aws:iam::1:mfa/x',
      /--mfa-serial goes into a new section of the config file, and none is added; write mfa_serial = /,
    ],
    ['new', 'no device\n[x]', /"no device\\n\[x\]" is no MFA device/],
  ])('is refused for %j with %j before anything is stored', async (profile, serial, message) => {
    const { status, stderr } = await add(profile, people.key, {}, '--mfa-serial', serial);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(operations(world)).toEqual([]);
  });
});

describe('a key in plain text', () => {
  const file = (): string => path.join(world.home, '.aws', 'credentials');

  beforeEach(() => {
    const { accessKeyId, secretAccessKey } = people.key;
    const keys = (id: string, secret: string): string => `aws_access_key_id = ${id}\naws_secret_access_key=${secret}\n`;
    fs.writeFileSync(
      file(),
      `# mine\n[old]\n${keys(accessKeyId, secretAccessKey)}\n[tmp]\n${keys('ASIA', 'x')}aws_session_token = y\n[it's]\n${keys('AKIA', 'z')}`,
    );
  });

  it('is shown by list as such, with the way into the vault', async () => {
    const { status, stdout, stderr } = await world.run(['list']);
    expect(stdout).toContain('\nold                      (plain text)             -                        \n');
    expect(stdout).toContain("\nit's                     (plain text)             -                        \n");
    expect(stdout).not.toContain('tmp');
    expect(stderr).toBe(
      `keyturn: in plain text in ${file()}: the keys of 'old', 'it's'; move each into the vault: keyturn add --from-file old\n`,
    );
    expect(status).toBe(0);
    expect((await world.run(['list', '--credentials'])).stdout).toBe('ada\n');
  });

  it('goes into the vault with --from-file, which says what can be removed and touches nothing', async () => {
    const before = fs.readFileSync(file());
    expect(await world.run(['add', '--from-file', 'old'])).toEqual({
      status: 0,
      stdout: 'Added credentials to profile "old" in vault\n',
      stderr: `The key belongs to user ada in account 111122223333.\nThe key is still in plain text in ${file()}: remove lines 3 and 4 (aws_access_key_id and aws_secret_access_key of [old]).\n`,
    });
    expect(fs.readFileSync(file())).toEqual(before);
    expect((await world.run(['exec', '-n', 'old', '--', 'true'])).status).toBe(0);
    const { stdout, stderr } = await world.run(['list']);
    expect(stdout).toMatch(/^old +old +- +$/m);
    expect(stderr).toContain(
      `the key of 'old' is in the vault, but still in plain text in ${file()} too; remove it there`,
    );
    expect(stderr).toContain("keyturn add --from-file 'it'\\''s'\n");
  });

  it.each([
    [['--from-file', 'tmp'], /temporary credentials for profile "tmp".* \[USAGE\]/],
    [
      ['--from-file', 'none'],
      /has no access key for profile "none" \(there are keys of old, tmp, it's\) \[CREDENTIALS_NOT_FOUND\]/,
    ],
    [['--from-file', '--env', 'old'], /Can't use --env with --from-file \[USAGE\]/],
  ])('is refused for %j', async (args, message) => {
    const { status, stderr } = await world.run(['add', ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(await stored()).toEqual(['ada']);
  });

  it('that cannot be read hides nothing else', async () => {
    fs.writeFileSync(file(), '[broken\n');
    const { status, stdout, stderr } = await world.run(['list']);
    expect(stdout).toMatch(/^ada +ada +- +$/m);
    expect(stderr).toBe(
      `keyturn: keys in plain text were not looked for: ${file()}:1: section header "[broken" has no closing ]; correct that line\n`,
    );
    expect(status).toBe(0);
  });
});
