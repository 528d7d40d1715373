import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { consoleDestination } from '../../native-host/aws/console-destination.ts';
import type { Credentials } from '../../native-host/aws/credentials.ts';
import { getUser } from '../../native-host/aws/iam.ts';
import { getSigninToken, signinUrl } from '../../native-host/aws/signin.ts';
import {
  assumeRole,
  getCallerIdentity,
  getFederationToken,
  getSessionToken,
  type ServiceOptions,
} from '../../native-host/aws/sts.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { failureOf, listening } from './aws-edge-sockets.ts';

const ACCOUNT = '012345678901';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws();
});
afterEach(async () => {
  await aws.close();
});

function optionsFor(credentials: Credentials, changes: Partial<ServiceOptions> = {}): ServiceOptions {
  const env = { AWS_ENDPOINT_URL: aws.url, AWS_ENDPOINT_URL_SIGNIN: aws.url };
  return { region: 'eu-west-1', credentials, env, signal: new AbortController().signal, ...changes };
}

function newUser() {
  const user = aws.addUser({ account: ACCOUNT, name: 'ann', path: '/team/' });
  const key = aws.addAccessKey(user);
  return { user, key, options: optionsFor(key) };
}

function roleFor(trusts: readonly string[], changes: object = {}) {
  return aws.addRole({ account: ACCOUNT, name: 'admin', trusts, ...changes });
}

const REQUEST = { roleSessionName: 'session', durationSeconds: 3600 };

