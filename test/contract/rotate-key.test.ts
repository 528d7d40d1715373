import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Credentials } from '../../native-host/aws/credentials.ts';
import type { ServiceOptions } from '../../native-host/aws/sts.ts';
import { readKeyItem, writeKeyItem } from '../../native-host/engine/key-rotation.ts';
import { rotateKey } from '../../native-host/engine/rotate-key.ts';
import type { RotateOptions, RotationEvent } from '../../native-host/engine/rotation-call.ts';
import { readStoredKey, writeStoredKey } from '../../native-host/engine/stored-key.ts';
import type { Keyring } from '../../native-host/keyring/keyring.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { memoryKeyring } from '../unit/memory-keyring.ts';

let aws: FakeAws;
let keyring: Keyring;
let user: ReturnType<FakeAws['addUser']>;
let old: Credentials;
let events: RotationEvent[];

beforeEach(async () => {
  aws = await startFakeAws();
  keyring = memoryKeyring();
  user = aws.addUser({ account: '111122223333', name: 'ada' });
  old = aws.addAccessKey(user);
  events = [];
  await writeStoredKey(keyring, 'ada', old);
});
afterEach(async () => {
  aws.assertNoUnexpectedCalls();
  await aws.close();
});

const never = new AbortController().signal;

function service(credentials: Credentials, signal: AbortSignal = never): ServiceOptions {
  return { region: 'eu-west-1', credentials, env: { AWS_ENDPOINT_URL: aws.url }, signal };
}

function rotate(options: Partial<RotateOptions> = {}) {
  return rotateKey({
    ...{ profile: 'ada', userName: 'ada', keyring, service, signal: never, settleMs: 600 },
    now: () => new Date(),
    signIn: async (key) => key,
    replaceElsewhere: async () => undefined,
    mark: async () => undefined,
    alone: (work) => work(),
    isStored: async () => false,
    report: (event) => void events.push(event),
    ...options,
  });
}

const idsInIam = (): string[] => aws.accessKeys(user).map(({ accessKeyId }) => accessKeyId);

test('a new key that AWS does not take in time is deleted again, and the old one stays', async () => {
  aws.setKeySettling({ calls: 1000 });
  await expect(rotate()).rejects.toMatchObject({
    code: 'AWS_CREDENTIALS_INVALID',
    message: expect.stringMatching(/did not accept the new key \*+\w{4} in time; it was deleted again/),
  });
  expect(idsInIam()).toEqual([old.accessKeyId]);
  expect(await readKeyItem(keyring, 'ada')).toEqual({ key: old });
  expect(events.map(({ type }) => type)).toEqual(['creating', 'created', 'unused-key-deleted']);
});

test('a pending key that somebody has deleted in AWS is forgotten, and another one made', async () => {
  const pending = aws.addAccessKey(user);
  await writeKeyItem(keyring, 'ada', { key: old, rotation: { stage: 'pending', key: pending, createdAt: undefined } });
  aws.deleteAccessKey(pending.accessKeyId);
  const result = await rotate();
  expect(result.outcome).toBe('rotated');
  expect(idsInIam()).toEqual([(await readStoredKey(keyring, 'ada')).accessKeyId]);
  expect(idsInIam()).not.toContain(pending.accessKeyId);
});

test('a pending key is made current also when the old one is gone from AWS', async () => {
  const pending = aws.addAccessKey(user);
  await writeKeyItem(keyring, 'ada', { key: old, rotation: { stage: 'pending', key: pending, createdAt: undefined } });
  aws.deleteAccessKey(old.accessKeyId);
  await rotate();
  expect(await readKeyItem(keyring, 'ada')).toEqual({ key: pending });
  expect(idsInIam()).toEqual([pending.accessKeyId]);
});

