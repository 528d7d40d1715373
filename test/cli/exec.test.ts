import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import {
  addKey,
  finished,
  KEYTURN,
  operations,
  type People,
  populate,
  startWorld,
  type World,
  writeConfig,
} from './world.ts';

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

// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
const showKeys = ['--', 'sh', '-c', 'echo $AWS_VAULT $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN:+with-token} $AWS_REGION'];

function identity(args: readonly string[]): ReturnType<World['run']> {
  const query = ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'];
  return world.run(['exec', ...args, '--', 'aws', '--endpoint-url', world.aws.url, ...query]);
}

describe('a user', () => {
  it('gets a session that the AWS CLI works with, and the code is asked for once', async () => {
    const first = await identity(['ada', '-t', await people.device.freshCode()]);
    expect(first).toMatchObject({ status: 0, stdout: `${people.user.arn}\n`, stderr: '' });
    expect((await identity(['ada'])).stdout).toBe(first.stdout);
    expect(operations(world)).toEqual(['GetSessionToken', 'GetCallerIdentity', 'GetCallerIdentity']);
  });

  it('gets the stored key itself with --no-session, without a call', async () => {
    const { stdout } = await world.run(['exec', 'ada', '-n', ...showKeys]);
    expect(stdout).toBe(`ada ${people.key.accessKeyId} eu-west-1\n`);
    expect(operations(world)).toEqual([]);
  });

  it('is asked for the code in the terminal, again after a wrong one', async () => {
    const terminal = new PseudoTerminal(`${KEYTURN} exec ada -- sh -c 'echo got $AWS_ACCESS_KEY_ID'`, world.env);
    await terminal.shows(`Enter MFA code for ${people.device.serial}: `);
    terminal.type('000000\r');
    await terminal.shows('try again');
    await terminal.shows('Enter MFA code', terminal.output.indexOf('try again'));
    terminal.type(`${await people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toMatch(/got ASIA/);
  });

  it('hears what else there is when there is no terminal to ask in', async () => {
    const { status, stderr } = await world.run(['exec', 'ada', '--', 'true']);
    expect(status).toBe(1);
    expect(stderr).toContain('open /dev/tty: no such device or address');
    expect(stderr).toContain('--mfa-token');
    expect(operations(world)).toEqual([]);
  });

  it('is answered for by an mfa_process', async () => {
    const code = await people.device.freshCode();
    writeConfig(
      world,
      `[profile ada]\nmfa_serial = ${people.device.serial}\nmfa_process = echo ${code}\nregion = eu-west-1\n`,
    );
    expect((await world.run(['exec', 'ada', ...showKeys])).stdout).toMatch(/^ada ASIA\S+ with-token eu-west-1$/m);
  });
});

describe('roles', () => {
  it('share one MFA code with their user and with each other', async () => {
    const role = await identity(['admin', '-t', await people.device.freshCode()]);
    expect(role.stdout).toMatch(/^arn:aws:sts::444455556666:assumed-role\/admin\/\d+\n$/);
    expect((await identity(['ada'])).stdout).toBe(`${people.user.arn}\n`);
    expect(operations(world).filter((name) => name === 'GetSessionToken')).toHaveLength(1);
  });

  it('are taken from the cache the second time, with no call at all', async () => {
    await world.run(['exec', 'reader', '--', 'true']);
    const before = operations(world).length;
    await world.aws.close();
    expect((await world.run(['exec', 'reader', ...showKeys])).stdout).toMatch(/^reader ASIA\S+ with-token us-east-2$/m);
    expect(before).toBe(1);
  });

  it('whose settings were edited get a session of their own', async () => {
    const first = await world.run(['exec', 'reader', ...showKeys]);
    const other = world.aws.addRole({ account: '777788889999', name: 'other', trusts: [people.user.arn] });
    fs.writeFileSync(world.configFile, fs.readFileSync(world.configFile, 'utf8').replace(people.reader.arn, other.arn));
    const second = await world.run(['exec', 'reader', ...showKeys]);
    expect(second.stdout).not.toBe(first.stdout);
    expect((await identity(['reader'])).stdout).toContain('assumed-role/other/');
  });

  it('send everything the profile says about them', async () => {
    const role = world.aws.addRole({
      account: '777788889999',
      name: 'strict',
      trusts: [people.user.arn],
      externalId: 'ext-1',
      maxSessionDurationSeconds: 7200,
    });
    writeConfig(
      world,
      `[profile strict]
source_profile = ada
role_arn = ${role.arn}
external_id = ext-1
role_session_name = ada@laptop
duration_seconds = 7200
session_tags = team=core, stage = test
transitive_session_tags = team
source_identity = ada
region = eu-west-1
[profile ada]
`,
    );
    expect((await identity(['strict'])).stdout).toContain('assumed-role/strict/ada@laptop');
    const [session] = world.aws.sessions();
    expect(session).toMatchObject({
      tags: { team: 'core', stage: 'test' },
      transitiveTagKeys: ['team'],
      sourceIdentity: 'ada',
    });
    const seconds = ((session?.expiresAt.getTime() ?? 0) - (session?.issuedAt.getTime() ?? 0)) / 1000;
    expect(seconds).toBe(7200);
  });
});

describe('the child', () => {
  it('takes the place of keyturn: its pid, its status, its signals', async () => {
    const child = world.start(['exec', 'reader', '--', 'sh', '-c', 'echo $$; exec sleep 60']);
    const result = finished(child);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    child.kill('SIGTERM');
    const { status, stdout } = await result;
    expect(Number(stdout)).toBe(child.pid);
    expect([status, child.signalCode]).toEqual([null, 'SIGTERM']);
    expect((await world.run(['exec', 'reader', '--', 'sh', '-c', 'exit 7'])).status).toBe(7);
  });

  it('has neither our secrets nor what would shadow its credentials', async () => {
    const env = {
      AWS_PROFILE: 'other',
      AWS_ROLE_ARN: '',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/x',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://x',
      AWS_CREDENTIAL_EXPIRATION: 'stale',
      NODE_OPTIONS: '--no-warnings',
      MINE: 'kept',
    };
    const own = { KEYTURN_FILE_ROUNDS: undefined };
    const { stdout } = await world.run(['exec', 'ada', '-n', '--', 'env'], { env: { ...env, ...own } });
    for (const name of [
      'AWS_PROFILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CREDENTIAL_EXPIRATION',
      'AWS_VAULT_FILE_PASSPHRASE',
      'KEYTURN_',
    ]) {
      expect(stdout).not.toContain(name);
    }
    expect(stdout).toContain('NODE_OPTIONS=--no-warnings\n');
    expect(stdout).toContain('MINE=kept\n');
  });

  it('is a shell when no command is given', async () => {
    const { stdout } = await world.run(['exec', 'ada', '-n'], { env: { SHELL: '/usr/bin/env' } });
    expect(stdout).toContain('AWS_VAULT=ada\n');
  });

  it('is looked for before anybody is asked anything', async () => {
    const { status, stderr } = await world.run(['exec', 'ada', '--', 'no-such-program']);
    expect(stderr).toContain('exec: exec: "no-such-program": executable file not found in $PATH');
    expect(status).toBe(1);
    expect(operations(world)).toEqual([]);
  });

  it('is not started inside another one', async () => {
    const { stderr } = await world.run(['exec', 'ada', '--', 'true'], { env: { AWS_VAULT: 'x' } });
    expect(stderr).toContain(
      "exec: running in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force",
    );
  });
});

describe('ten processes at once', () => {
  it('share one prompt and one call, also when the one that asks is killed', async () => {
    const script = path.join(world.home, 'mfa');
    const asked = path.join(world.home, 'asked');
    const answer = path.join(world.home, 'answer');
    // Each question leaves a line with its asker's pid, then waits for the answer.
    fs.writeFileSync(
      script,
      `#!/bin/sh\necho $PPID >> ${asked}\nwhile [ ! -s ${answer} ]; do sleep 0.05; done\ncat ${answer}\n`,
      { mode: 0o755 },
    );
    const config = fs.readFileSync(world.configFile, 'utf8');
    fs.writeFileSync(world.configFile, config.replace('[profile ada]', `[profile ada]\nmfa_process = exec ${script}`));
    const children = Array.from({ length: 10 }, () => world.start(['exec', 'admin', ...showKeys]));
    const results = children.map(finished);
    const askers = (): string[] =>
      fs.existsSync(asked) ? fs.readFileSync(asked, 'utf8').split('\n').filter(Boolean) : [];
    await expect.poll(askers).toHaveLength(1);
    const victim = children.find(({ pid }) => String(pid) === askers()[0]);
    expect(victim).toBeDefined();
    victim?.kill('SIGKILL');
    await expect.poll(askers).toHaveLength(2);
    fs.writeFileSync(answer, await people.device.freshCode());
    const all = await Promise.all(results);
    const succeeded = all.filter(({ status }) => status === 0);
    expect(succeeded).toHaveLength(9);
    expect(new Set(succeeded.map(({ stdout }) => stdout)).size).toBe(1);
    expect(askers()).toHaveLength(2);
    expect(operations(world)).toEqual(['GetSessionToken', 'AssumeRole']);
  });
});