describe('what AWS grants', () => {
  test('a stored key with its MFA code becomes a session that lasts as long as asked', async () => {
    const { user, options } = newUser();
    const device = aws.addMfaDevice(user);
    const mfa = { serial: device.serial, tokenCode: device.freshCode() };
    const session = await getSessionToken(options, { durationSeconds: 7200, mfa });
    expect(aws.sessions()).toMatchObject([{ accessKeyId: session.accessKeyId, isMfaAuthenticated: true }]);
    expect(session.expiresAt).toEqual(
      aws.calls[0] && new Date(Math.floor(aws.calls[0].at.getTime() / 1000) * 1000 + 7_200_000),
    );
  });

  test('AssumeRole sends external ID, tags, transitive keys and source identity, and its credentials work', async () => {
    const { user, options } = newUser();
    const role = roleFor([user.arn], { externalId: 'ext' });
    const extras = {
      externalId: 'ext',
      tags: { team: 'a', cost: 'b=c' },
      transitiveTagKeys: ['team'],
      sourceIdentity: 'ann',
    };
    const session = await assumeRole(options, { roleArn: role.arn, ...REQUEST, ...extras });
    const { externalId, ...kept } = extras;
    expect(aws.sessions()).toMatchObject([{ type: 'role', ...kept }]);
    const identity = await getCallerIdentity({ ...options, credentials: session });
    expect(identity).toMatchObject({ accountId: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/admin/session` });
  });

  test('IAM tells the user, also where the profile is in a region other than that of IAM', async () => {
    const { user, options } = newUser();
    expect(await getUser(options)).toEqual({ userName: 'ann', arn: user.arn });
    expect(await getUser(options, { userName: 'ann' })).toEqual({ userName: 'ann', arn: user.arn });
  });

  test('a federated user signs in to the console page asked for', async () => {
    const { options } = newUser();
    const federated = await getFederationToken(options, { name: 'ann', durationSeconds: 3600 });
    const { token: signinToken } = await getSigninToken({ ...options, partition: 'aws', credentials: federated });
    const destination = consoleDestination({ region: 'eu-west-1', path: 's3/buckets' });
    const url = signinUrl({ partition: 'aws', destination, signinToken, env: options.env, issuer: 'keyturn' });
    const answer = await fetch(url, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(decodeURIComponent(answer.headers.get('location') ?? '')).toContain('/s3/buckets?region=eu-west-1');
    aws.assertNoUnexpectedCalls();
  });

  test("a role's console session can be longer than its credentials, where AWS allows it", async () => {
    const { user, options } = newUser();
    const session = await assumeRole(options, { roleArn: roleFor([user.arn]).arn, ...REQUEST });
    await getSigninToken({ ...options, partition: 'aws', credentials: session, sessionDurationSeconds: 43_200 });
    expect(aws.calls.at(-1)?.parameters).toMatchObject({ SessionDuration: '43200' });
  });
});

describe('what AWS refuses', () => {
  test('a denied role is AWS_ACCESS_DENIED in the words and the shape of aws-vault', async () => {
    const { options } = newUser();
    const error = await failureOf(assumeRole(options, { roleArn: roleFor([]).arn, ...REQUEST }));
    expect(error.code).toBe('AWS_ACCESS_DENIED');
    expect(error.message).toMatch(
      /^operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: \S+, api error AccessDenied: User: /,
    );
    expect(error.details).toMatchObject({
      operation: 'AssumeRole',
      awsCode: 'AccessDenied',
      requestId: expect.any(String),
    });
  });

  test('a wrong MFA code and a code used before are MFA_REJECTED', async () => {
    const { user, options } = newUser();
    const device = aws.addMfaDevice(user);
    const mfa = { serial: device.serial, tokenCode: device.freshCode() };
    await getSessionToken(options, { durationSeconds: 900, mfa });
    expect(await failureOf(getSessionToken(options, { durationSeconds: 900, mfa }))).toMatchObject({
      code: 'MFA_REJECTED',
    });
    expect(aws.calls).toHaveLength(2);
  });

  test.each(['12345', '1234567', 'abcdef', ''])('the MFA code %j is refused without a call', async (tokenCode) => {
    const { options } = newUser();
    const call = getSessionToken(options, { durationSeconds: 900, mfa: { serial: 'arn:mfa', tokenCode } });
    expect(await failureOf(call)).toMatchObject({ code: 'MFA_REJECTED', details: { mfaSerial: 'arn:mfa' } });
    expect(aws.calls).toHaveLength(0);
  });

  test('a deactivated key, a wrong secret and an expired session are AWS_CREDENTIALS_INVALID, each with its way out', async () => {
    const { key, options } = newUser();
    const session = await getSessionToken(options, { durationSeconds: 900 });
    aws.expireSession(session.accessKeyId);
    const expired = await failureOf(getCallerIdentity({ ...options, credentials: session }));
    const wrong = { ...key, secretAccessKey: 'canary-wrong-secret' };
    const mistyped = await failureOf(getCallerIdentity({ ...options, credentials: wrong }));
    aws.deactivateAccessKey(key.accessKeyId);
    const dead = await failureOf(getCallerIdentity(options));
    expect([expired.code, mistyped.code, dead.code]).toEqual(Array(3).fill('AWS_CREDENTIALS_INVALID'));
    expect(expired.message).toMatch(/api error ExpiredToken: .*the session has expired/);
    expect(mistyped.message).toMatch(/api error SignatureDoesNotMatch: .*does not belong to this access key ID/);
    expect(dead.message).toMatch(/api error InvalidClientTokenId: .*deleted or deactivated.*keyturn add/);
  });

  test.each([
    [3600, 'the clock here is 60 minutes behind'],
    [-3600, 'the clock here is 60 minutes ahead of'],
  ])('a clock of AWS %d s ahead is AWS_CLOCK_SKEW, said at once and not worked around', async (seconds, words) => {
    const { options } = newUser();
    aws.setClockOffsetSeconds(seconds);
    const error = await failureOf(getCallerIdentity(options));
    expect(error.code).toBe('AWS_CLOCK_SKEW');
    expect(error.message).toContain(`${words} that of AWS: set this machine's clock`);
    expect(aws.calls).toHaveLength(1);
  });

  test('a duration the role does not allow is AWS_REJECTED in the words of AWS', async () => {
    const { user, options } = newUser();
    const call = assumeRole(options, { roleArn: roleFor([user.arn]).arn, ...REQUEST, durationSeconds: 43_200 });
    expect(await failureOf(call)).toMatchObject({ code: 'AWS_REJECTED', details: { awsCode: 'ValidationError' } });
  });

  test("the federation endpoint's refusal names the call and neither URL nor credentials", async () => {
    const { options } = newUser();
    const session = await getSessionToken(options, { durationSeconds: 900 });
    const error = await failureOf(getSigninToken({ ...options, partition: 'aws', credentials: session }));
    expect(error.code).toBe('AWS_REJECTED');
    expect(error.message).toMatch(/^Call to getSigninToken failed with 400 Bad Request; .*'keyturn clear'/);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(session.secretAccessKey);
  });
});

describe('trouble on the way', () => {
  const THROTTLED = { operation: 'GetCallerIdentity', status: 400, code: 'Throttling', message: 'Rate exceeded' };

  test('a call throttled twice succeeds at the third attempt', async () => {
    const { options } = newUser();
    aws.fail({ ...THROTTLED, times: 2 });
    expect(await getCallerIdentity(options)).toMatchObject({ accountId: ACCOUNT });
    expect(aws.calls).toHaveLength(3);
  });

  test('a call throttled three times is AWS_THROTTLED and not tried again', async () => {
    const { options } = newUser();
    aws.fail({ ...THROTTLED, times: 9 });
    expect(await failureOf(getCallerIdentity(options))).toMatchObject({ code: 'AWS_THROTTLED' });
    expect(aws.calls).toHaveLength(3);
  });

  test('a denied call is not tried again', async () => {
    const { options } = newUser();
    await failureOf(assumeRole(options, { roleArn: roleFor([]).arn, ...REQUEST }));
    expect(aws.calls).toHaveLength(1);
  });

  test('a cut connection is tried again', async () => {
    const { options } = newUser();
    aws.cut({ operation: 'GetCallerIdentity' });
    expect(await getCallerIdentity(options)).toMatchObject({ accountId: ACCOUNT });
  });

  test('an abort ends a call that AWS does not answer', async () => {
    const { options } = newUser();
    const held = aws.hold({ operation: 'GetCallerIdentity' });
    const controller = new AbortController();
    const call = failureOf(getCallerIdentity({ ...options, signal: controller.signal }));
    await held.arrived;
    controller.abort();
    expect(await call).toMatchObject({ code: 'CANCELLED' });
    held.release();
  });

  test('an abort before the call makes none', async () => {
    const { options } = newUser();
    const signal = AbortSignal.abort();
    expect(await failureOf(getCallerIdentity({ ...options, signal }))).toMatchObject({ code: 'CANCELLED' });
    expect(await failureOf(getSigninToken({ ...options, partition: 'aws', signal }))).toMatchObject({
      code: 'CANCELLED',
    });
    expect(aws.calls).toHaveLength(0);
  });

  test.each([
    [200, '<html>Welcome to the hotel</html>'],
    [403, '<html>Blocked by policy</html>'],
    [503, 'no'],
  ])('a page of %i that is not from AWS is AWS_UNREACHABLE', async (status, page) => {
    const { options } = newUser();
    await using portal = await listening(createServer((_, answer) => answer.writeHead(status).end(page)));
    const error = await failureOf(getCallerIdentity({ ...options, env: { AWS_ENDPOINT_URL: portal.url } }));
    expect(error.code).toBe('AWS_UNREACHABLE');
    expect(error.message).toContain('the answer is not one of AWS');
  });

  test.each([
    ['<html>', /not JSON/],
    ['{}', /^Expected a response with SigninToken$/],
    ['null', /^Expected a response with SigninToken$/],
    ['{"SigninToken":7}', /^Expected a response with SigninToken$/],
  ])('the sign-in answer %s is told plainly', async (body, words) => {
    const { options } = newUser();
    await using portal = await listening(createServer((_, answer) => answer.end(body)));
    const error = await failureOf(
      getSigninToken({ ...options, partition: 'aws', env: { AWS_ENDPOINT_URL_SIGNIN: portal.url } }),
    );
    expect(error).toMatchObject({ code: 'AWS_REJECTED', message: expect.stringMatching(words) });
  });
});