test('a session that ends with the old key’s use does not leave the old key behind', async () => {
  const device = aws.addMfaDevice(user);
  const { getSessionToken } = await import('../../native-host/aws/sts.ts');
  const mfa = { serial: device.serial, tokenCode: device.freshCode() };
  const session = await getSessionToken(service(old), { durationSeconds: 900, mfa });
  const held = aws.hold({ operation: 'DeleteAccessKey' });
  const running = rotate({ signIn: async () => session });
  await held.arrived;
  aws.expireSession(session.accessKeyId);
  held.release();
  await running;
  const { accessKeyId } = await readStoredKey(keyring, 'ada');
  expect(idsInIam()).toEqual([accessKeyId]);
  expect(aws.calls.at(-1)).toMatchObject({ operation: 'DeleteAccessKey', accessKeyId, status: 200 });
});

test('another key that was stored meanwhile is left alone, and the new one deleted again', async () => {
  const held = aws.hold({ operation: 'GetCallerIdentity' });
  const running = rotate();
  await held.arrived;
  const foreign = { accessKeyId: 'AKIAFOREIGN', secretAccessKey: 'foreign' };
  await writeStoredKey(keyring, 'ada', foreign);
  held.release();
  await expect(running).rejects.toMatchObject({
    message: expect.stringContaining(
      'another key was stored for profile "ada" during its rotation, and was left alone',
    ),
  });
  expect(idsInIam()).toEqual([old.accessKeyId]);
  expect(await readStoredKey(keyring, 'ada')).toEqual(foreign);
});

test('a keyring that fails to take the new key, and AWS that does not delete it: the message says what to do', async () => {
  let writes = 0;
  const failing: Keyring = {
    ...keyring,
    set: (item) => (++writes === 1 ? keyring.set(item) : Promise.reject(new Error('the disk is full'))),
  };
  aws.fail({ operation: 'DeleteAccessKey', status: 403, code: 'AccessDenied', message: 'not now' });
  const failure = await rotate({ keyring: failing }).catch((error: unknown) => error);
  const made = idsInIam().find((id) => id !== old.accessKeyId);
  expect(failure).toMatchObject({
    code: 'KEYRING_UNAVAILABLE',
    message: expect.stringMatching(
      new RegExp(
        `could not be stored \\(the disk is full\\) nor deleted again \\(.*not now.*\\); the old key still works: delete ${made} in IAM`,
      ),
    ),
  });
  // And the next one does it.
  await rotate();
  expect(events).toContainEqual({ type: 'unused-key-deleted', accessKeyId: made });
  expect(idsInIam()).toEqual([(await readStoredKey(keyring, 'ada')).accessKeyId]);
});

test('a key left over is kept when nobody may say that it is unused', async () => {
  const poor = aws.addUser({ account: '111122223333', name: 'bob', deny: ['iam:GetAccessKeyLastUsed'] });
  const key = aws.addAccessKey(poor);
  const left = aws.addAccessKey(poor);
  const creating = { stage: 'creating', startedAt: new Date(), knownKeyIds: [key.accessKeyId] } as const;
  await writeKeyItem(keyring, 'bob', { key, rotation: creating });
  await expect(rotate({ profile: 'bob', userName: 'bob' })).rejects.toMatchObject({
    code: 'AWS_ACCESS_DENIED',
    message: expect.stringContaining('without iam:GetAccessKeyLastUsed nobody can say that it is unused'),
  });
  expect(aws.accessKeys(poor).map(({ accessKeyId }) => accessKeyId)).toEqual([key.accessKeyId, left.accessKeyId]);
});

test('a key that came up long before or after is nobody’s leftover', async () => {
  const other = aws.addAccessKey(user, { createdAt: new Date(Date.now() - 3_600_000) });
  const creating = { stage: 'creating', startedAt: new Date(), knownKeyIds: undefined } as const;
  await writeKeyItem(keyring, 'ada', { key: old, rotation: creating });
  await expect(rotate()).rejects.toMatchObject({ message: expect.stringContaining('as many as AWS allows') });
  expect(idsInIam()).toContain(other.accessKeyId);
});

test('an item whose rotation cannot be read is damaged, not a key without rotation', async () => {
  await writeStoredKey(keyring, 'ada', old, { KeyturnRotation: { Stage: 'later' } });
  await expect(rotate()).rejects.toMatchObject({ code: 'KEYRING_CORRUPT' });
  // Its key is good for everything else.
  expect(await readStoredKey(keyring, 'ada')).toEqual(old);
});
