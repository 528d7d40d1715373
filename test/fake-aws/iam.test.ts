import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { iamClient, type Keys, roleKeys, sessionTokenKeys, stsClient } from './test-clients.ts';

const ACCOUNT = '111122223333';
const NO_SUCH_ENTITY = { name: 'NoSuchEntityException', $metadata: { httpStatusCode: 404 } };
const INVALID_TOKEN = { name: 'InvalidClientTokenId', $metadata: { httpStatusCode: 403 } };

describe('IAM', () => {
  let aws: FakeAws;
  let user: ReturnType<FakeAws['addUser']>;
  let key: Keys;

  beforeEach(async () => {
    aws = await startFakeAws();
    user = aws.addUser({ account: ACCOUNT, name: 'ada', path: '/team/' });
    key = aws.addAccessKey(user);
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const iam = (keys = key) => iamClient(aws, keys);

  it('tells a user who they are, and others by name within the account', async () => {
    const { User } = await iam().send(new GetUserCommand({}));
    expect(User).toMatchObject({ UserName: 'ada', Path: '/team/', Arn: user.arn, UserId: user.userId });
    aws.addUser({ account: ACCOUNT, name: 'bob' });
    aws.addUser({ account: '999988887777', name: 'eve' });
    await expect(iam().send(new GetUserCommand({ UserName: 'bob' }))).resolves.toBeDefined();
    await expect(iam().send(new GetUserCommand({ UserName: 'eve' }))).rejects.toMatchObject(NO_SUCH_ENTITY);
  });

  it('asks a role for the name of the user it means', async () => {
    const keys = await roleKeys(aws, key, aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] }));
    await expect(iam(keys).send(new GetUserCommand({}))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
    await expect(iam(keys).send(new GetUserCommand({ UserName: 'ada' }))).resolves.toBeDefined();
  });

  it("takes a user's session only if that began with MFA", async () => {
    await expect(iam(await sessionTokenKeys(aws, key)).send(new GetUserCommand({}))).rejects.toMatchObject(
      INVALID_TOKEN,
    );
    const device = aws.addMfaDevice(user);
    const mfa = { SerialNumber: device.serial, TokenCode: device.freshCode() };
    const session = await sessionTokenKeys(aws, key, mfa);
    await expect(iam(session).send(new GetUserCommand({}))).resolves.toMatchObject({ User: { UserName: 'ada' } });
  });

  it("refuses what the user's policies do not allow", async () => {
    const poor = aws.addUser({ account: ACCOUNT, name: 'poor', deny: ['iam:GetUser'] });
    await expect(iam(aws.addAccessKey(poor)).send(new GetUserCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: ${poor.arn} is not authorized to perform: iam:GetUser on resource: ${poor.arn}`,
    });
  });

  it('replaces a key: creates, uses, deactivates and deletes', async () => {
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const created = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
    expect(AccessKey).toMatchObject({ UserName: 'ada', Status: 'Active' });
    const old = { AccessKeyId: key.accessKeyId };
    await iam(created).send(new UpdateAccessKeyCommand({ ...old, Status: 'Inactive' }));
    await expect(iam().send(new GetUserCommand({}))).rejects.toMatchObject(INVALID_TOKEN);
    await iam(created).send(new UpdateAccessKeyCommand({ ...old, Status: 'Active' }));
    await expect(iam().send(new GetUserCommand({}))).resolves.toBeDefined();
    await iam(created).send(new DeleteAccessKeyCommand(old));
    await expect(iam().send(new GetUserCommand({}))).rejects.toMatchObject(INVALID_TOKEN);
    const listed = await iam(created).send(new ListAccessKeysCommand({}));
    expect(listed.AccessKeyMetadata).toMatchObject([{ AccessKeyId: created.accessKeyId, Status: 'Active' }]);
    expect(listed.IsTruncated).toBe(false);
  });

  it('gives a user two keys at most', async () => {
    await iam().send(new CreateAccessKeyCommand({}));
    await expect(iam().send(new CreateAccessKeyCommand({}))).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
      $metadata: { httpStatusCode: 409 },
    });
  });

  it("does not find another user's key, nor takes another status", async () => {
    const bob = aws.addAccessKey(aws.addUser({ account: ACCOUNT, name: 'bob' }));
    const theirs = { AccessKeyId: bob.accessKeyId };
    await expect(iam().send(new DeleteAccessKeyCommand(theirs))).rejects.toMatchObject(NO_SUCH_ENTITY);
    const update = new UpdateAccessKeyCommand({ ...theirs, UserName: 'ada', Status: 'Inactive' });
    await expect(iam().send(update)).rejects.toMatchObject({
      ...NO_SUCH_ENTITY,
      message: `The Access Key with id ${bob.accessKeyId} cannot be found.`,
    });
    const expired = new UpdateAccessKeyCommand({ AccessKeyId: key.accessKeyId, Status: 'Expired' });
    await expect(iam().send(expired)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('knows when and where a key was last used', async () => {
    const idle = aws.addAccessKey(user);
    await stsClient(aws, key, { region: 'eu-central-1' }).send(new GetCallerIdentityCommand({}));
    const reader = aws.addAccessKey(aws.addUser({ account: ACCOUNT, name: 'bob' }));
    const lastUsed = (keys: Keys) =>
      iam(reader).send(new GetAccessKeyLastUsedCommand({ AccessKeyId: keys.accessKeyId }));
    const used = await lastUsed(key);
    expect(used).toMatchObject({
      UserName: 'ada',
      AccessKeyLastUsed: { ServiceName: 'sts', Region: 'eu-central-1', LastUsedDate: expect.any(Date) },
    });
    const unused = await lastUsed(idle);
    expect(unused.AccessKeyLastUsed).toEqual({ ServiceName: 'N/A', Region: 'N/A' });
    const foreign = aws.addAccessKey(aws.addUser({ account: '999988887777', name: 'eve' }));
    await expect(lastUsed(foreign)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });
});
