import type { Credentials } from '../aws/credentials.ts';
import { ACCESS_KEYS_PER_USER, type AccessKeyState, deleteAccessKey } from '../aws/iam-access-keys.ts';
import { getCallerIdentity } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';
import { createKey, keysOfUser, undoCreation } from './create-key.ts';
import { readKeyItem } from './key-rotation.ts';
import { retireKey } from './retire-key.ts';
import {
  forgetRotation,
  hasCode,
  masked,
  orGone,
  type Pending,
  type RotateOptions,
  type RotateResult,
  reworded,
  settled,
  store,
  textOf,
} from './rotation-call.ts';

/**
 * Replaces a stored key by a new one of the same user: made, stored beside the old one, tried, made current; then the old one is
 * deactivated and deleted. What a killed process has left is finished or undone first. At every moment the vault holds a key that
 * works, and a key whose secret is lost is found and deleted.
 * @throws VaultError MFA_*, AWS_*, KEYRING_*, CANCELLED; after any of them, calling it again goes on from there
 */
export async function rotateKey(options: RotateOptions): Promise<RotateResult> {
  try {
    return await rotate(options);
  } catch (error) {
    throw await unfinished(error, options);
  }
}

async function rotate(options: RotateOptions): Promise<RotateResult> {
  const { keyring, profile, report } = options;
  const { key, rotation } = await readKeyItem(keyring, profile);
  if (rotation !== undefined) report({ type: 'resuming', stage: rotation.stage });
  if (rotation?.stage === 'retiring') {
    await retireKey(options, rotation.key, key);
    return { outcome: 'rotated', accessKeyId: key.accessKeyId, createdAt: undefined };
  }
  if (rotation?.stage === 'pending') {
    if (await isAccepted(options, rotation.key)) {
      // Before anything changes: if a code has to be asked for, all this is repeated.
      await options.signIn(rotation.key);
      return promote(options, key, rotation);
    }
    await takeBack(options, key, rotation.key);
  }
  const signer = await options.signIn(key);
  if (rotation?.stage === 'creating') await undoCreation(options, { old: key, creating: rotation, signer });
  const keys = await keysOfUser(options, signer);
  const createdAt = keys?.find(({ accessKeyId }) => accessKeyId === key.accessKeyId)?.createdAt;
  if (isTooYoung(createdAt, options)) return { outcome: 'too-young', createdAt };
  if (keys !== undefined && keys.length >= ACCESS_KEYS_PER_USER) throw await quotaReached(key, keys, options);
  const pending = await createKey(options, key, { signer, keys });
  if (await isAccepted(options, pending.key)) return promote(options, key, pending);
  await takeBack(options, key, pending.key);
  const message = `AWS did not accept the new key ${masked(pending.key.accessKeyId)} in time; it was deleted again, and the old key is unchanged: repeat later`;
  throw new VaultError('AWS_CREDENTIALS_INVALID', message, { details: { profile } });
}

function isTooYoung(createdAt: Date | undefined, { minAgeSeconds, now, profile }: RotateOptions): createdAt is Date {
  if (minAgeSeconds === undefined) return false;
  if (createdAt !== undefined) return now().getTime() - createdAt.getTime() < minAgeSeconds * 1000;
  const message = `how old the key of ${JSON.stringify(profile)} is cannot be found out without iam:ListAccessKeys; rotate it without --older-than`;
  throw new VaultError('AWS_ACCESS_DENIED', message, { details: { profile } });
}

/** Whether AWS takes a new key, for which it needs some seconds. */
async function isAccepted(options: RotateOptions, key: Credentials): Promise<boolean> {
  try {
    await settled(options, () => getCallerIdentity(options.service(key)));
    return true;
  } catch (error) {
    if (hasCode(error, 'AWS_CREDENTIALS_INVALID')) return false;
    throw error;
  }
}

/** Makes the new key the stored one, in one write that keeps the old one until AWS has deleted it. */
async function promote(options: RotateOptions, old: Credentials, { key, createdAt }: Pending): Promise<RotateResult> {
  try {
    await store(options, old, { key, rotation: { stage: 'retiring', key: old } });
  } catch (error) {
    if (!hasCode(error, 'CREDENTIALS_NOT_FOUND')) throw error;
    await deleteKey(options, key, key);
    throw reworded(error, `${error.message}; the new key ${masked(key.accessKeyId)} was deleted again`);
  }
  await retireKey(options, old, key);
  return { outcome: 'rotated', accessKeyId: key.accessKeyId, createdAt };
}

async function takeBack(options: RotateOptions, old: Credentials, key: Credentials): Promise<void> {
  await deleteKey(options, key, old);
  await forgetRotation(options, old);
  options.report({ type: 'unused-key-deleted', accessKeyId: key.accessKeyId });
}

async function deleteKey(options: RotateOptions, key: Credentials, owner: Credentials): Promise<void> {
  const { userName, service, signIn } = options;
  await deleteAccessKey(service(await signIn(owner)), { userName, accessKeyId: key.accessKeyId }).catch(orGone);
}

async function quotaReached(
  { accessKeyId }: Credentials,
  keys: readonly AccessKeyState[],
  { userName, profile, now, isStored }: RotateOptions,
): Promise<VaultError> {
  const stored = new Set([accessKeyId]);
  for (const key of keys) if (await isStored(key.accessKeyId)) stored.add(key.accessKeyId);
  const isOneStored = stored.size === 1;
  const list = keys.map((key) => {
    const days = Math.max(0, Math.floor((now().getTime() - key.createdAt.getTime()) / 86_400_000));
    const facts = [
      `${days} day${days === 1 ? '' : 's'} old`,
      key.isActive ? 'active' : 'inactive',
      ...(stored.has(key.accessKeyId) ? [isOneStored ? 'the one in the vault' : 'in the vault'] : []),
    ];
    return `${masked(key.accessKeyId)} (${facts.join(', ')})`;
  });
  const subject = userName === undefined ? 'the root user' : `user ${userName}`;
  const message = `${subject} has ${keys.length} access keys, as many as AWS allows: ${list.join(' and ')}; delete the one ${isOneStored ? 'that is not in the vault, if nobody uses it' : 'you can do without'}, in the IAM console or with 'aws iam delete-access-key', and repeat`;
  return new VaultError('AWS_REJECTED', message, { details: { profile, awsCode: 'LimitExceeded' } });
}

/** A failure while the vault holds two keys says so, and how to go on. */
async function unfinished(error: unknown, { profile, keyring, signal }: RotateOptions): Promise<unknown> {
  // These are answered, and the call repeated.
  if (hasCode(error, 'MFA_REQUIRED', 'MFA_REJECTED', 'KEYRING_LOCKED')) return error;
  if (!signal.aborted && !(error instanceof VaultError)) return error;
  const rotation = await readKeyItem(keyring, profile).then(
    (item) => item.rotation,
    // It cannot be looked up because of what has failed already.
    () => undefined,
  );
  if (rotation === undefined || rotation.stage === 'creating') return error;
  const message = `${signal.aborted ? 'stopped' : textOf(error)}; the rotation of ${JSON.stringify(profile)} is not finished, but no key is lost: 'keyturn rotate ${profile}' goes on from here`;
  const code = error instanceof VaultError && !signal.aborted ? error.code : 'CANCELLED';
  const details = error instanceof VaultError ? error.details : { profile };
  return new VaultError(code, message, { details, cause: error });
}