describe('what goes wrong', () => {
  const line = (result: { stderr: string }): string => {
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr).not.toMatch(/\bat .*:\d+:\d+/);
    return result.stderr;
  };

  it('is said in one line with a stable code', async () => {
    world.aws.deleteAccessKey(people.key.accessKeyId);
    expect(line(await world.run(['exec', 'reader', '--', 'true']))).toMatch(
      /AssumeRole.*\[AWS_CREDENTIALS_INVALID\]\n$/,
    );
    expect(line(await world.run(['exec', 'raeder', '--', 'true']))).toMatch(/"raeder".*\[PROFILE_NOT_FOUND\]\n$/);
    expect(line(await world.run(['exec', 'reader', '-d', '3600', '--', 'true']))).toContain(
      'time: missing unit in duration "3600", try --help',
    );
    expect(line(await world.run(['exec', 'reader', '--bogus']))).toContain(
      "error: unknown long flag '--bogus', try --help [USAGE]",
    );
  });

  it('names a refused role, a wrong code and a clock that is off', async () => {
    const closed = world.aws.addRole({ account: '777788889999', name: 'closed', trusts: ['999999999999'] });
    fs.appendFileSync(world.configFile, `[profile closed]\nsource_profile = ada\nrole_arn = ${closed.arn}\n`);
    expect(line(await world.run(['exec', 'closed', '--', 'true']))).toMatch(/AccessDenied.*\[AWS_ACCESS_DENIED\]/);
    expect(line(await world.run(['exec', 'ada', '-t', '000000', '--', 'true']))).toMatch(/\[MFA_REJECTED\]/);
    world.aws.setClockOffsetSeconds(3600);
    const skewed = await world.run(['exec', 'reader', '-d', '20m', '--', 'true']);
    if (skewed.status !== 0) expect(line(skewed)).toMatch(/\[AWS_CLOCK_SKEW\]/);
  });

  it('names an endpoint that does not answer', async () => {
    const result = await world.run(['exec', 'reader', '--', 'true'], {
      env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
    });
    expect(line(result)).toMatch(/127\.0\.0\.1.*\[AWS_UNREACHABLE\]/);
  });

  it('names the vault that a passphrase does not open', async () => {
    const result = await world.run(['exec', 'reader', '--', 'true'], { env: { AWS_VAULT_FILE_PASSPHRASE: 'wrong' } });
    expect(line(result)).toMatch(/passphrase.*\[KEYRING_LOCKED\]/);
    const silent = await world.run(['exec', 'reader', '--', 'true'], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
    expect(line(silent)).toMatch(/AWS_VAULT_FILE_PASSPHRASE.*\[KEYRING_LOCKED\]/);
    expect(operations(world)).toEqual([]);
  });

  it('does not let a mistyped profile become [default]', async () => {
    writeConfig(world, `[default]\nsource_profile = ada\nrole_arn = ${people.reader.arn}\n[profile ada]\n`);
    expect(line(await world.run(['exec', 'tpyo', '--', 'true']))).toContain('[PROFILE_NOT_FOUND]');
    expect(operations(world)).toEqual([]);
  });

  it('keeps secrets out of --debug', async () => {
    const { stderr } = await world.run(['exec', 'reader', '--debug', '--', 'true']);
    expect(stderr).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d keyturn /);
    expect(stderr).not.toContain(people.key.secretAccessKey);
    const session = world.aws.sessions()[0];
    expect(session).toBeDefined();
    expect(stderr).not.toMatch(/[A-Za-z0-9+/]{60,}/);
  });
});

it('asks for the passphrase of the vault in the terminal, and says when it was wrong', async () => {
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...env } = world.env;
  const terminal = new PseudoTerminal(`${KEYTURN} exec reader -- sh -c 'echo got $AWS_ACCESS_KEY_ID'`, {
    ...env,
    AWS_VAULT_FILE_PASSPHRASE: undefined,
  });
  await terminal.shows(`Enter passphrase to unlock "${world.vaultDir}`);
  terminal.type('wrong\r');
  await terminal.shows('Enter passphrase', terminal.output.indexOf('unlock') + 20);
  terminal.type('correct horse\r');
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toMatch(/got ASIA/);
  expect(terminal.output).not.toContain('correct horse');
});

it('uses a second user’s key for what has it as its source', async () => {
  const grace = world.aws.addUser({ account: '222233334444', name: 'grace' });
  await addKey(world, 'grace', world.aws.addAccessKey(grace));
  expect((await identity(['grace'])).stdout).toBe(`${grace.arn}\n`);
});
