import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { itemNames } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import {
  addKey,
  KEYTURN,
  type People,
  populate,
  type Result,
  type RunOptions,
  startWorld,
  type World,
} from './world.ts';

let world: World;
let people: People;
let callsBefore = 0;
let files = 0;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
});
beforeEach(() => {
  callsBefore = world.aws.calls.length;
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

function operations(): string[] {
  return world.aws.calls.slice(callsBefore).map(({ operation }) => operation);
}

function configFile(text: string): string {
  files += 1;
  const file = path.join(world.home, `config-${files}`);
  fs.writeFileSync(file, text);
  return file;
}

/** One line, a stable code, exit status 1, nothing on stdout, no stack trace. Answers the message. */
function refusal({ status, stdout, stderr }: Result, code: string): string {
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(new RegExp(`^keyturn: error: [^\\n]+ \\[${code}\\]\\n$`));
  expect(stderr).not.toMatch(/node:|\.cjs|\bat .*:\d+:\d+/);
  return stderr;
}

const exec = (profile: string, flags: readonly string[] = [], options: RunOptions = {}): Promise<Result> =>
  world.run(['exec', profile, ...flags, '--', 'true'], options);

describe('without a call to AWS:', () => {
  const withConfig = (text: string, profile = 'x'): Promise<Result> =>
    exec(profile, [], { env: { AWS_CONFIG_FILE: configFile(text) } });
  const ROLE = 'role_arn = arn:aws:iam::777788889999:role/reader\n';

  it.each<[what: string, code: string, config: string, says: RegExp]>([
    [
      'an unknown profile',
      'PROFILE_NOT_FOUND',
      '[default]\nsource_profile = ada\n',
      /"x" is neither in the AWS config file nor in the vault/,
    ],
    ['a profile that is only like another', 'PROFILE_NOT_FOUND', '[profile X]\nsource_profile = ada\n', /"x"/],
    [
      'a source_profile that is not there',
      'PROFILE_NOT_FOUND',
      `[profile x]\nsource_profile = y\n${ROLE}`,
      /source_profile "y"/,
    ],
    [
      'a loop of sources',
      'PROFILE_LOOP',
      '[profile x]\nsource_profile = y\n[profile y]\nsource_profile = x\n',
      /x -> y -> x/,
    ],
    [
      'a loop of includes',
      'PROFILE_LOOP',
      '[profile x]\ninclude_profile = y\n[profile y]\ninclude_profile = x\n',
      /Loop detected in config file for profile 'x'/,
    ],
    ['an include that is not there', 'CONFIG_INVALID', '[profile x]\ninclude_profile = y\n', /"y"/],
    ['a profile without credentials', 'CREDENTIALS_NOT_FOUND', '[profile x]\nregion = eu-west-1\n', /keyturn add x/],
    ['oneself as source without a key', 'CREDENTIALS_NOT_FOUND', '[profile x]\nsource_profile = x\n', /keyturn add x/],
    ['a line that is none', 'CONFIG_INVALID', '[profile x]\nregion = a\nnonsense\n', /config-\d+:3: "nonsense"/],
    ['a header without end', 'CONFIG_INVALID', '# c\n[profile x\n', /config-\d+:2: /],
    ['a secret on a line that is none', 'CONFIG_INVALID', '[profile x]\nsecret: AKIASECRETSECRET\n', /:2: "secret"/],
    [
      'a duration_seconds in another unit',
      'CONFIG_INVALID',
      `[profile x]\nsource_profile = ada\nduration_seconds = 1h\n${ROLE}`,
      /:3: duration_seconds/,
    ],
    [
      'a duration_seconds that AWS does not take',
      'CONFIG_INVALID',
      `[profile x]\nsource_profile = ada\nduration_seconds = 60\n${ROLE}`,
      /900/,
    ],
    [
      'session tags without values',
      'CONFIG_INVALID',
      `[profile x]\nsource_profile = ada\nsession_tags = a\n${ROLE}`,
      /session_tags/,
    ],
    [
      'a region that is none',
      'CONFIG_INVALID',
      `[profile x]\nsource_profile = ada\nregion = evil.example/\n${ROLE}`,
      /evil\.example/,
    ],
    [
      'a role_arn that is none',
      'AWS_REJECTED|CONFIG_INVALID',
      '[profile x]\nsource_profile = ada\nrole_arn = admin\n',
      /./,
    ],
  ])('%s', async (_, code, config, says) => {
    const message = refusal(await withConfig(config), code);
    expect(message).toMatch(says);
    expect(message).not.toContain('AKIASECRETSECRET');
    if (code !== 'AWS_REJECTED|CONFIG_INVALID') expect(operations()).toEqual([]);
  });

  it.each([
    [['-d', '1x'], 'USAGE', /unknown unit "x" in duration "1x"/],
    [['-d-1h'], 'USAGE', /duration "-1h" must not be negative/],
    [['-d', '10s'], 'CONFIG_INVALID', /900 s/],
    [['-d', '13h'], 'CONFIG_INVALID', /is 13h, but AWS takes 15m \(900 s\) to 12h \(43200 s\)/],
    [['--region', 'x y'], 'CONFIG_INVALID', /region/],
  ] as const)('%j', async (flags, code, says) => {
    expect(refusal(await exec('reader', flags), code)).toMatch(says);
    expect(operations()).toEqual([]);
  });

  it('a code that cannot be one', async () => {
    expect(refusal(await exec('ada', ['-t', '12345']), 'MFA_REJECTED')).toContain('six digits');
    expect(operations()).toEqual([]);
  });

  it('a config file that is a directory, or that one may not read', async () => {
    expect(refusal(await exec('ada', [], { env: { AWS_CONFIG_FILE: world.home } }), 'CONFIG_INVALID')).toContain(
      'it is a directory',
    );
  });

  it('no terminal where a code is needed', async () => {
    expect(refusal(await exec('ada'), 'MFA_REQUIRED')).toMatch(/--prompt browser.*--mfa-token.*mfa_process/);
    expect(refusal(await exec('ada', ['--prompt=browser']), 'BROWSER_NOT_CONNECTED')).toContain('--mfa-token');
    expect(operations()).toEqual([]);
  });

  it('an mfa_process that fails', async () => {
    const config = configFile(
      `[profile ada]\nregion = eu-west-1\nmfa_serial = ${people.device.serial}\nmfa_process = echo no >&2; exit 3\n`,
    );
    const { status, stderr } = await exec('ada', [], { env: { AWS_CONFIG_FILE: config } });
    expect(stderr).toMatch(/process provider: exit status 3.*\[PROCESS_FAILED\]\n$/);
    expect(status).toBe(1);
    expect(operations()).toEqual([]);
  });

  it('a wrong passphrase, which loses nothing', async () => {
    const before = itemNames(world).sort();
    const env = { AWS_VAULT_FILE_PASSPHRASE: 'wrong' };
    expect(refusal(await exec('reader', [], { env }), 'KEYRING_LOCKED')).toContain('passphrase');
    const key = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' };
    refusal(await world.run(['add', '--env', '--no-verify', 'ada'], { env: { ...env, ...key } }), 'KEYRING_LOCKED');
    expect(itemNames(world).sort()).toEqual(before);
    expect((await exec('ada', ['-n'])).status).toBe(0);
    expect(operations()).toEqual([]);
  });

  it('no passphrase at all', async () => {
    const env = { AWS_VAULT_FILE_PASSPHRASE: undefined };
    expect(refusal(await exec('reader', [], { env }), 'KEYRING_LOCKED')).toContain('AWS_VAULT_FILE_PASSPHRASE');
  });

  it('a damaged item', async () => {
    const whole = fs.readFileSync(path.join(world.vaultDir, 'ada'), 'utf8');
    fs.writeFileSync(path.join(world.vaultDir, 'broken'), whole.slice(0, 200), { mode: 0o600 });
    expect(refusal(await exec('broken'), 'KEYRING_CORRUPT')).toContain('broken');
    fs.rmSync(path.join(world.vaultDir, 'broken'));
    expect(operations()).toEqual([]);
  });

  it('an endpoint that is no URL', async () => {
    const env = { AWS_ENDPOINT_URL: 'user:pass@host' };
    expect(refusal(await exec('reader', [], { env }), 'CONFIG_INVALID')).toContain('AWS_ENDPOINT_URL');
    expect(operations()).toEqual([]);
  });
});

describe('what AWS refuses:', () => {
  it('a wrong MFA code, and one that was used', async () => {
    expect(refusal(await exec('ada', ['-t', '000000']), 'MFA_REJECTED')).toContain(
      'enter the next one the device shows',
    );
    const code = people.device.freshCode();
    expect((await exec('ada', ['-t', code, '-d', '20m'])).status).toBe(0);
    refusal(await exec('ada', ['-t', code, '-d', '30m']), 'MFA_REJECTED');
  });

  it('a role', async () => {
    const closed = world.aws.addRole({ account: '777788889999', name: 'closed', trusts: ['999999999999'] });
    const config = configFile(
      `[profile ada]\n[profile x]\nregion=eu-west-1\nsource_profile = ada\nrole_arn = ${closed.arn}\n`,
    );
    const message = refusal(await exec('x', [], { env: { AWS_CONFIG_FILE: config } }), 'AWS_ACCESS_DENIED');
    expect(message).toMatch(/Failed to get credentials for x: operation error STS: AssumeRole.*trust policy/);
  });

  it('a session longer than the role allows', async () => {
    refusal(await exec('reader', ['-d', '2h']), 'AWS_REJECTED');
  });

  it('a key that was revoked or whose secret is wrong', async () => {
    const user = world.aws.addUser({ account: '222233334444', name: 'grace' });
    const [inactive, gone, wrong] = [1, 2, 3].map(() => world.aws.addAccessKey(user));
    if (inactive === undefined || gone === undefined || wrong === undefined) throw new Error('no keys');
    await addKey(world, 'inactive', inactive);
    await addKey(world, 'gone', gone);
    await addKey(world, 'wrong', { ...wrong, secretAccessKey: inactive.secretAccessKey });
    world.aws.deactivateAccessKey(inactive.accessKeyId);
    world.aws.deleteAccessKey(gone.accessKeyId);
    const results = await Promise.all(['inactive', 'gone', 'wrong'].map((profile) => exec(profile)));
    for (const result of results) expect(refusal(result, 'AWS_CREDENTIALS_INVALID')).toContain('keyturn add');
  });

  it('a session that ended before its time', async () => {
    const { arn } = people.reader;
    const inner = world.aws.addRole({ account: '777788889999', name: 'inner', trusts: [arn] });
    const config = configFile(
      `[default]\nregion = eu-west-1\n[profile ada]\n[profile outer]\nsource_profile = ada\nrole_arn = ${arn}\n[profile inner]\nsource_profile = outer\nrole_arn = ${inner.arn}\n`,
    );
    const env = { AWS_CONFIG_FILE: config };
    await exec('outer', [], { env });
    const session = world.aws.sessions().findLast((one) => one.arn.includes('assumed-role/reader/'));
    world.aws.expireSession(session?.accessKeyId ?? '');
    const first = await exec('inner', [], { env });
    expect(refusal(first, 'AWS_CREDENTIALS_INVALID')).toMatch(/expired/);
    // The advice is to run the command again, so that has to help.
    expect((await exec('inner', [], { env })).stderr).toBe('');
  });

  it('a clock that is off', async () => {
    world.aws.setClockOffsetSeconds(3600);
    try {
      const result = await exec('reader', ['-d', '40m']);
      expect(refusal(result, 'AWS_CLOCK_SKEW')).toMatch(/the clock here is 60 minutes behind that of AWS/);
    } finally {
      world.aws.setClockOffsetSeconds(0);
    }
  });

  it('too many calls, and an answer that is not AWS’s', async () => {
    const fail = (status: number, code: string): void =>
      world.aws.fail({ operation: 'AssumeRole', times: 3, status, code, message: 'Rate exceeded' });
    fail(400, 'Throttling');
    refusal(await exec('reader', ['-d', '41m']), 'AWS_THROTTLED');
    world.aws.cut({ operation: 'AssumeRole', times: 3 });
    refusal(await exec('reader', ['-d', '42m']), 'AWS_UNREACHABLE');
  });

  it('an endpoint where nobody answers', async () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    expect(refusal(await exec('reader', [], { env }), 'AWS_UNREACHABLE')).toMatch(/127\.0\.0\.1/);
  });
});

describe('a person who stops', () => {
  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('at the MFA prompt with %s gets status 130, and nothing was sent', async (_, key) => {
    const terminal = new PseudoTerminal(`${KEYTURN} exec ada -d 25m -- true`, world.env);
    await terminal.shows('Enter MFA code for');
    terminal.type(key);
    expect(await terminal.status()).toBe(130);
    expect(terminal.output).toMatch(/\r\nkeyturn: error: exec: [^\r\n]*cancelled[^\r\n]* \[CANCELLED\]\r\n$/);
    expect(operations()).toEqual([]);
  });

  it('while AWS is slow gets status 130 at once', async () => {
    const hold = world.aws.hold({ operation: 'AssumeRole' });
    const child = world.start(['exec', 'reader', '-d', '35m', '--', 'true']);
    const over = new Promise((resolve) => child.once('close', resolve));
    await hold.arrived;
    child.kill('SIGINT');
    expect(await over).toBe(130);
    hold.release();
  });
});
