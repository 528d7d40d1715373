import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeTestCertificates, type TestCertificates } from '../fake-aws/certificates.ts';
import { startFakeAws } from '../fake-aws/fake-aws.ts';
import { type People, populate, startWorld, type World } from './world.ts';

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

/** The variables a program really gets, as `env` prints them. */
async function childOf(profile: string, env: Record<string, string> = {}, flags: readonly string[] = []) {
  const { stdout, stderr, status } = await world.run(['exec', ...flags, profile, '--', 'env', '-0'], { env });
  expect(status, stderr).toBe(0);
  return Object.fromEntries(
    stdout
      .split('\0')
      .slice(0, -1)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const STALE = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_CREDENTIAL_FILE'],
  ...['AWS_DEFAULT_PROFILE', 'AWS_PROFILE', 'AWS_SDK_LOAD_CONFIG', 'AWS_CREDENTIAL_EXPIRATION'],
  ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  ...[
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'AWS_ACCESS_KEY',
    'AWS_SECRET_KEY',
  ],
];

test('a program gets what aws-vault sets, and nothing that is stale or a secret of ours', async () => {
  const stale = Object.fromEntries(STALE.map((name) => [name, 'stale']));
  const child = await childOf('reader', { ...stale, AWS_CONFIG_FILE: world.configFile });
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, ...others } = child;
  expect(AWS_ACCESS_KEY_ID).toMatch(/^ASIA/);
  expect(AWS_SECRET_ACCESS_KEY).toHaveLength(40);
  expect(AWS_SESSION_TOKEN).toMatch(/.{100}/);
  expect(AWS_CREDENTIAL_EXPIRATION).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const { AWS_VAULT_FILE_PASSPHRASE: _secret, ...inherited } = world.env;
  expect(others).toEqual({
    ...inherited,
    AWS_CONFIG_FILE: world.configFile,
    AWS_VAULT: 'reader',
    AWS_REGION: 'us-east-2',
    AWS_DEFAULT_REGION: 'us-east-2',
  });
});

test('with the stored key itself no session token and no expiry of an earlier session is left', async () => {
  const env = { AWS_SESSION_TOKEN: 'stale', AWS_CREDENTIAL_EXPIRATION: '2020-01-01T00:00:00Z' };
  const child = await childOf('ada', env, ['--no-session']);
  expect(child.AWS_ACCESS_KEY_ID).toBe(people.key.accessKeyId);
  expect(child).not.toHaveProperty('AWS_SESSION_TOKEN');
  expect(child).not.toHaveProperty('AWS_CREDENTIAL_EXPIRATION');
});

test('a role variable that Keyturn itself has used is not left for the program to assume again', async () => {
  const child = await childOf('ada', { AWS_ROLE_ARN: people.reader.arn, AWS_MFA_SERIAL: '' }, [
    '--no-session',
    '-t',
    people.device.freshCode(),
  ]);
  expect(child.AWS_ACCESS_KEY_ID).toMatch(/^ASIA/);
  expect(child).not.toHaveProperty('AWS_ROLE_ARN');
});

describe('a profile with its own way to AWS', () => {
  const local = (settings: string): void => {
    fs.appendFileSync(world.configFile, `[profile local]\nsource_profile = ada\n${settings}`);
  };

  test('has its program go the same way', async () => {
    local(`endpoint_url = ${world.aws.url}/\nservices = mine\noutput = text
[services mine]\ns3 =\n  endpoint_url = http://localhost:9000\n`);
    delete world.env.AWS_ENDPOINT_URL;
    const child = await childOf('local', {}, ['--no-session']);
    expect(child).toMatchObject({
      AWS_ENDPOINT_URL: `${world.aws.url}/`,
      AWS_ENDPOINT_URL_S3: 'http://localhost:9000',
      AWS_DEFAULT_OUTPUT: 'text',
    });
  });

  test('does not take the word of the environment away', async () => {
    local('endpoint_url = http://localhost:4566\noutput = text\n');
    const child = await childOf('local', { AWS_DEFAULT_OUTPUT: 'yaml' }, ['--no-session']);
    expect(child).toMatchObject({ AWS_ENDPOINT_URL: world.aws.url, AWS_DEFAULT_OUTPUT: 'yaml' });
  });
});

describe("Debian's AWS CLI, under AWS's own names", () => {
  let directory: string;
  let certificates: TestCertificates;
  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-child-'));
    certificates = await makeTestCertificates(directory);
  });
  afterAll(() => fs.rmSync(directory, { recursive: true }));

  const IDENTITY = ['sts', 'get-caller-identity', '--query', 'Arn'];

  test('is the identity of the profile whatever else is in the environment, in its region, trusting its CA, printing as it says', async () => {
    const aws = await startFakeAws({ tls: certificates });
    try {
      const user = aws.addUser({ account: '111122223333', name: 'ada' });
      const { accessKeyId, secretAccessKey } = aws.addAccessKey(user);
      const tokenFile = path.join(directory, 'token');
      fs.writeFileSync(tokenFile, 'somebody else');
      fs.appendFileSync(
        world.configFile,
        `[profile home]\nregion = eu-north-1\nca_bundle = ${certificates.caFile}\noutput = text\n`,
      );
      const key = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const way = { AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_SIGNIN: undefined, HTTPS_PROXY: aws.proxyUrl };
      const added = await world.run(['add', '--env', 'home'], { env: { ...key, ...way } });
      expect(added.status, added.stderr).toBe(0);
      const { stdout, stderr } = await world.run(['exec', 'home', '--', '/usr/bin/aws', ...IDENTITY], {
        env: {
          ...way,
          AWS_PROFILE: 'reader',
          AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
          AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/',
          AWS_SESSION_TOKEN: 'stale',
          AWS_ACCESS_KEY_ID: 'AKIASTALE',
        },
      });
      expect(stdout, stderr).toBe(`${user.arn}\n`);
      const hosts = aws.calls.map(({ operation, host }) => `${operation} ${host}`);
      expect(hosts.slice(-2)).toEqual([
        'GetSessionToken sts.eu-north-1.amazonaws.com',
        expect.stringMatching(/^GetCallerIdentity sts\./),
      ]);
      aws.assertNoUnexpectedCalls();
    } finally {
      await aws.close();
    }
  });
});
