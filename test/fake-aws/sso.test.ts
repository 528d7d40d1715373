import { createHash } from 'node:crypto';
import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
  SSOClient,
} from '@aws-sdk/client-sso';
import {
  CreateTokenCommand,
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import type { SsoHandle } from './sso-set-up.ts';

const REDIRECT = 'http://127.0.0.1/oauth/callback';
const AT_PORT = 'http://127.0.0.1:4711/oauth/callback';
const VERIFIER = 'v'.repeat(64);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

let aws: FakeAws;
let sso: SsoHandle;
let clock: Date;
beforeEach(async () => {
  clock = new Date();
  aws = await startFakeAws({ now: () => clock });
  sso = aws.addSso();
});
afterEach(async () => {
  aws.assertNoUnexpectedCalls();
  await aws.close();
});

const pass = (seconds: number): void => {
  clock = new Date(clock.getTime() + seconds * 1000);
};
const config = () => ({ endpoint: aws.url, region: sso.region, maxAttempts: 1 });
const oidc = () => new SSOOIDCClient(config());

async function client(more: object = {}) {
  const input = { clientName: 'test', clientType: 'public', scopes: ['sso:account:access'], ...more };
  const { clientId, clientSecret } = await oidc().send(new RegisterClientCommand(input));
  return { clientId, clientSecret };
}
const forCodes = () => ({
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: [REDIRECT],
  issuerUrl: sso.startUrl,
});
const token = (of: Awaited<ReturnType<typeof client>>, grant: object) =>
  oidc().send(new CreateTokenCommand({ ...of, grantType: '', ...grant }));

async function device(of: Awaited<ReturnType<typeof client>>) {
  const started = await oidc().send(new StartDeviceAuthorizationCommand({ ...of, startUrl: sso.startUrl }));
  const { deviceCode = '', verificationUriComplete = '', userCode = '' } = started;
  return { deviceCode, userCode, page: verificationUriComplete };
}
const DEVICE = { grantType: 'urn:ietf:params:oauth:grant-type:device_code' };

async function authorize(clientId: string | undefined, more: Record<string, string> = {}): Promise<Response> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId ?? '',
    redirect_uri: AT_PORT,
    state: 'a state',
    code_challenge_method: 'S256',
    code_challenge: CHALLENGE,
    scopes: 'sso:account:access',
    ...more,
  });
  return fetch(`${aws.url}/authorize?${query}`, { redirect: 'manual' });
}

