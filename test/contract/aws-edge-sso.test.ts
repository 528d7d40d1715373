import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { getRoleCredentials, logout } from '../../native-host/aws/sso.ts';
import {
  authorizationUrl,
  createToken,
  type OidcOptions,
  registerClient,
  startDeviceAuthorization,
} from '../../native-host/aws/sso-oidc.ts';
import { makeTestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { failureOf } from './aws-edge-sockets.ts';

const CLIENT = { clientName: 'keyturn', scopes: ['sso:account:access'] };
const ROLE = { accountId: '111122223333', roleName: 'Developer' };

let aws: FakeAws;
let directory: string;
let caFile: string;
let connectsBefore = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyturn-sso-'));
  const tls = await makeTestCertificates(directory);
  caFile = tls.caFile;
  aws = await startFakeAws({ tls });
});
beforeEach(() => {
  connectsBefore = aws.connects.length;
});
afterAll(async () => {
  await aws.close();
  await rm(directory, { recursive: true });
});

const signal = new AbortController().signal;
const direct = (region = 'eu-central-1'): OidcOptions => ({ region, env: { AWS_ENDPOINT_URL: aws.url }, signal });
const proxied = (region: string, more: Partial<OidcOptions> = {}): OidcOptions => ({
  ...{ region, signal, ...more },
  env: { HTTPS_PROXY: aws.proxyUrl, AWS_CA_BUNDLE: caFile },
});
const targets = (): string[] => aws.connects.slice(connectsBefore).map(({ target }) => target.replace(':443', ''));

describe('the hosts of IAM Identity Center', () => {
  test.each([
    ['eu-west-1', 'amazonaws.com'],
    ['cn-north-1', 'amazonaws.com.cn'],
    ['us-gov-west-1', 'amazonaws.com'],
    ['eusc-de-east-1', 'amazonaws.eu'],
  ])('in %s are those of its partition', async (region, suffix) => {
    expect((await registerClient(proxied(region), CLIENT)).clientId).toMatch(/^[\w-]+$/);
    const refused = await failureOf(getRoleCredentials({ ...proxied(region), accessToken: 'none' }, ROLE));
    expect(refused.details.awsCode).toBe('UnauthorizedException');
    expect(targets()).toEqual([`oidc.${region}.${suffix}`, `portal.sso.${region}.${suffix}`]);
    expect(authorizationUrl(proxied(region), { state: 'a b' })).toBe(
      `https://oidc.${region}.${suffix}/authorize?state=a+b`,
    );
  });

  test.each([
    ['us-west-2', { usesFips: true }, 'oidc-fips.us-west-2.amazonaws.com'],
    ['us-west-2', { usesDualstack: true }, 'oidc.us-west-2.api.aws'],
    ['us-west-2', { usesFips: true, usesDualstack: true }, 'oidc-fips.us-west-2.api.aws'],
    ['us-gov-west-1', { usesFips: true }, 'oidc.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', { usesDualstack: true }, 'oidc.cn-north-1.api.amazonwebservices.com.cn'],
    ['eusc-de-east-1', { usesDualstack: true }, 'oidc.eusc-de-east-1.api.amazonwebservices.eu'],
  ])('in %s with %j are for the calls what they are for the page', async (region, more, host) => {
    // The sandbox has no such hosts; where the call goes is all there is to see.
    await registerClient(proxied(region, more), CLIENT).catch(() => undefined);
    expect(targets()[0]).toBe(host);
    expect(authorizationUrl(proxied(region, more), {})).toBe(`https://${host}/authorize`);
  });

  test('are replaced by the endpoints that are configured, each service by its own', async () => {
    const env = { AWS_ENDPOINT_URL_SSO_OIDC: `${aws.url}/`, AWS_ENDPOINT_URL_SSO: 'http://127.0.0.1:1' };
    const options = { ...direct(), env };
    await registerClient(options, CLIENT);
    expect(authorizationUrl(options, {})).toBe(`${aws.url}/authorize`);
    const refused = await failureOf(getRoleCredentials({ ...options, accessToken: 'none' }, ROLE));
    expect(refused.message).toContain('127.0.0.1:1');
    expect(authorizationUrl({ ...direct(), env: {}, endpoint: 'https://sso.example.com' }, {})).toBe(
      'https://sso.example.com/authorize',
    );
  });

  test('are none for a region that is none', async () => {
    expect(() => authorizationUrl({ ...direct('evil.example/'), env: {} }, {})).toThrow(/not an AWS region/);
    expect(await failureOf(registerClient(direct('evil.example/'), CLIENT))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a token', () => {
  test('of a device code gets role credentials that end when the portal says, and is worth nothing after a logout', async () => {
    const sso = aws.addSso({ startUrl: 'https://a.awsapps.com/start' });
    sso.assign({ account: ROLE.accountId, permissionSet: ROLE.roleName, sessionSeconds: 7200 });
    const client = await registerClient(direct(), CLIENT);
    const device = await startDeviceAuthorization(direct(), client, sso.startUrl);
    expect(device).toMatchObject({ expiresInSeconds: 600, intervalSeconds: 1 });
    const grant = { type: 'device-code', deviceCode: device.deviceCode } as const;
    const pending = await failureOf(createToken(direct(), client, grant));
    expect(pending).toMatchObject({ code: 'AWS_REJECTED', details: { awsCode: 'AuthorizationPendingException' } });
    expect(pending.message).toContain('api error AuthorizationPendingException: Authorization is pending');
    aws.setClockOffsetSeconds(2);
    await fetch(device.url);
    const { accessToken } = await createToken(direct(), client, grant);
    aws.setClockOffsetSeconds(0);
    const portal = { ...direct(), accessToken };
    const { expiresAt } = await getRoleCredentials(portal, ROLE);
    expect(Math.abs(expiresAt.getTime() - Date.now() - 7_200_000)).toBeLessThan(30_000);
    await logout(portal);
    const refused = await failureOf(getRoleCredentials(portal, ROLE));
    expect(refused).toMatchObject({ code: 'AWS_CREDENTIALS_INVALID' });
    expect(refused.message).not.toContain(accessToken);
  });

  test.each([
    ['an answer without credentials', { status: 200, code: '', message: '' }, 'AWS_UNREACHABLE'],
    [
      'a permission set that is not assigned',
      { status: 403, code: 'ForbiddenException', message: 'No access' },
      'AWS_ACCESS_DENIED',
    ],
    ['too many calls', { status: 429, code: 'TooManyRequestsException', message: 'slow' }, 'AWS_THROTTLED'],
    ['a service that is down', { status: 500, code: 'InternalServerException', message: 'oops' }, 'AWS_UNREACHABLE'],
  ])('and %s is an error that says so', async (_, fault, code) => {
    // Those that pass by themselves are tried three times.
    aws.fail({ operation: 'GetRoleCredentials', times: fault.status >= 429 ? 3 : 1, ...fault });
    expect(await failureOf(getRoleCredentials({ ...direct(), accessToken: 'x' }, ROLE))).toMatchObject({ code });
  });
});
