import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { type Keys, roleKeys, sessionTokenKeys, stsClient } from './test-clients.ts';

const ACCOUNT = '111122223333';
const OTHER_ACCOUNT = '999988887777';
const DENIED = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
const INVALID = { name: 'ValidationError', $metadata: { httpStatusCode: 400 } };

describe('AssumeRole', () => {
  let aws: FakeAws;
  let user: ReturnType<FakeAws['addUser']>;
  let key: Keys;

  beforeEach(async () => {
    aws = await startFakeAws();
    user = aws.addUser({ account: ACCOUNT, name: 'ada' });
    key = aws.addAccessKey(user);
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const assume = (role: { arn: string }, input: object = {}, keys = key) =>
    stsClient(aws, keys).send(new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: 'test', ...input }));
  const notAuthorized = (role: { arn: string }, caller = user.arn) => ({
    ...DENIED,
    message: `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${role.arn}`,
  });

  it('gives credentials of the role', async () => {
    const role = aws.addRole({ account: OTHER_ACCOUNT, name: 'admin', path: '/ops/', trusts: [user.arn] });
    const answer = await assume(role, { RoleSessionName: 'me@example' });
    const arn = `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/admin/me@example`;
    expect(answer.AssumedRoleUser).toMatchObject({ Arn: arn, AssumedRoleId: `${role.roleId}:me@example` });
    expect(role.arn).toBe(`arn:aws:iam::${OTHER_ACCOUNT}:role/ops/admin`);
    const keys = await roleKeys(aws, key, role);
    await expect(stsClient(aws, keys).send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({
      Account: OTHER_ACCOUNT,
      Arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/admin/test`,
    });
  });

  it('is refused to whom the role does not trust, and for a role that is not there', async () => {
    const role = aws.addRole({ account: ACCOUNT, name: 'theirs', trusts: [`arn:aws:iam::${ACCOUNT}:user/bob`] });
    await expect(assume(role)).rejects.toMatchObject(notAuthorized(role));
    const missing = { arn: `arn:aws:iam::${ACCOUNT}:role/missing` };
    await expect(assume(missing)).rejects.toMatchObject(notAuthorized(missing));
    await expect(assume({ arn: 'arn:aws:iam::123:role/short-account' })).rejects.toMatchObject(INVALID);
  });

  it.each([ACCOUNT, `arn:aws:iam::${ACCOUNT}:root`])(
    'works for a role that trusts the account as %s',
    async (trust) => {
      const role = aws.addRole({ account: OTHER_ACCOUNT, name: 'shared', trusts: [trust] });
      await expect(assume(role)).resolves.toBeDefined();
      const stranger = aws.addAccessKey(aws.addUser({ account: OTHER_ACCOUNT, name: 'eve' }));
      await expect(assume(role, {}, stranger)).rejects.toMatchObject(DENIED);
    },
  );

  it('is refused to a trusted user whose own policies lack it', async () => {
    const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT], deny: [user.arn] });
    await expect(assume(role)).rejects.toMatchObject(notAuthorized(role));
    const poor = aws.addUser({ account: ACCOUNT, name: 'poor', deny: ['sts:AssumeRole'] });
    const open = aws.addRole({ account: ACCOUNT, name: 'open', trusts: [ACCOUNT] });
    await expect(assume(open, {}, aws.addAccessKey(poor))).rejects.toMatchObject(notAuthorized(open, poor.arn));
  });

  it('asks for the external ID the role names', async () => {
    const role = aws.addRole({ account: ACCOUNT, name: 'vendor', trusts: [ACCOUNT], externalId: 'x-42' });
    await expect(assume(role)).rejects.toMatchObject(notAuthorized(role));
    await expect(assume(role, { ExternalId: 'x-43' })).rejects.toMatchObject(notAuthorized(role));
    await expect(assume(role, { ExternalId: 'x-42' })).resolves.toBeDefined();
  });

  it.each(['a', 'a'.repeat(65), 'with space', 'with/slash'])('is refused for the session name "%s"', async (name) => {
    const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] });
    await expect(assume(role, { RoleSessionName: name })).rejects.toMatchObject({
      ...INVALID,
      message: expect.stringContaining("at 'roleSessionName' failed to satisfy constraint"),
    });
  });

  describe('a role that requires MFA', () => {
    let role: { arn: string };
    let device: ReturnType<FakeAws['addMfaDevice']>;
    beforeEach(() => {
      role = aws.addRole({ account: ACCOUNT, name: 'mfa', trusts: [ACCOUNT], requireMfa: true });
      device = aws.addMfaDevice(user);
    });
    const mfa = () => ({ SerialNumber: device.serial, TokenCode: device.freshCode() });

    it('is not to be had without', async () => {
      await expect(assume(role)).rejects.toMatchObject(notAuthorized(role));
      const plain = await sessionTokenKeys(aws, key);
      await expect(assume(role, {}, plain)).rejects.toMatchObject(notAuthorized(role));
    });

    it('takes MFA in the call', async () => {
      await expect(assume(role, mfa())).resolves.toBeDefined();
      await expect(assume(role, { ...mfa(), TokenCode: '000000' })).rejects.toMatchObject({
        ...DENIED,
        message: expect.stringContaining('invalid MFA one time pass code'),
      });
    });

    it('takes a session that began with MFA', async () => {
      const session = await sessionTokenKeys(aws, key, mfa());
      await expect(assume(role, {}, session)).resolves.toBeDefined();
    });

    it('does not take a role session, however that began, nor a code with role credentials', async () => {
      const first = aws.addRole({ account: ACCOUNT, name: 'first', trusts: [ACCOUNT] });
      const chained = await roleKeys(aws, key, first, mfa());
      const caller = `arn:aws:sts::${ACCOUNT}:assumed-role/first/test`;
      await expect(assume(role, {}, chained)).rejects.toMatchObject(notAuthorized(role, caller));
      await expect(assume(role, mfa(), chained)).rejects.toMatchObject({
        ...DENIED,
        message: expect.stringContaining('unable to validate MFA code'),
      });
    });
  });

  describe('a duration', () => {
    it("may be 900 seconds to the role's maximum, an hour if not asked", async () => {
      const role = aws.addRole({ account: ACCOUNT, name: 'long', trusts: [ACCOUNT], maxSessionDurationSeconds: 7200 });
      const answer = await assume(role);
      expect((answer.Credentials?.Expiration?.getTime() ?? 0) - Date.now()).toBeCloseTo(3_600_000, -4);
      await expect(assume(role, { DurationSeconds: 900 })).resolves.toBeDefined();
      await expect(assume(role, { DurationSeconds: 7200 })).resolves.toBeDefined();
      await expect(assume(role, { DurationSeconds: 899 })).rejects.toMatchObject(INVALID);
      await expect(assume(role, { DurationSeconds: 43_201 })).rejects.toMatchObject(INVALID);
      await expect(assume(role, { DurationSeconds: 7201 })).rejects.toMatchObject({
        ...INVALID,
        message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      });
    });

    it('is one hour at most with credentials of a role', async () => {
      const first = aws.addRole({ account: ACCOUNT, name: 'first', trusts: [ACCOUNT] });
      const second = aws.addRole({
        account: ACCOUNT,
        name: 'second',
        trusts: [first.arn],
        maxSessionDurationSeconds: 43_200,
      });
      const chained = await roleKeys(aws, key, first);
      await expect(assume(second, { DurationSeconds: 3600 }, chained)).resolves.toBeDefined();
      await expect(assume(second, { DurationSeconds: 3601 }, chained)).rejects.toMatchObject({
        ...INVALID,
        message: expect.stringContaining('1 hour session limit for roles assumed by role chaining'),
      });
      expect(aws.sessions().map(({ isChained }) => isChained)).toEqual([false, true]);
      const trustsSession = await sessionTokenKeys(aws, key);
      await expect(assume(second, {}, trustsSession)).rejects.toMatchObject(DENIED);
    });

    it('may be long with the session of a user, which is no role chaining', async () => {
      const role = aws.addRole({
        account: ACCOUNT,
        name: 'long',
        trusts: [ACCOUNT],
        maxSessionDurationSeconds: 43_200,
      });
      await expect(assume(role, { DurationSeconds: 43_200 }, await sessionTokenKeys(aws, key))).resolves.toBeDefined();
    });
  });

  describe('tags and source identity', () => {
    const tag = (Key: string, Value: string) => ({ Key, Value });

    it('are recorded', async () => {
      const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] });
      const Tags = [tag('team', 'blue & green'), tag('cost', '42')];
      const answer = await assume(role, { Tags, TransitiveTagKeys: ['team'], SourceIdentity: 'ada' });
      expect(answer.SourceIdentity).toBe('ada');
      expect(aws.sessions()).toMatchObject([
        { tags: { team: 'blue & green', cost: '42' }, transitiveTagKeys: ['team'], sourceIdentity: 'ada' },
      ]);
    });

    it('stay through a chain, if transitive, and cannot be changed there', async () => {
      const first = aws.addRole({ account: ACCOUNT, name: 'first', trusts: [ACCOUNT] });
      const second = aws.addRole({ account: ACCOUNT, name: 'second', trusts: [ACCOUNT] });
      const Tags = [tag('team', 'blue'), tag('cost', '42')];
      const chained = await roleKeys(aws, key, first, { Tags, TransitiveTagKeys: ['team'], SourceIdentity: 'ada' });
      await assume(second, { Tags: [tag('extra', '1')] }, chained);
      expect(aws.sessions()[1]).toMatchObject({
        tags: { team: 'blue', extra: '1' },
        transitiveTagKeys: ['team'],
        sourceIdentity: 'ada',
      });
      expect(aws.sessions()[1]?.tags).not.toHaveProperty('cost');
      await expect(assume(second, { Tags: [tag('TEAM', 'red')] }, chained)).rejects.toMatchObject(DENIED);
      await expect(assume(second, { SourceIdentity: 'eve' }, chained)).rejects.toMatchObject(DENIED);
    });

    it('are refused when they contradict themselves', async () => {
      const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] });
      const refused = { name: 'InvalidParameterValue', $metadata: { httpStatusCode: 400 } };
      await expect(assume(role, { Tags: [tag('a', '1'), tag('A', '2')] })).rejects.toMatchObject(refused);
      await expect(assume(role, { TransitiveTagKeys: ['nowhere'] })).rejects.toMatchObject(refused);
      const many = Array.from({ length: 51 }, (_, index) => tag(`k${index}`, ''));
      await expect(assume(role, { Tags: many })).rejects.toMatchObject(INVALID);
      await expect(assume(role, { Tags: [tag('k'.repeat(129), '')] })).rejects.toMatchObject(INVALID);
      await expect(assume(role, { Tags: [tag('k', 'v'.repeat(257))] })).rejects.toMatchObject(INVALID);
    });
  });
});
