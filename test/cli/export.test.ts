import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, KEYTURN, operations, type People, populate, type Result, startWorld, type World } from './world.ts';

type Exported = { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: string };

let world: World;
let people: People;
let exported: Exported;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
  const grace = world.aws.addUser({ account: '222233334444', name: 'grace' });
  await addKey(world, 'grace', world.aws.addAccessKey(grace));
  exported = JSON.parse((await world.run(['export', '--format=json', 'reader'])).stdout);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

function aws(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const options = { env: { ...world.env, PATH: '/usr/bin:/bin', ...env }, cwd: '/' };
  return new Promise((resolve) => {
    execFile('/usr/bin/aws', ['--endpoint-url', world.aws.url, ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('every format is aws-vault’s to the byte:', () => {
  it('json', async () => {
    expect(await world.run(['export', 'reader', '--format', 'json'])).toEqual({
      status: 0,
      stdout: `{
  "Version": 1,
  "AccessKeyId": "${exported.AccessKeyId}",
  "SecretAccessKey": "${exported.SecretAccessKey}",
  "SessionToken": "${exported.SessionToken}",
  "Expiration": "${exported.Expiration}"
}
`,
      stderr: '',
    });
    expect(exported.Expiration).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await world.run(['exec', '--json', 'reader'])).stdout).toBe(
      `${JSON.stringify({ ...exported }, undefined, 2)}\n`,
    );
  });

  it.each([
    ['env', ''],
    ['export-env', 'export '],
  ])('%s', async (format, prefix) => {
    const lines = [
      `AWS_ACCESS_KEY_ID=${exported.AccessKeyId}`,
      `AWS_SECRET_ACCESS_KEY=${exported.SecretAccessKey}`,
      `AWS_SESSION_TOKEN=${exported.SessionToken}`,
      `AWS_CREDENTIAL_EXPIRATION=${exported.Expiration}`,
      'AWS_REGION=us-east-2',
      'AWS_DEFAULT_REGION=us-east-2',
    ];
    expect(await world.run(['export', `--format=${format}`, 'reader'])).toEqual({
      status: 0,
      stdout: lines.map((line) => `${prefix}${line}\n`).join(''),
      stderr: '',
    });
  });

  it('env when none is named', async () => {
    expect((await world.run(['export', 'reader'])).stdout).toBe(
      (await world.run(['export', '--format=env', 'reader'])).stdout,
    );
  });

  it('ini', async () => {
    expect((await world.run(['export', '--format=ini', 'reader'])).stdout).toBe(`[reader]
aws_access_key_id=${exported.AccessKeyId}
aws_secret_access_key=${exported.SecretAccessKey}
aws_session_token=${exported.SessionToken}
aws_credential_expiration=${exported.Expiration}
region=us-east-2
`);
  });

  it('without what a stored key does not have', async () => {
    const { accessKeyId, secretAccessKey } = people.key;
    const env = { AWS_CONFIG_FILE: '/dev/null' };
    const run = async (format: string): Promise<string> =>
      (await world.run(['export', '-n', 'ada', `--format=${format}`], { env })).stdout;
    expect(await run('env')).toBe(`AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`);
    expect(await run('ini')).toBe(
      `[ada]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`,
    );
    expect(JSON.parse(await run('json'))).toEqual({
      Version: 1,
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
    });
  });
});

describe('what is exported works', () => {
  it('in a shell that evaluates it', async () => {
    const script = `eval "$(${KEYTURN} export --format=export-env reader)" && aws --endpoint-url ${world.aws.url} sts get-caller-identity --query Arn --output text`;
    const { stdout } = await new Promise<Result>((resolve) => {
      execFile('/bin/sh', ['-c', script], { env: world.env }, (error, out, err) =>
        resolve({ status: error === null ? 0 : 1, stdout: out, stderr: err }),
      );
    });
    expect(stdout).toMatch(/^arn:aws:sts::777788889999:assumed-role\/reader\/\d+\n$/);
  });

  it('as a credentials file', async () => {
    const file = `${world.home}/credentials`;
    fs.writeFileSync(file, (await world.run(['export', '--format=ini', 'reader'])).stdout);
    const env = { AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: '/dev/null', AWS_DEFAULT_REGION: 'us-east-2' };
    expect(await aws(['--profile', 'reader', 'sts', 'get-caller-identity'], env)).toMatchObject({ status: 0 });
  });

  it('as a credential_process of the AWS CLI, from another directory and with a small PATH', async () => {
    const config = `${world.home}/process-config`;
    const command = `${KEYTURN} export --format=json`;
    fs.writeFileSync(
      config,
      `[profile via]\ncredential_process = ${command} grace\nregion = eu-west-1\n` +
        `[profile typo]\ncredential_process = ${command} graec\nregion = eu-west-1\n`,
    );
    const identity = ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'];
    const env = { AWS_CONFIG_FILE: config };
    const via = await aws(['--profile', 'via', ...identity], env);
    expect(via).toEqual({ status: 0, stdout: 'arn:aws:iam::222233334444:user/grace\n', stderr: '' });
    const typo = await aws(['--profile', 'typo', ...identity], env);
    expect(typo.status).not.toBe(0);
    expect(typo.stderr).toContain('"graec" is neither in the AWS config file nor in the vault');
  });

  it('but a profile whose credential_process is keyturn itself does not call itself', async () => {
    const config = `${world.home}/loop-config`;
    fs.writeFileSync(config, `[profile loop]\ncredential_process = ${KEYTURN} export --format=json loop\n`);
    const { status, stderr } = await world.run(['export', 'loop'], { env: { AWS_CONFIG_FILE: config } });
    expect(stderr).toMatch(
      /^keyturn: error: exec: .*credential_process .*\(loop -> loop\).*\[PROFILE_LOOP\]\n.*\[PROCESS_FAILED\]\n$/,
    );
    expect(status).toBe(1);
  });
});

describe('a refusal', () => {
  it('has aws-vault’s words', async () => {
    const [nested, format, extra] = await Promise.all([
      world.run(['export', 'reader'], { env: { AWS_VAULT: 'x' } }),
      world.run(['export', 'reader', '--format=xml']),
      world.run(['export', 'reader', 'extra']),
    ]);
    expect(nested.stderr).toBe(
      "keyturn: error: exec: in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force [USAGE]\n",
    );
    expect(format.stderr).toBe(
      "keyturn: error: enum value must be one of env,export-env,json,ini, got 'xml', try --help [USAGE]\n",
    );
    expect(extra.stderr).toBe('keyturn: error: unexpected extra, try --help [USAGE]\n');
    expect([nested, format, extra].map(({ status, stdout }) => [status, stdout])).toEqual([
      [1, ''],
      [1, ''],
      [1, ''],
    ]);
  });

  it('keeps a region that a shell would run out of its output', async () => {
    const { status, stdout, stderr } = await world.run(['export', '-n', 'ada', '--region', 'x;reboot']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^keyturn: error: exec: .*\[CONFIG_INVALID\]\n$/);
  });
});

it('asked AWS for one role session in all that', () => {
  expect(operations(world).filter((name) => name === 'AssumeRole')).toHaveLength(1);
});
