import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { LOGIN_CLIENT } from './login.ts';
import type { LoginHandle } from './login-set-up.ts';
import { awsCli, send } from './test-clients.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws();
});
afterEach(async () => {
  aws.assertNoUnexpectedCalls();
  await aws.close();
});

const ACCOUNT = '111122223333';

describe("Debian's AWS CLI, which has no key", () => {
  const cli = (args: readonly string[]) =>
    awsCli(['--endpoint-url', aws.url, '--output', 'json', ...args], { AWS_DEFAULT_REGION: 'eu-west-1' });

  it('assumes a role with a web identity', async () => {
    const { token, providerArn } = aws.addWebIdentity({ account: ACCOUNT, subject: 'ci' });
    const role = aws.addRole({ account: ACCOUNT, name: 'ci', trusts: [providerArn] });
    const assume = ['sts', 'assume-role-with-web-identity', '--role-arn', role.arn, '--role-session-name', 'cli'];
    const { stdout, stderr } = await cli([...assume, '--web-identity-token', token]);
    expect(JSON.parse(stdout || stderr)).toMatchObject({
      SubjectFromWebIdentityToken: 'ci',
      Audience: 'sts.amazonaws.com',
      Credentials: { AccessKeyId: expect.stringMatching(/^ASIA/) },
    });
    const refused = await cli([...assume, '--web-identity-token', 'e30.e30.e30']);
    expect(refused.stderr).toContain('(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation');
  });

  it('assumes a role with a SAML assertion', async () => {
    const { assertion, providerArn } = aws.addSamlProvider({ account: ACCOUNT });
    const role = aws.addRole({ account: ACCOUNT, name: 'corp', trusts: [providerArn] });
    const assume = ['sts', 'assume-role-with-saml', '--role-arn', role.arn, '--principal-arn', providerArn];
    const response = assertion({ roles: [role.arn], sessionEndsAt: new Date(Date.now() + 1_000_000) });
    const { stdout, stderr } = await cli([...assume, '--saml-assertion', response]);
    const answer = JSON.parse(stdout || stderr) as { Credentials: { Expiration: string } }; // the CLI's own form
    expect(answer).toMatchObject({ AssumedRoleUser: { Arn: expect.stringMatching(/corp\/ada@example.com$/) } });
    // The session ends where that at the identity provider does.
    expect(new Date(answer.Credentials.Expiration).getTime() - Date.now()).toBeLessThan(1_000_000);
    const old = assertion({ roles: [role.arn], issuedAt: new Date(Date.now() - 301_000) });
    expect((await cli([...assume, '--saml-assertion', old])).stderr).toContain(
      '(ExpiredTokenException) when calling the AssumeRoleWithSAML operation: Token must be redeemed within 5 minutes',
    );
  });

  it('takes accounts, roles and credentials from the portal', async () => {
    const sso = aws.addSso();
    sso.assign({ account: ACCOUNT, permissionSet: 'Developer' });
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${aws.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()) as Record<string, string>; // the service's own form
    };
    const { clientId, clientSecret } = await post('/client/register', {
      clientName: 'x',
      clientType: 'public',
      scopes: ['sso:account:access'],
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
    });
    const client = { clientId, clientSecret };
    const device = await post('/device_authorization', { ...client, startUrl: sso.startUrl });
    await fetch(device.verificationUriComplete ?? '');
    const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
    const { accessToken = '' } = await post('/token', { ...client, grantType, deviceCode: device.deviceCode });
    const portal = async (...args: string[]) => {
      const { stdout, stderr } = await cli(['sso', ...args, '--access-token', accessToken]);
      return JSON.parse(stdout || stderr) as unknown; // the CLI's own form
    };
    expect(await portal('list-accounts')).toMatchObject({ accountList: [{ accountId: ACCOUNT }] });
    expect(await portal('list-account-roles', '--account-id', ACCOUNT)).toMatchObject({
      roleList: [{ roleName: 'Developer' }],
    });
    const role = ['--role-name', 'Developer', '--account-id', ACCOUNT];
    expect(await portal('get-role-credentials', ...role)).toMatchObject({
      roleCredentials: { accessKeyId: expect.stringMatching(/^ASIA/) },
    });
    const refused = await cli(['sso', 'get-role-credentials', ...role, '--access-token', 'wrong']);
    expect(refused.stderr).toContain('(UnauthorizedException) when calling the GetRoleCredentials operation');
  });
});