describe('a device code', () => {
  it('is pending until the person opens its page, and good once', async () => {
    const own = await client();
    const { deviceCode, userCode, page } = await device(own);
    expect(userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    await expect(token(own, { ...DEVICE, deviceCode })).rejects.toMatchObject({
      error_description: 'Authorization is pending',
    });
    await fetch(page);
    pass(1);
    expect(await token(own, { ...DEVICE, deviceCode })).toMatchObject({ tokenType: 'Bearer', expiresIn: 3600 });
    pass(1);
    await expect(token(own, { ...DEVICE, deviceCode })).rejects.toMatchObject({ name: 'InvalidGrantException' });
  });

  it('is not to be polled faster than its interval, which grows by 5 s each time', async () => {
    const own = await client();
    const { deviceCode } = await device(own);
    const poll = () => token(own, { ...DEVICE, deviceCode }).catch(({ name }: Error) => name);
    expect(await poll()).toBe('AuthorizationPendingException');
    expect(await poll()).toBe('SlowDownException');
    pass(5);
    expect(await poll()).toBe('SlowDownException');
    pass(11);
    expect(await poll()).toBe('AuthorizationPendingException');
  });

  it('can be denied, and expires', async () => {
    const own = await client();
    sso.answerWith('deny');
    const denied = await device(own);
    await fetch(denied.page);
    await expect(token(own, { ...DEVICE, deviceCode: denied.deviceCode })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const late = await device(own);
    pass(601);
    await expect(token(own, { ...DEVICE, deviceCode: late.deviceCode })).rejects.toMatchObject({
      name: 'ExpiredTokenException',
    });
    expect((await fetch(late.page)).status).toBe(400);
  });

  it('belongs to its client, which must be registered for it', async () => {
    const own = await client();
    const { deviceCode } = await device(own);
    await expect(token(await client(), { ...DEVICE, deviceCode })).rejects.toMatchObject({
      name: 'InvalidGrantException',
    });
    await expect(device(await client(forCodes()))).rejects.toMatchObject({ name: 'UnauthorizedClientException' });
    await expect(device({ ...own, clientSecret: 'wrong' })).rejects.toMatchObject({ name: 'InvalidClientException' });
    sso.forgetClients();
    await expect(device(own)).rejects.toMatchObject({ name: 'InvalidClientException' });
  });
});

describe('an authorization code', () => {
  async function codeFor(own: Awaited<ReturnType<typeof client>>): Promise<string> {
    const answer = await authorize(own.clientId);
    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.href).toContain(`${AT_PORT}?`);
    expect(location.searchParams.get('state')).toBe('a state');
    return location.searchParams.get('code') ?? '';
  }
  const CODE = { grantType: 'authorization_code', redirectUri: AT_PORT, codeVerifier: VERIFIER };

  it('goes to a port of the moment, and becomes a token once, for who knows the verifier', async () => {
    const own = await client(forCodes());
    const code = await codeFor(own);
    expect((await token(own, { ...CODE, code })).refreshToken).toMatch(/^[\w-]+$/);
    for (const wrong of [
      { code },
      { code: await codeFor(own), codeVerifier: 'w'.repeat(64) },
      { code: await codeFor(own), redirectUri: REDIRECT },
    ]) {
      await expect(token(own, { ...CODE, ...wrong })).rejects.toMatchObject({ name: 'InvalidGrantException' });
    }
    const late = await codeFor(own);
    pass(601);
    await expect(token(own, { ...CODE, code: late })).rejects.toMatchObject({ name: 'InvalidGrantException' });
  });

  it.each([
    [{ redirect_uri: 'http://evil.example/oauth/callback' }],
    [{ redirect_uri: 'http://127.0.0.1:4711/elsewhere' }],
    [{ code_challenge_method: 'plain' }],
    [{ code_challenge: 'short' }],
    [{ response_type: 'token' }],
    [{ scopes: 'sso:account:access other:scope' }],
    [{ client_id: 'nobody' }],
    [{ state: '' }],
  ])('is not given for %j', async (wrong) => {
    const { clientId } = await client(forCodes());
    expect((await authorize(clientId, wrong)).status).toBe(400);
  });

  it('is refused to a client of devices, and the person can refuse it', async () => {
    expect((await authorize((await client()).clientId)).status).toBe(400);
    sso.answerWith('deny');
    const { headers } = await authorize((await client(forCodes())).clientId);
    expect(new URL(headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied');
  });

  it('comes with a refresh token that is good once, for its client', async () => {
    const own = await client(forCodes());
    const { refreshToken } = await token(own, { ...CODE, code: await codeFor(own) });
    const grant = { grantType: 'refresh_token', refreshToken };
    await expect(token(await client(forCodes()), grant)).rejects.toMatchObject({ name: 'InvalidGrantException' });
    const next = await token(own, grant);
    expect(next.refreshToken).not.toBe(refreshToken);
    await expect(token(own, grant)).rejects.toMatchObject({ name: 'InvalidGrantException' });
  });

  it.each([
    [{ redirectUris: ['http://example.com/oauth/callback'] }, 'InvalidRedirectUriException'],
    [{ redirectUris: [] }, 'InvalidRequestException'],
    [{ issuerUrl: 'https://other.awsapps.com/start' }, 'InvalidRequestException'],
    [{ grantTypes: ['password'] }, 'UnsupportedGrantTypeException'],
    [{ clientType: 'confidential' }, 'InvalidClientMetadataException'],
  ])('needs another registration than %j', async (wrong, name) => {
    await expect(client({ ...forCodes(), ...wrong })).rejects.toMatchObject({ name });
  });
});

describe('the portal', () => {
  async function accessToken(scopes = ['sso:account:access']): Promise<string> {
    const own = await client({ scopes });
    const { deviceCode, page } = await device(own);
    await fetch(page);
    return (await token(own, { ...DEVICE, deviceCode })).accessToken ?? '';
  }
  const portal = () => new SSOClient(config());
  const role = { accountId: '111122223333', roleName: 'Developer' };

  it('gives credentials of an assigned permission set, and of no other', async () => {
    const { arn } = sso.assign({ account: role.accountId, permissionSet: role.roleName });
    const bearer = await accessToken();
    const { roleCredentials } = await portal().send(new GetRoleCredentialsCommand({ ...role, accessToken: bearer }));
    expect(roleCredentials?.accessKeyId).toMatch(/^ASIA/);
    expect(aws.sessions().at(-1)?.arn).toContain(`assumed-role/${arn.split('/').at(-1)}/`);
    const other = { ...role, roleName: 'Admin', accessToken: bearer };
    await expect(portal().send(new GetRoleCredentialsCommand(other))).rejects.toMatchObject({
      name: 'ForbiddenException',
    });
  });

  it('takes no token that has expired, is unknown or has no scope for accounts', async () => {
    sso.assign({ account: role.accountId, permissionSet: role.roleName });
    const [expired, narrow] = [await accessToken(), await accessToken(['other:scope'])];
    sso.expireAccessTokens();
    for (const bearer of [expired, narrow, 'unknown']) {
      const call = portal().send(new GetRoleCredentialsCommand({ ...role, accessToken: bearer }));
      await expect(call).rejects.toMatchObject({ name: 'UnauthorizedException' });
    }
  });

  it('lists accounts and their permission sets, page by page', async () => {
    for (const permissionSet of ['A', 'B', 'C']) sso.assign({ account: '111122223333', permissionSet });
    sso.assign({ account: '444455556666', permissionSet: 'A' });
    const bearer = await accessToken();
    const accounts = await portal().send(new ListAccountsCommand({ accessToken: bearer, maxResults: 1 }));
    expect(accounts).toMatchObject({ accountList: [{ accountId: '111122223333' }], nextToken: '1' });
    const input = { accessToken: bearer, accountId: '111122223333', maxResults: 2 };
    const first = await portal().send(new ListAccountRolesCommand(input));
    const { nextToken } = first;
    const second = await portal().send(new ListAccountRolesCommand({ ...input, ...(nextToken && { nextToken }) }));
    const names = [...(first.roleList ?? []), ...(second.roleList ?? [])].map(({ roleName }) => roleName);
    expect(names).toEqual(['A', 'B', 'C']);
    expect(second.nextToken ?? undefined).toBeUndefined();
  });
});
