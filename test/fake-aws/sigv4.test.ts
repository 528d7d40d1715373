import { GetUserCommand } from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import {
  awsCli,
  type ClientOptions,
  cliEnv,
  iamClient,
  type Keys,
  roleKeys,
  send,
  sessionTokenKeys,
  stsClient,
} from './test-clients.ts';

const INVALID_TOKEN = { name: 'InvalidClientTokenId', $metadata: { httpStatusCode: 403 } };
const BAD_SIGNATURE = { name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } };

describe('who signed a request', () => {
  let aws: FakeAws;
  let user: ReturnType<FakeAws['addUser']>;
  let key: Keys;

  beforeEach(async () => {
    aws = await startFakeAws();
    user = aws.addUser({ account: '111122223333', name: 'ada', path: '/team/' });
    key = aws.addAccessKey(user);
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const whoAmI = (keys: Keys, options: ClientOptions = {}) =>
    stsClient(aws, keys, options).send(new GetCallerIdentityCommand({}));

  it('is known by a right signature', async () => {
    expect(await whoAmI(key)).toMatchObject({ Account: '111122223333', Arn: user.arn, UserId: user.userId });
    expect(user.arn).toBe('arn:aws:iam::111122223333:user/team/ada');
  });

  it('is not known under an access key ID nobody has', async () => {
    await expect(whoAmI({ ...key, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' })).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('is not believed with another secret key', async () => {
    await expect(whoAmI({ ...key, secretAccessKey: `${key.secretAccessKey}x` })).rejects.toMatchObject(BAD_SIGNATURE);
  });

  it.each<[string, NonNullable<ClientOptions['tamper']>]>([
    ['the body', (request) => Object.assign(request, { body: swapParameters(String(request.body)) })],
    [
      'a signed header',
      (request) => Object.assign(request.headers, { 'x-amz-date': later(request.headers['x-amz-date']) }),
    ],
    ['the query', (request) => Object.assign(request, { query: { extra: '1' } })],
    ['an unsigned x-amz header', (request) => Object.assign(request.headers, { 'x-amz-extra': '1' })],
  ])('is not believed when %s was changed on the way', async (_what, tamper) => {
    await expect(whoAmI(key, { tamper })).rejects.toMatchObject(BAD_SIGNATURE);
  });

  it('is not believed when it claims, and signs, the hash of another body', async () => {
    const client = stsClient(aws, key);
    client.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> }; // an HTTP request, by this step
        headers['x-amz-content-sha256'] = '0'.repeat(64);
        return next(args);
      },
      { step: 'build' },
    );
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject(BAD_SIGNATURE);
  });

  const scopeChange = (from: RegExp, to: string) => ({
    tamper: (request: { headers: Record<string, string> }) => {
      request.headers.authorization = (request.headers.authorization ?? '').replace(from, to);
    },
  });

  it('is asked for a scope of the right service, region and day', async () => {
    await expect(whoAmI(key, scopeChange(/\/sts\//, '/iam/'))).rejects.toMatchObject({
      ...BAD_SIGNATURE,
      message: "Credential should be scoped to correct service: 'sts'.",
    });
    await expect(whoAmI(key, { region: 'mars-north-1' })).rejects.toMatchObject({
      ...BAD_SIGNATURE,
      message: "Credential should be scoped to a valid region, not 'mars-north-1'.",
    });
    await expect(whoAmI(key, scopeChange(/\/\d{8}\//, '/20200101/'))).rejects.toMatchObject({
      ...BAD_SIGNATURE,
      message: expect.stringContaining('Date in Credential scope does not match'),
    });
  });

  it("is asked for the region of the host's own name", async () => {
    const elsewhere = { region: 'eu-west-1', tamper: sendTo('sts.eu-west-2.amazonaws.com') };
    await expect(whoAmI(key, elsewhere)).rejects.toMatchObject({
      message: "Credential should be scoped to a valid region, not 'eu-west-1'.",
    });
  });

  it('is not known in another partition', async () => {
    await expect(whoAmI(key, { region: 'cn-north-1' })).rejects.toMatchObject(INVALID_TOKEN);
    const cn = aws.addAccessKey(aws.addUser({ account: '444455556666', name: 'li', partition: 'aws-cn' }));
    expect((await whoAmI(cn, { region: 'cn-north-1' })).Arn).toBe('arn:aws-cn:iam::444455556666:user/li');
    await expect(whoAmI(cn)).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('is refused without a signature', async () => {
    const form = { Action: 'GetCallerIdentity', Version: '2011-06-15' };
    const answer = await send(aws, { path: '/', method: 'POST', form });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('<Code>MissingAuthenticationToken</Code>');
    const broken = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIA' };
    const second = await send(aws, { path: '/', method: 'POST', form, headers: broken });
    expect(second.body).toContain('<Code>IncompleteSignature</Code>');
  });

  it('may be off by five minutes but not more, either way', async () => {
    for (const seconds of [290, -290]) {
      aws.setClockOffsetSeconds(seconds);
      await expect(whoAmI(key)).resolves.toBeDefined();
    }
    aws.setClockOffsetSeconds(310);
    await expect(whoAmI(key)).rejects.toMatchObject({
      ...BAD_SIGNATURE,
      message: expect.stringMatching(/^Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)$/),
    });
    aws.setClockOffsetSeconds(-310);
    await expect(whoAmI(key)).rejects.toMatchObject({
      ...BAD_SIGNATURE,
      message: expect.stringMatching(/^Signature not yet current: .* is still later than .* \+ 5 min\.\)$/),
    });
  });

  it('tells its own time, so that a client can correct its clock', async () => {
    aws.setClockOffsetSeconds(3600);
    const answer = await send(aws, { path: '/console' });
    const ahead = Date.parse(answer.headers.date ?? '') - Date.now();
    expect(Math.abs(ahead - 3_600_000)).toBeLessThan(5000);
  });

  it('is refused with a key that is inactive or gone', async () => {
    const second = aws.addAccessKey(user);
    aws.deactivateAccessKey(key.accessKeyId);
    await expect(whoAmI(key)).rejects.toMatchObject(INVALID_TOKEN);
    await expect(whoAmI(second)).resolves.toBeDefined();
    aws.deleteAccessKey(second.accessKeyId);
    await expect(whoAmI(second)).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('is known by temporary credentials only with their own session token', async () => {
    const [one, two] = [await sessionTokenKeys(aws, key), await sessionTokenKeys(aws, key)];
    expect(one.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(one.accessKeyId).not.toBe(two.accessKeyId);
    expect(await whoAmI(one)).toMatchObject({ Arn: user.arn });
    await expect(whoAmI({ ...one, sessionToken: two.sessionToken ?? '' })).rejects.toMatchObject(INVALID_TOKEN);
    const { sessionToken: _none, ...tokenless } = one;
    await expect(whoAmI(tokenless)).rejects.toMatchObject(INVALID_TOKEN);
    await expect(whoAmI({ ...key, sessionToken: one.sessionToken ?? '' })).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('is told when temporary credentials have expired', async () => {
    const session = await sessionTokenKeys(aws, key, { DurationSeconds: 900 });
    aws.expireSession(session.accessKeyId);
    await expect(whoAmI(session)).rejects.toMatchObject({ name: 'ExpiredToken', $metadata: { httpStatusCode: 403 } });
  });

  it("loses a user's sessions with the key that made them, but not a role's", async () => {
    const role = aws.addRole({ account: '111122223333', name: 'dev', trusts: [user.arn] });
    const session = await sessionTokenKeys(aws, key);
    const assumed = await roleKeys(aws, key, role);
    aws.deleteAccessKey(key.accessKeyId);
    await expect(whoAmI(session)).rejects.toMatchObject(INVALID_TOKEN);
    await expect(whoAmI(assumed)).resolves.toBeDefined();
  });

  it('finds the same rules for IAM', async () => {
    await expect(iamClient(aws, { ...key, secretAccessKey: 'x' }).send(new GetUserCommand({}))).rejects.toMatchObject(
      BAD_SIGNATURE,
    );
  });

  it("is refused by S3 in S3's own words", async () => {
    const list = ['--endpoint-url', aws.url, 's3api', 'list-buckets'];
    const reject = async (keys: Keys, code: string) =>
      expect((await awsCli(list, cliEnv(keys))).stderr).toContain(`(${code})`);
    await reject({ ...key, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }, 'InvalidAccessKeyId');
    await reject({ ...key, secretAccessKey: 'x' }, 'SignatureDoesNotMatch');
    const session = await sessionTokenKeys(aws, key);
    await reject({ ...session, sessionToken: 'x' }, 'InvalidToken');
    aws.setClockOffsetSeconds(901);
    await reject(key, 'RequestTimeTooSkewed');
    aws.setClockOffsetSeconds(0);
    aws.expireSession(session.accessKeyId);
    await reject(session, 'ExpiredToken');
  });

  it('is kept in the record, with what was asked and without the secrets', async () => {
    const device = aws.addMfaDevice(user);
    const TokenCode = device.freshCode();
    await stsClient(aws, key).send(new GetSessionTokenCommand({ SerialNumber: device.serial, TokenCode }));
    await expect(
      stsClient(aws, key).send(new AssumeRoleCommand({ RoleArn: 'nonsense-nonsense-nonsense', RoleSessionName: 'me' })),
    ).rejects.toMatchObject({ name: 'ValidationError' });
    expect(aws.calls).toMatchObject([
      {
        service: 'sts',
        operation: 'GetSessionToken',
        accessKeyId: key.accessKeyId,
        parameters: { SerialNumber: device.serial, TokenCode: '(not recorded)' },
        status: 200,
      },
      { operation: 'AssumeRole', parameters: { RoleSessionName: 'me' }, status: 400 },
    ]);
    const all = JSON.stringify([aws.calls, aws.sessions()]);
    expect(all).not.toContain(TokenCode);
    expect(all).not.toContain(key.secretAccessKey);
    expect(aws.sessions()[0]).not.toHaveProperty('sessionToken');
  });

  it('gets a federated session that knows who it is', async () => {
    const answer = await stsClient(aws, key).send(new GetFederationTokenCommand({ Name: 'ada' }));
    expect(answer.FederatedUser).toEqual({
      Arn: 'arn:aws:sts::111122223333:federated-user/ada',
      FederatedUserId: '111122223333:ada',
    });
  });
});

function later(date: string | undefined): string {
  const seconds = Number((date ?? '').slice(13, 15));
  return `${(date ?? '').slice(0, 13)}${String((seconds + 1) % 60).padStart(2, '0')}Z`;
}

function sendTo(host: string) {
  return (request: { headers: Record<string, string> }): void => {
    request.headers.host = host;
  };
}

/** The same parameters in another order: the length, and so the framing, stays what the header says. */
function swapParameters(body: string): string {
  return body.split('&').reverse().join('&');
}
