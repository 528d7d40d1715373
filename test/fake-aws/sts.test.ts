import { GetUserCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, GetFederationTokenCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { iamClient, type Keys, keysFrom, roleKeys, sessionTokenKeys, stsClient } from './test-clients.ts';

const ACCOUNT = '111122223333';
const DENIED = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
const INVALID = { name: 'ValidationError', $metadata: { httpStatusCode: 400 } };
const WRONG_CODE = {
  ...DENIED,
  message: expect.stringContaining('MultiFactorAuthentication failed with invalid MFA one time pass code.'),
};

describe('STS', () => {
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

  const getSessionToken = (keys: Keys, input: object = {}) =>
    stsClient(aws, keys).send(new GetSessionTokenCommand(input));
  const getFederationToken = (keys: Keys, input: { Name: string; [key: string]: unknown }) =>
    stsClient(aws, keys).send(new GetFederationTokenCommand(input));
  const secondsLeft = (expiration: Date | undefined) => ((expiration?.getTime() ?? 0) - Date.now()) / 1000;
  const federated = async () => keysFrom((await getFederationToken(key, { Name: 'ada' })).Credentials);

  describe('GetSessionToken', () => {
    it('lasts as long as asked, 12 hours if not asked', async () => {
      expect(secondsLeft((await getSessionToken(key)).Credentials?.Expiration)).toBeCloseTo(43_200, -1);
      const short = await getSessionToken(key, { DurationSeconds: 900 });
      expect(secondsLeft(short.Credentials?.Expiration)).toBeCloseTo(900, -1);
      await expect(getSessionToken(key, { DurationSeconds: 129_600 })).resolves.toBeDefined();
    });

    it.each([0, 899, 129_601])('is refused for %i seconds', async (DurationSeconds) => {
      await expect(getSessionToken(key, { DurationSeconds })).rejects.toMatchObject({
        ...INVALID,
        message: expect.stringContaining("at 'durationSeconds' failed to satisfy constraint"),
      });
    });

    it('is refused with temporary credentials of any kind', async () => {
      const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] });
      const temporary = [await sessionTokenKeys(aws, key), await roleKeys(aws, key, role), await federated()];
      for (const keys of temporary) {
        await expect(getSessionToken(keys)).rejects.toMatchObject({
          ...DENIED,
          message: 'Cannot call GetSessionToken with session credentials',
        });
      }
    });
  });

  describe('GetFederationToken', () => {
    it('is refused with temporary credentials', async () => {
      await expect(getFederationToken(await sessionTokenKeys(aws, key), { Name: 'ada' })).rejects.toMatchObject(DENIED);
      await expect(getFederationToken(await federated(), { Name: 'ada' })).rejects.toMatchObject(DENIED);
    });

    it.each(['a', 'a'.repeat(33), 'ada lovelace', 'ada/x'])('is refused for the name "%s"', async (Name) => {
      await expect(getFederationToken(key, { Name })).rejects.toMatchObject({
        ...INVALID,
        message: expect.stringContaining("at 'name' failed to satisfy constraint"),
      });
    });

    it('is refused for a duration out of range and for a policy that is not JSON', async () => {
      await expect(getFederationToken(key, { Name: 'ada', DurationSeconds: 899 })).rejects.toMatchObject(INVALID);
      await expect(getFederationToken(key, { Name: 'ada', DurationSeconds: 129_601 })).rejects.toMatchObject(INVALID);
      await expect(getFederationToken(key, { Name: 'ada', Policy: '{' })).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
        name: expect.stringContaining('MalformedPolicyDocument'),
      });
    });

    it('is refused to a user who may not call it', async () => {
      const poor = aws.addUser({ account: ACCOUNT, name: 'poor', deny: ['sts:GetFederationToken'] });
      await expect(getFederationToken(aws.addAccessKey(poor), { Name: 'poor' })).rejects.toMatchObject({
        ...DENIED,
        message: `User: ${poor.arn} is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::${ACCOUNT}:federated-user/poor`,
      });
    });

    it('gives credentials that cannot call IAM or AssumeRole, but know who they are', async () => {
      const role = aws.addRole({ account: ACCOUNT, name: 'dev', trusts: [ACCOUNT] });
      const keys = await federated();
      await expect(roleKeys(aws, keys, role)).rejects.toMatchObject(DENIED);
      await expect(iamClient(aws, keys).send(new GetUserCommand({}))).rejects.toMatchObject({
        name: 'InvalidClientTokenId',
      });
      await expect(stsClient(aws, keys).send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({
        Arn: `arn:aws:sts::${ACCOUNT}:federated-user/ada`,
      });
    });
  });

  describe('an MFA code', () => {
    it('makes an MFA session, and each code is good once', async () => {
      const device = aws.addMfaDevice(user);
      const mfa = { SerialNumber: device.serial, TokenCode: device.code() };
      await getSessionToken(key, mfa);
      expect(aws.sessions()).toMatchObject([{ type: 'session-token', isMfaAuthenticated: true }]);
      await expect(getSessionToken(key, mfa)).rejects.toMatchObject(WRONG_CODE);
    });

    /** Sets the service's clock to the middle of a step, so that none of the next calls falls on a boundary. */
    const setClockToMiddle = (): Date => {
      const middle = new Date(Math.floor(Date.now() / 30_000) * 30_000 + 15_000);
      aws.setClockOffsetSeconds((middle.getTime() - Date.now()) / 1000);
      return middle;
    };

    it('works in its own 30 seconds and the 30 before and after', async () => {
      const device = aws.addMfaDevice(user);
      const middle = setClockToMiddle();
      const attempt = (steps: number) => {
        const TokenCode = device.code(new Date(middle.getTime() + steps * 30_000));
        return getSessionToken(key, { SerialNumber: device.serial, TokenCode });
      };
      await expect(attempt(-2)).rejects.toMatchObject(WRONG_CODE);
      await expect(attempt(2)).rejects.toMatchObject(WRONG_CODE);
      for (const steps of [-1, 0, 1]) await expect(attempt(steps)).resolves.toBeDefined();
    });

    it('is handed out fresh three times, and then no more', async () => {
      const device = aws.addMfaDevice(user);
      setClockToMiddle();
      for (let turn = 0; turn < 3; turn += 1) {
        const mfa = { SerialNumber: device.serial, TokenCode: device.freshCode() };
        await expect(getSessionToken(key, mfa)).resolves.toBeDefined();
      }
      expect(() => device.freshCode()).toThrow('wait for the next one');
    });

    it('is refused for a device of another user, for an unknown one, and half given', async () => {
      const other = aws.addMfaDevice(aws.addUser({ account: ACCOUNT, name: 'bob' }));
      const mine = aws.addMfaDevice(user);
      const notYours = { ...DENIED, message: expect.stringContaining('associated with this user') };
      const attempt = (input: object) => getSessionToken(key, input);
      const TokenCode = other.code();
      await expect(attempt({ SerialNumber: other.serial, TokenCode })).rejects.toMatchObject(notYours);
      await expect(attempt({ SerialNumber: `${mine.serial}x`, TokenCode })).rejects.toMatchObject(notYours);
      await expect(attempt({ SerialNumber: mine.serial })).rejects.toMatchObject({
        ...DENIED,
        message: expect.stringContaining('must provide both'),
      });
      await expect(attempt({ SerialNumber: mine.serial, TokenCode: '12345' })).rejects.toMatchObject(INVALID);
      await expect(attempt({ SerialNumber: mine.serial, TokenCode: 'abcdef' })).rejects.toMatchObject(INVALID);
    });

    it("of a second device of the user's is as good as one of the first", async () => {
      aws.addMfaDevice(user);
      const second = aws.addMfaDevice(user, 'ada-phone');
      const mfa = { SerialNumber: second.serial, TokenCode: second.freshCode() };
      await expect(getSessionToken(key, mfa)).resolves.toBeDefined();
    });
  });
});
