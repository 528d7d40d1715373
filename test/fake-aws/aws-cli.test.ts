import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTestCertificates, type TestCertificates } from './certificates.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { awsCli, cliEnv, type Keys } from './test-clients.ts';

describe("Debian's AWS CLI", () => {
  let directory: string;
  let tls: TestCertificates;
  let aws: FakeAws;
  let user: ReturnType<FakeAws['addUser']>;
  let key: Keys;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fake-aws-'));
    tls = await makeTestCertificates(directory);
  });
  afterAll(async () => await rm(directory, { recursive: true }));
  beforeEach(async () => {
    aws = await startFakeAws({ tls });
    user = aws.addUser({ account: '111122223333', name: 'ada' });
    key = aws.addAccessKey(user);
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const local = (args: readonly string[], keys = key) => awsCli(['--endpoint-url', aws.url, ...args], cliEnv(keys));
  const proxied = (args: readonly string[], keys = key, region = 'eu-west-1') =>
    awsCli(args, { ...cliEnv(keys, region), HTTPS_PROXY: aws.proxyUrl, AWS_CA_BUNDLE: tls.caFile });

  it('assumes a role with MFA and lists buckets with it', async () => {
    const role = aws.addRole({ account: '444455556666', name: 'dev', trusts: [user.arn], requireMfa: true });
    const device = aws.addMfaDevice(user);
    const mfa = ['--serial-number', device.serial, '--token-code', device.freshCode()];
    const assume = ['sts', 'assume-role', '--role-arn', role.arn, '--role-session-name', 'cli', ...mfa];
    const { Credentials } = JSON.parse((await local(assume)).stdout) as { Credentials: Record<string, string> }; // the CLI's own form
    const keys = {
      accessKeyId: Credentials.AccessKeyId ?? '',
      secretAccessKey: Credentials.SecretAccessKey ?? '',
      sessionToken: Credentials.SessionToken ?? '',
    };
    expect((await local(['s3', 'ls'], keys)).stdout).toMatch(/ sandbox-444455556666\n$/);
    const again = await local(assume);
    expect(again.exitCode).toBe(254);
    expect(again.stderr).toContain(
      '(AccessDenied) when calling the AssumeRole operation: MultiFactorAuthentication failed',
    );
  });

  it('reads errors as the real ones', async () => {
    const who = await local(['sts', 'get-caller-identity'], { ...key, secretAccessKey: 'wrong' });
    expect(who.stderr).toContain(
      'An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation',
    );
    const user404 = await local(['iam', 'get-user', '--user-name', 'nobody']);
    expect(user404.stderr).toContain('(NoSuchEntity) when calling the GetUser operation: The user with name nobody');
  });

  it('reaches the real host names through the proxy, over TLS it trusts', async () => {
    expect((await proxied(['sts', 'get-caller-identity'])).stdout).toContain(user.arn);
    expect((await proxied(['iam', 'get-user'])).stdout).toContain(user.userId);
    expect((await proxied(['s3', 'ls'])).stdout).toContain('sandbox-111122223333');
    expect(aws.connects).toEqual([
      { target: expect.stringMatching(/^sts\.(eu-west-1\.)?amazonaws\.com:443$/), isAllowed: true },
      { target: 'iam.amazonaws.com:443', isAllowed: true },
      { target: 's3.eu-west-1.amazonaws.com:443', isAllowed: true },
    ]);
    expect(aws.calls.map(({ host }) => host)).toEqual(aws.connects.map(({ target }) => target.replace(':443', '')));
  });

  it.each([
    ['cn-north-1', 'aws-cn', 'sts.cn-north-1.amazonaws.com.cn:443'],
    ['us-gov-west-1', 'aws-us-gov', 'sts.us-gov-west-1.amazonaws.com:443'],
  ] as const)('reaches the hosts of %s', async (region, partition, target) => {
    const local = aws.addAccessKey(aws.addUser({ account: '777788889999', name: 'li', partition }));
    const { stdout, stderr } = await proxied(['sts', 'get-caller-identity'], local, region);
    expect(stdout, stderr).toContain('777788889999');
    expect(aws.connects).toEqual([{ target, isAllowed: true }]);
  });

  it('does not trust the sandbox without its authority', async () => {
    const env = { ...cliEnv(key), HTTPS_PROXY: aws.proxyUrl };
    const { exitCode, stderr } = await awsCli(['sts', 'get-caller-identity'], env);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('CERTIFICATE_VERIFY_FAILED');
    expect(aws.calls).toEqual([]);
  });

  it.each(['example.com:443', 'sts.amazonaws.com:80', 'ec2.amazonaws.com:443', '127.0.0.1:443'])(
    'is let through the proxy to no other place, such as %s',
    async (target) => {
      const socket = connect(Number(new URL(aws.proxyUrl).port), '127.0.0.1');
      socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
      expect(aws.connects).toEqual([{ target, isAllowed: false }]);
    },
  );
});
