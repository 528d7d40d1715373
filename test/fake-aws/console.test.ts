import { GetFederationTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import {
  cookieOf,
  federationPath,
  type Keys,
  keysFrom,
  roleKeys,
  send,
  sessionJson,
  stsClient,
} from './test-clients.ts';

const HOST = 'eu-west-1.console.aws.amazon.com';

describe('the console page', () => {
  let aws: FakeAws;
  let clock: Date;
  beforeEach(async () => {
    clock = new Date();
    aws = await startFakeAws({ now: () => clock });
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  async function signIn(keys: Keys, more: Record<string, string> = {}): Promise<string> {
    const path = federationPath({ Action: 'getSigninToken', Session: sessionJson(keys), ...more });
    const { SigninToken } = JSON.parse((await send(aws, { path })).body) as { SigninToken: string }; // its documented form
    const parameters = { Action: 'login', Issuer: 'keyturn', Destination: `https://${HOST}/`, SigninToken };
    return cookieOf(await send(aws, { path: federationPath(parameters) }));
  }
  async function roleIn(account: string): Promise<Keys> {
    const user = aws.addUser({ account, name: 'ada' });
    return await roleKeys(aws, aws.addAccessKey(user), aws.addRole({ account, name: 'dev', trusts: [user.arn] }));
  }
  const text = (page: string, id: string) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(page)?.[1];

  it('shows account, identity, region, path, issuer and expiry of the session in the cookie', async () => {
    const cookie = await signIn(await roleIn('111122223333'));
    const { status, body } = await send(aws, { path: '/ec2/home?region=eu-west-3', host: HOST, cookie });
    expect(status).toBe(200);
    expect(body).toContain('<title>AWS sandbox console</title>');
    expect(text(body, 'account')).toBe('111122223333');
    expect(text(body, 'identity')).toBe('arn:aws:sts::111122223333:assumed-role/dev/test');
    expect(text(body, 'region')).toBe('eu-west-3');
    expect(text(body, 'path')).toBe('/ec2/home');
    expect(text(body, 'issuer')).toBe('keyturn');
    expect(text(body, 'expires')).toBe(
      `${new Date(clock.getTime() + 3_600_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    );
  });

  it('tells the region from the host, and on loopback all from the destination', async () => {
    const cookie = await signIn(await roleIn('111122223333'));
    expect(text((await send(aws, { path: '/', host: HOST, cookie })).body, 'region')).toBe('eu-west-1');
    const dest = encodeURIComponent('https://eu-north-1.console.aws.amazon.com/lambda/home');
    const local = await send(aws, { path: `/console?dest=${dest}`, cookie });
    expect([text(local.body, 'region'), text(local.body, 'path')]).toEqual(['eu-north-1', '/lambda/home']);
    const evil = await send(aws, { path: '/console?dest=https%3A%2F%2Fevil.example', cookie });
    expect(evil.status).toBe(400);
  });

  it('says when nobody is signed in, when the session has ended and when the cookie is made up', async () => {
    const cookie = await signIn(await roleIn('111122223333'));
    for (const wrong of [undefined, 'sandbox-session=made-up']) {
      const answer = await send(aws, { path: '/console', ...(wrong === undefined ? {} : { cookie: wrong }) });
      expect(answer.status).toBe(401);
      expect(answer.body).toContain('id="signed-out"');
    }
    clock = new Date(clock.getTime() + 3_600_000);
    expect((await send(aws, { path: '/console', cookie })).body).toContain('id="signed-out"');
    expect(aws.consoleVisits).toEqual([]);
  });

  it('keeps a session for as long as SessionDuration says, whatever the credentials', async () => {
    const cookie = await signIn(await roleIn('111122223333'), { SessionDuration: '43200' });
    clock = new Date(clock.getTime() + 43_199_000);
    expect((await send(aws, { path: '/console', cookie })).status).toBe(200);
    clock = new Date(clock.getTime() + 1000);
    expect((await send(aws, { path: '/console', cookie })).status).toBe(401);
  });

  it('keeps cookie jars apart, and records who saw what', async () => {
    const accounts = ['111122223333', '444455556666', '777788889999'];
    const cookies: string[] = [];
    for (const account of accounts) cookies.push(await signIn(await roleIn(account)));
    for (const [index, cookie] of cookies.entries()) {
      const headers = { 'user-agent': `jar ${index}` };
      const { body } = await send(aws, { path: '/s3/home', host: HOST, cookie, headers });
      expect(text(body, 'account')).toBe(accounts[index]);
    }
    expect(aws.consoleVisits).toMatchObject(
      accounts.map((account, index) => ({
        account,
        identity: `arn:aws:sts::${account}:assumed-role/dev/test`,
        host: HOST,
        path: '/s3/home',
        userAgent: `jar ${index}`,
      })),
    );
    expect(new Set(aws.consoleVisits.map(({ sessionId }) => sessionId)).size).toBe(3);
  });

  it('tells a federated user without a policy that there is nothing to do', async () => {
    const key = aws.addAccessKey(aws.addUser({ account: '111122223333', name: 'ada' }));
    const federate = async (input: object) =>
      keysFrom((await stsClient(aws, key).send(new GetFederationTokenCommand({ Name: 'ada', ...input }))).Credentials);
    const permissions = async (keys: Keys) =>
      text((await send(aws, { path: '/console', cookie: await signIn(keys) })).body, 'permissions');
    expect(await permissions(await federate({}))).toMatch(/^none/);
    expect(await permissions(await federate({ Policy: '{}' }))).toMatch(/^as the policies/);
  });

  it('shows text as text, whatever is in it', async () => {
    const cookie = await signIn(await roleIn('111122223333'));
    const path = `/console?dest=${encodeURIComponent('https://console.aws.amazon.com/?region=<script>')}`;
    expect((await send(aws, { path, cookie })).body).toContain('id="region">&lt;script&gt;<');
  });

  it('logs out at /logout, and at /oauth with a way back to a console or sign-in host only', async () => {
    const cookie = await signIn(await roleIn('111122223333'));
    const back = `https://${HOST}/`;
    const out = (redirect: string) => {
      const path = `/oauth?${new URLSearchParams({ Action: 'logout', redirect_uri: redirect })}`;
      return send(aws, { path, host: 'us-east-1.signin.aws.amazon.com', cookie });
    };
    const answer = await out(back);
    expect([answer.status, answer.headers.location]).toEqual([302, back]);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^sandbox-session=; .*Domain=aws\.amazon\.com; Max-Age=0$/);
    expect((await send(aws, { path: '/', host: HOST, cookie })).status).toBe(401);
    expect((await out('https://evil.example/')).status).toBe(400);
    expect((await send(aws, { path: '/logout' })).body).toContain('id="signed-out"');
  });
});