describe('the sign-in of aws login', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const verifier = randomBytes(48).toString('base64url');
  const redirectUri = 'http://127.0.0.1:4567/oauth/callback';
  let login: LoginHandle;
  beforeEach(() => {
    login = aws.addConsoleUser(aws.addUser({ account: ACCOUNT, name: 'ada' }));
  });

  const AUTHORIZATION = {
    ...{ response_type: 'code', client_id: LOGIN_CLIENT, state: 'here', scope: 'openid' },
    ...{ code_challenge_method: 'SHA-256', redirect_uri: redirectUri },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  };
  const authorize = (more = {}) =>
    send(aws, { path: `/v1/authorize?${new URLSearchParams({ ...AUTHORIZATION, ...more })}` });
  const code = async (): Promise<string> => {
    const { headers } = await authorize();
    return new URL(String(headers.location)).searchParams.get('code') ?? '';
  };

  type Claims = { readonly htm?: string; readonly htu?: string; readonly iat?: number; readonly jti?: string };
  function proof(claims: Claims = {}, { privateKey, publicKey } = key): string {
    const jwk = publicKey.export({ format: 'jwk' });
    const payload = {
      htm: 'POST',
      htu: `${aws.url}/v1/token`,
      iat: Math.floor(Date.now() / 1000),
      jti: `${Math.random()}`,
      ...claims,
    };
    const parts = [{ typ: 'dpop+jwt', alg: 'ES256', jwk }, payload];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }

  async function token(body: object, dpop = proof()) {
    const headers = { 'content-type': 'application/json', dpop };
    const request = { method: 'POST', headers, body: JSON.stringify({ clientId: LOGIN_CLIENT, ...body }) };
    const answer = await fetch(`${aws.url}/v1/token`, request);
    return {
      status: answer.status,
      type: answer.headers.get('x-amzn-errortype'),
      ...((await answer.json()) as Record<string, unknown>),
    }; // checked below
  }
  const byCode = (one: string, more = {}) => ({
    ...{ grantType: 'authorization_code', code: one, redirectUri, codeVerifier: verifier, ...more },
  });
  const INVALID = { status: 400, type: 'ValidationException', error: 'INVALID_REQUEST' };

  it('gives tokens once for a code, to who knows the verifier and proves a key', async () => {
    const one = await code();
    expect(await token(byCode(one))).toMatchObject({
      ...{ status: 200, tokenType: 'aws_sigv4', expiresIn: 900 },
      accessToken: { accessKeyId: expect.stringMatching(/^ASIA/) },
    });
    expect(await token(byCode(one))).toMatchObject(INVALID);
    expect(await token(byCode(await code(), { codeVerifier: `${verifier}x` }))).toMatchObject(INVALID);
    expect(await token(byCode(await code(), { redirectUri: 'http://127.0.0.1:1/oauth/callback' }))).toMatchObject(
      INVALID,
    );
    expect(await token({ ...byCode(await code()), clientId: 'arn:aws:signin:::console' })).toMatchObject(INVALID);
  });

  it.each<[string, () => string]>([
    ['no proof', () => ''],
    ['a proof for another address', () => proof({ htu: `${aws.url}/v1/other` })],
    ['a proof for another method', () => proof({ htm: 'GET' })],
    ['an old proof', () => proof({ iat: Math.floor(Date.now() / 1000) - 400 })],
    ['a proof of tomorrow', () => proof({ iat: Math.floor(Date.now() / 1000) + 400 })],
    [
      'a proof signed by another key',
      () => proof({}, { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), publicKey: key.publicKey }),
    ],
  ])('takes no tokens to %s', async (_, dpop) => {
    expect(await token(byCode(await code()), dpop())).toMatchObject(INVALID);
  });

  it('takes a proof once', async () => {
    const dpop = proof();
    expect(await token(byCode(await code()), dpop)).toMatchObject({ status: 200 });
    expect(await token(byCode(await code()), dpop)).toMatchObject(INVALID);
  });

  it('renews with a refresh token, which is good once and with its own key only', async () => {
    const { refreshToken } = (await token(byCode(await code()))) as { refreshToken?: string }; // as answered
    const renew = { grantType: 'refresh_token', refreshToken };
    const stranger = proof({}, generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    expect(await token(renew, stranger)).toMatchObject(INVALID);
    const renewed = await token(renew);
    expect(renewed).toMatchObject({ status: 200, refreshToken: expect.not.stringMatching(`^${refreshToken}$`) });
    expect(renewed).not.toHaveProperty('idToken');
    expect(await token(renew)).toMatchObject(INVALID);
  });

  it('says why a refresh token is refused', async () => {
    const { refreshToken } = (await token(byCode(await code()))) as { refreshToken?: string }; // as answered
    login.refuse('TOKEN_EXPIRED');
    const answer = await token({ grantType: 'refresh_token', refreshToken });
    expect(answer).toMatchObject({ status: 400, type: 'AccessDeniedException', error: 'TOKEN_EXPIRED' });
  });

  it.each([
    { code_challenge_method: 'S256' },
    { redirect_uri: 'https://example.com/oauth/callback' },
    { client_id: 'other' },
    { code_challenge: 'short' },
    { state: '' },
  ])('refuses the page for %j', async (more) => {
    expect((await authorize(more)).status).toBe(400);
  });

  it('brings back a refusal', async () => {
    login.answerWith('deny');
    expect((await authorize()).headers.location).toBe(`${redirectUri}?state=here&error=access_denied`);
  });
});
