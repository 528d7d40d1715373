import { CreateAccessKeyCommand, ListAccessKeysCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { iamClient, type Keys, send, stsClient } from './test-clients.ts';

describe('what goes wrong on purpose', () => {
  let aws: FakeAws;
  let key: Keys;
  beforeEach(async () => {
    aws = await startFakeAws();
    key = aws.addAccessKey(aws.addUser({ account: '111122223333', name: 'ada' }));
  });
  afterEach(async () => await aws.close());

  const whoAmI = () => stsClient(aws, key).send(new GetCallerIdentityCommand({}));

  it('fails an operation as often as told, and no other one', async () => {
    const fault = { status: 400, code: 'Throttling', message: 'Rate exceeded' };
    aws.fail({ operation: 'GetCallerIdentity', times: 2, ...fault });
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(whoAmI()).rejects.toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
    }
    await expect(whoAmI()).resolves.toBeDefined();
    aws.fail({ operation: 'AssumeRole', ...fault });
    await expect(whoAmI()).resolves.toBeDefined();
    expect(aws.calls.map(({ status }) => status)).toEqual([400, 400, 200, 200]);
  });

  it('delays an answer', async () => {
    aws.delay({ operation: '*', ms: 150, times: 1 });
    const startedAt = performance.now();
    await whoAmI();
    expect(performance.now() - startedAt).toBeGreaterThan(140);
  });

  it('cuts the connection before the operation, or after it', async () => {
    aws.cut({ operation: 'CreateAccessKey' });
    await expect(iamClient(aws, key).send(new CreateAccessKeyCommand({}))).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    const count = async () => (await iamClient(aws, key).send(new ListAccessKeysCommand({}))).AccessKeyMetadata?.length;
    expect(await count()).toBe(1);
    aws.cut({ operation: 'CreateAccessKey', when: 'after' });
    await expect(iamClient(aws, key).send(new CreateAccessKeyCommand({}))).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(await count()).toBe(2);
    expect(aws.calls.filter(({ operation }) => operation === 'CreateAccessKey').map(({ status }) => status)).toEqual([
      0, 0,
    ]);
  });

  it('holds calls until they are released', async () => {
    const hold = aws.hold({ operation: 'GetSessionToken' });
    const waiting = stsClient(aws, key).send(new GetSessionTokenCommand({}));
    await hold.arrived;
    await whoAmI();
    expect(aws.sessions()).toEqual([]);
    hold.release();
    await waiting;
    await stsClient(aws, key).send(new GetSessionTokenCommand({}));
    expect(aws.calls.map(({ operation }) => operation)).toEqual([
      'GetCallerIdentity',
      'GetSessionToken',
      'GetSessionToken',
    ]);
  });

  it('lets some calls through before it holds one', async () => {
    const hold = aws.hold({ operation: 'GetCallerIdentity', after: 2 });
    await Promise.all([whoAmI(), whoAmI()]);
    const waiting = whoAmI();
    await hold.arrived;
    expect(aws.calls).toHaveLength(2);
    hold.release();
    await waiting;
    expect(aws.calls).toHaveLength(3);
  });

  it('does not know a new key at once, if told so', async () => {
    aws.setKeySettling({ calls: 1 });
    const { AccessKey } = await iamClient(aws, key).send(new CreateAccessKeyCommand({}));
    const made = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
    const asNew = () => stsClient(aws, made).send(new GetCallerIdentityCommand({}));
    await expect(asNew()).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await expect(asNew()).resolves.toMatchObject({ Account: '111122223333' });
    await whoAmI();
  });

  it('answers 501 to what it does not know, and fails the test for it', async () => {
    aws.assertNoUnexpectedCalls();
    const calls = [
      { path: '/?Action=secret', method: 'GET' },
      { path: '/', method: 'POST', form: { Action: 'ListUsers', Version: '2010-05-08' } },
      { path: '/', method: 'POST', form: { Action: 'GetCallerIdentity', Version: '1999-01-01' } },
      { path: '/', method: 'POST', form: { Action: 'GetUser', Version: '2010-05-08' }, host: 'sts.amazonaws.com' },
      { path: '/federation?Action=logout' },
      { path: '/console', host: 'example.com' },
    ];
    for (const call of calls) expect((await send(aws, call)).status, call.path).toBe(501);
    expect(aws.unexpectedCalls.map(({ path }) => path)).toEqual(['/', '/', '/', '/', '/federation', '/console']);
    expect(() => aws.assertNoUnexpectedCalls()).toThrow('GET example.com/console: no such operation');
    expect(aws.calls).toEqual([]);
  });

  it("is quiet about browsers' own errands", async () => {
    expect((await send(aws, { path: '/favicon.ico' })).status).toBe(404);
    expect((await send(aws, { path: '/favicon.ico', host: 'console.aws.amazon.com' })).status).toBe(404);
    aws.assertNoUnexpectedCalls();
  });

  it('closes at once, even with a call under way', async () => {
    const hold = aws.hold({ operation: 'GetCallerIdentity' });
    const waiting = expect(whoAmI()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await hold.arrived;
    await aws.close();
    await waiting;
    hold.release();
  });
});
