import { GetFederationTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import {
  type BareRequest,
  cookieOf,
  federationPath,
  type Keys,
  keysFrom,
  roleKeys,
  send,
  sessionJson,
  sessionTokenKeys,
  stsClient,
} from './test-clients.ts';

const ACCOUNT = '111122223333';
const CONSOLE = 'https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1';
const SIGNIN = 'signin.aws.amazon.com';

describe('the federation endpoint', () => {
  let aws: FakeAws;
  let clock: Date;
  let user: ReturnType<FakeAws['addUser']>;
  let key: Keys;
  let assumed: Keys;

  beforeEach(async () => {
    clock = new Date();
    aws = await startFakeAws({ now: () => clock });
    user = aws.addUser({ account: ACCOUNT, name: 'ada' });
    key = aws.addAccessKey(user);
    assumed = await roleKeys(aws, key, aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] }));
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const pass = (seconds: number) => {
    clock = new Date(clock.getTime() + seconds * 1000);
  };
  const getSigninToken = (keys: Keys, more: Record<string, string> = {}, options: Partial<BareRequest> = {}) =>
    send(aws, { path: federationPath({ Action: 'getSigninToken', Session: sessionJson(keys), ...more }), ...options });
  const signinToken = async (keys: Keys, more: Record<string, string> = {}): Promise<string> => {
    const answer = await getSigninToken(keys, more);
    expect(answer.status, answer.body).toBe(200);
    return String(JSON.parse(answer.body).SigninToken);
  };
  const login = (SigninToken: string, more: Record<string, string> = {}, options: Partial<BareRequest> = {}) =>
    send(aws, {
      path: federationPath({ Action: 'login', Issuer: 'keyturn', Destination: CONSOLE, SigninToken, ...more }),
      ...options,
    });
  const federated = async (input: object = {}) => {
    const Policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    return keysFrom(
      (await stsClient(aws, key).send(new GetFederationTokenCommand({ Name: 'ada', Policy, ...input }))).Credentials,
    );
  };
  const chained = async () =>
    await roleKeys(aws, assumed, aws.addRole({ account: ACCOUNT, name: 'second', trusts: [ACCOUNT] }));
  const expectRefused = (answer: { status: number; body: string }, reason: string) => {
    expect(answer.body).toContain('id="refused"');
    expect(answer.body).toContain(reason);
    expect(answer.status).toBe(400);
  };

  describe('getSigninToken', () => {
    it('takes credentials of a role, of a chained role and of a federated user, by GET and by POST', async () => {
      for (const keys of [assumed, await chained(), await federated()]) {
        await expect(signinToken(keys)).resolves.toMatch(/^[\w+/=]{100,}$/);
      }
      const form = { Action: 'getSigninToken', SessionType: 'json', Session: sessionJson(assumed) };
      const posted = await send(aws, { path: '/federation', method: 'POST', form });
      expect(JSON.parse(posted.body)).toEqual({ SigninToken: expect.any(String) });
    });

    it('takes no other credentials', async () => {
      expectRefused(await getSigninToken(await sessionTokenKeys(aws, key)), 'GetSessionToken');
      expectRefused(await getSigninToken({ ...key, sessionToken: 'x' }), 'not valid temporary credentials');
      expectRefused(await getSigninToken({ ...assumed, secretAccessKey: 'x' }), 'not valid temporary credentials');
      expectRefused(await getSigninToken({ ...assumed, sessionToken: 'x' }), 'not valid temporary credentials');
    });

    it('takes no expired credentials, nor those of a key that is gone', async () => {
      const keys = await federated();
      aws.expireSession(assumed.accessKeyId);
      expectRefused(await getSigninToken(assumed), 'expired');
      aws.deleteAccessKey(key.accessKeyId);
      expectRefused(await getSigninToken(keys), 'not valid');
    });

    it.each(['', 'nonsense', '[]', 'null', '{"sessionId":"a"}'])('takes no session like %j', async (Session) => {
      expectRefused(await getSigninToken(assumed, { Session }), 'Session');
    });

    it('takes SessionDuration of 900 to 43200 seconds with a role that was not chained', async () => {
      for (const SessionDuration of ['900', '43200']) await signinToken(assumed, { SessionDuration });
      for (const SessionDuration of ['899', '43201', 'long', '']) {
        expectRefused(await getSigninToken(assumed, { SessionDuration }), 'from 900 to 43200');
      }
      expectRefused(await getSigninToken(await chained(), { SessionDuration: '900' }), 'role chaining');
      expectRefused(await getSigninToken(await federated(), { SessionDuration: '900' }), 'GetFederationToken');
    });

    it("takes no SessionDuration with a role that was assumed with a user's session", async () => {
      const session = await sessionTokenKeys(aws, key);
      const role = aws.addRole({ account: ACCOUNT, name: 'behind-a-session', trusts: [ACCOUNT] });
      expectRefused(
        await getSigninToken(await roleKeys(aws, session, role), { SessionDuration: '900' }),
        'a user&#39;s session',
      );
    });

    it('takes no other session type than json', async () => {
      expectRefused(await getSigninToken(assumed, { SessionType: 'xml' }), 'SessionType');
    });

    it("answers at its own partition's sign-in host only", async () => {
      expect((await getSigninToken(assumed, {}, { host: SIGNIN })).status).toBe(200);
      expect((await getSigninToken(assumed, {}, { host: 'eu-west-1.signin.aws.amazon.com' })).status).toBe(200);
      expectRefused(await getSigninToken(assumed, {}, { host: 'signin.amazonaws.cn' }), 'another partition');
    });

    it('is recorded without what is secret in it', async () => {
      const token = await signinToken(assumed);
      await login(token);
      const recorded = aws.calls.filter(({ service }) => service === 'signin');
      expect(recorded.map(({ operation }) => operation)).toEqual(['getSigninToken', 'login']);
      expect(recorded[1]?.parameters).toMatchObject({ Issuer: 'keyturn', SigninToken: '(not recorded)' });
      expect(JSON.stringify(aws.calls)).not.toContain(assumed.secretAccessKey);
      expect(JSON.stringify(aws.calls)).not.toContain(token);
    });
  });

  describe('login', () => {
    it('sets a session cookie and goes to the console: this server on loopback, else the real host', async () => {
      const local = await login(await signinToken(assumed));
      expect(local.status).toBe(302);
      expect(local.headers.location).toBe(`/console?dest=${encodeURIComponent(CONSOLE)}`);
      expect(local.headers['set-cookie']).toEqual([
        expect.stringMatching(/^sandbox-session=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/),
      ]);
      const real = await login(await signinToken(assumed), {}, { host: SIGNIN });
      expect(real.headers.location).toBe(CONSOLE);
      expect(real.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; .*Domain=aws\.amazon\.com$/);
    });

    it('takes a token once', async () => {
      const token = await signinToken(assumed);
      expect((await login(token)).status).toBe(302);
      expectRefused(await login(token), 'missing, used or older');
      expectRefused(await login('nonsense'), 'missing, used or older');
    });

    it('takes a token for 15 minutes', async () => {
      const [soon, late] = [await signinToken(assumed), await signinToken(assumed)];
      pass(15 * 60 - 1);
      expect((await login(soon)).status).toBe(302);
      pass(1);
      expectRefused(await login(late), 'older than 15 minutes');
    });

    it('asks for an issuer', async () => {
      expectRefused(await login(await signinToken(assumed), { Issuer: '' }), 'Issuer');
      const SigninToken = await signinToken(assumed);
      const path = federationPath({ Action: 'login', Destination: CONSOLE, SigninToken });
      expectRefused(await send(aws, { path }), 'Issuer');
    });

    it.each([
      'https://console.aws.amazon.com/',
      'https://eu-north-1.console.aws.amazon.com/ec2/home?region=eu-north-1#Instances:',
    ])('goes to %s', async (Destination) => {
      const answer = await login(await signinToken(assumed), { Destination }, { host: SIGNIN });
      expect(answer.headers.location).toBe(Destination);
    });

    it.each([
      '',
      'http://console.aws.amazon.com/',
      'https://console.amazonaws.cn/',
      'https://console.aws.amazon.com:8443/',
      'https://console.aws.amazon.com.evil.example/',
      'https://evil.example/console.aws.amazon.com',
      'https://mars-north-1.console.aws.amazon.com/',
    ])('does not go to "%s"', async (Destination) => {
      expectRefused(await login(await signinToken(assumed), { Destination }), 'Destination');
    });

    it.each([
      ['aws-cn', 'cn-north-1', 'signin.amazonaws.cn', 'https://cn-north-1.console.amazonaws.cn/'],
      ['aws-us-gov', 'us-gov-west-1', 'signin.amazonaws-us-gov.com', 'https://console.amazonaws-us-gov.com/'],
      ['aws-eusc', 'eusc-de-east-1', 'signin.amazonaws-eusc.eu', 'https://console.amazonaws-eusc.eu/'],
    ] as const)('works in the partition %s', async (partition, region, host, Destination) => {
      const local = aws.addUser({ account: ACCOUNT, name: 'li', partition });
      const command = new GetFederationTokenCommand({ Name: 'li' });
      const answer = await stsClient(aws, aws.addAccessKey(local), { region }).send(command);
      const token = await signinToken(keysFrom(answer.Credentials));
      expectRefused(await login(token, { Destination: CONSOLE }), 'Destination');
      expectRefused(await login(token, { Destination }, { host: SIGNIN }), 'another partition');
      expect((await login(token, { Destination }, { host })).headers.location).toBe(Destination);
    });

    it('carries the session to console.aws.eu, which its cookie does not reach', async () => {
      const local = aws.addUser({ account: ACCOUNT, name: 'eva', partition: 'aws-eusc' });
      const client = stsClient(aws, aws.addAccessKey(local), { region: 'eusc-de-east-1' });
      const { Credentials } = await client.send(new GetFederationTokenCommand({ Name: 'eva' }));
      const Destination = 'https://console.aws.eu/s3/home?region=eusc-de-east-1';
      const token = await signinToken(keysFrom(Credentials));
      const { headers } = await login(token, { Destination }, { host: 'signin.amazonaws-eusc.eu' });
      const { pathname, search } = new URL(headers.location ?? '');
      const first = await send(aws, { path: pathname + search, host: 'console.aws.eu' });
      expect(first.headers.location).toBe('/s3/home?region=eusc-de-east-1');
      const page = await send(aws, { path: '/s3/home', host: 'console.aws.eu', cookie: cookieOf(first) });
      expect(page.body).toContain(`<h1 id="account">${ACCOUNT}</h1>`);
      const again = await send(aws, { path: pathname + search, host: 'console.aws.eu' });
      expect(again.status).toBe(401);
    });

    describe('in a cookie jar that holds a live session', () => {
      let cookie: string;
      beforeEach(async () => {
        cookie = cookieOf(await login(await signinToken(assumed)));
      });

      it('asks to log out first, and goes on with the same token afterwards', async () => {
        const token = await signinToken(await federated());
        const blocked = await login(token, {}, { cookie });
        expect(blocked.status).toBe(400);
        expect(blocked.body).toContain('You must first log out before logging into a different AWS account');
        expect(blocked.body).toContain('href="/logout"');
        expect(blocked.headers['set-cookie']).toBeUndefined();
        expect(cookieOf(await send(aws, { path: '/logout', cookie }))).toBe('sandbox-session=');
        expect((await login(token, {}, { cookie })).status).toBe(302);
      });

      it('renews the session of the same identity', async () => {
        const answer = await login(await signinToken(assumed), {}, { cookie });
        expect(answer.status).toBe(302);
        expect(cookieOf(answer)).not.toBe(cookie);
      });

      it('does not mind one that has ended', async () => {
        pass(3600);
        const later = aws.addUser({ account: '999988887777', name: 'bob' });
        aws.setClockOffsetSeconds(-3600);
        const answer = await stsClient(aws, aws.addAccessKey(later)).send(
          new GetFederationTokenCommand({ Name: 'bob' }),
        );
        aws.setClockOffsetSeconds(0);
        const token = await signinToken(keysFrom(answer.Credentials));
        expect((await login(token, {}, { cookie })).status).toBe(302);
      });
    });
  });
});
