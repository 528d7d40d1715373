import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeTestCertificates } from '../fake-aws/certificates.ts';
import { startFakeAws } from '../fake-aws/fake-aws.ts';
import { listening, runChild } from './aws-edge-sockets.ts';

const CALLER = join(import.meta.dirname, 'aws-edge-caller.ts');

/** Everything the SDK is known to look for in its process, set to what would break or betray the call. */
const POISON = {
  AWS_ACCESS_KEY_ID: 'AKIAPOISON',
  AWS_SECRET_ACCESS_KEY: 'poison',
  AWS_SESSION_TOKEN: 'poison',
  AWS_PROFILE: 'poison',
  AWS_REGION: 'poison-1',
  AWS_DEFAULT_REGION: 'poison-1',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_IAM: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_SSO: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_SSO_OIDC: 'http://127.0.0.1:1',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_USE_DUALSTACK_ENDPOINT: 'true',
  AWS_STS_REGIONAL_ENDPOINTS: 'legacy',
  AWS_DEFAULTS_MODE: 'poison',
  AWS_MAX_ATTEMPTS: 'poison',
  AWS_RETRY_MODE: 'poison',
  AWS_AUTH_SCHEME_PREFERENCE: 'noAuth',
  AWS_SIGV4A_SIGNING_REGION_SET: 'poison',
  AWS_SDK_UA_APP_ID: 'poison',
  AWS_EXECUTION_ENV: 'poison',
  AWS_LAMBDA_FUNCTION_NAME: 'poison',
  _X_AMZN_TRACE_ID: 'poison',
  AWS_CA_BUNDLE: '/nowhere',
  SSL_CERT_FILE: '/nowhere',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  HTTP_PROXY: 'http://127.0.0.1:1',
  NODE_USE_ENV_PROXY: '1',
};

// With the variables unset the SDK would look for the same settings in the files.
test.each([
  ['a poisoned environment', POISON],
  ['files that must not be opened', {}],
])('a call depends on its options alone: not on %s', async (_, ambient) => {
  const home = await mkdtemp(join(tmpdir(), 'keyturn-ambient-'));
  const tls = await makeTestCertificates(home);
  const aws = await startFakeAws({ tls });
  try {
    const files = {
      AWS_CONFIG_FILE: join(home, '.aws/config'),
      AWS_SHARED_CREDENTIALS_FILE: join(home, '.aws/credentials'),
    };
    await mkdir(join(home, '.aws'));
    // Whoever opens one of these waits for a writer that never comes, and the child never ends.
    await promisify(execFile)('mkfifo', Object.values(files));
    const user = aws.addUser({ account: '111122223333', name: 'ann' });
    const role = aws.addRole({ account: '111122223333', name: 'admin', trusts: [user.arn] });
    const given = { region: 'eu-west-1', credentials: aws.addAccessKey(user), roleArn: role.arn };
    const ways = [{ AWS_ENDPOINT_URL: aws.url }, { HTTPS_PROXY: aws.proxyUrl, AWS_CA_BUNDLE: tls.caFile }];
    for (const env of ways) {
      const { stdout } = await runChild(CALLER, JSON.stringify({ ...given, env }), {
        ...ambient,
        ...files,
        HOME: home,
      });
      expect(stdout).toBe('arn:aws:sts::111122223333:assumed-role/admin/child ann UnauthorizedException');
    }
    expect(aws.connects.map(({ target }) => target)).toEqual([
      'sts.eu-west-1.amazonaws.com:443',
      'iam.amazonaws.com:443',
      'oidc.eu-west-1.amazonaws.com:443',
      'portal.sso.eu-west-1.amazonaws.com:443',
    ]);
    for (const { userAgent } of aws.calls) expect(userAgent).toMatch(/^keyturn (?!.*poison)/);
  } finally {
    await aws.close();
    await rm(home, { recursive: true });
  }
});

test('no header of a request comes from the process environment', async () => {
  const seen: string[] = [];
  const server = createServer((message, answer) => {
    seen.push(JSON.stringify(message.headers));
    answer
      .writeHead(400)
      .end('<ErrorResponse><Error><Code>ValidationError</Code><Message>no</Message></Error></ErrorResponse>');
  });
  await using host = await listening(server);
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
  const given = { region: 'eu-west-1', credentials, env: { AWS_ENDPOINT_URL: host.url }, roleArn: 'arn:x' };
  await expect(runChild(CALLER, JSON.stringify(given), POISON)).rejects.toThrow(/ValidationError: no/);
  expect(seen).toHaveLength(1);
  expect(seen[0]).not.toMatch(/poison/i);
  expect(seen[0]).toMatch(/\/eu-west-1\/sts\/aws4_request/);
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment does not turn the certificate check off', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'keyturn-ambient-'));
  const aws = await startFakeAws({ tls: await makeTestCertificates(directory) });
  try {
    const key = aws.addAccessKey(aws.addUser({ account: '111122223333', name: 'ann' }));
    const given = { region: 'eu-west-1', credentials: key, env: { AWS_ENDPOINT_URL: aws.httpsUrl }, roleArn: 'arn:x' };
    const run = runChild(CALLER, JSON.stringify(given), { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await expect(run).rejects.toThrow(/the certificate is not trusted/);
    expect(aws.calls).toHaveLength(0);
  } finally {
    await aws.close();
    await rm(directory, { recursive: true });
  }
});
