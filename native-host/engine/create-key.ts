import type { Credentials } from '../aws/credentials.ts';
import {
  ACCESS_KEYS_PER_USER,
  type AccessKeyState,
  accessKeyLastUsed,
  createAccessKey,
  deleteAccessKey,
  listAccessKeys,
} from '../aws/iam-access-keys.ts';
import { type ErrorCode, VaultError } from '../errors.ts';
import {
  type Creating,
  forgetRotation,
  hasCode,
  masked,
  orGone,
  type Pending,
  type RotateOptions,
  reworded,
  store,
  textOf,
} from './rotation-call.ts';

/** AWS has refused the request as it stands: nothing was made. After any other failure nobody knows. */
const REFUSALS: readonly ErrorCode[] = [
  'AWS_ACCESS_DENIED',
  'AWS_REJECTED',
  'AWS_CREDENTIALS_INVALID',
  'AWS_CLOCK_SKEW',
  'AWS_THROTTLED',
  'CONFIG_INVALID',
];
/** How far this machine's clock may be from AWS's for a call to be accepted, and then some for the call itself. */
const CREATION_WINDOW_MS = 20 * 60 * 1000;

/**
 * The user's keys; `undefined` where the user may not list them, which rotation does not depend on.
 * @throws VaultError AWS_*, CANCELLED
 */
export async function keysOfUser(
  { userName, service, report }: RotateOptions,
  signer: Credentials,
): Promise<readonly AccessKeyState[] | undefined> {
  try {
    return await listAccessKeys(service(signer), { userName });
  } catch (error) {
    if (!hasCode(error, 'AWS_ACCESS_DENIED')) throw error;
    const consequence = `it is not known whether there is room for another key (AWS allows ${ACCESS_KEYS_PER_USER})`;
    report({ type: 'not-allowed', action: 'iam:ListAccessKeys', consequence });
    return undefined;
  }
}

/**
 * Makes a new key and stores it beside the old one. That it is being made is written down first: a process that is killed before
 * it has stored the answer leaves a key without a secret, which the next rotation then finds and deletes.
 * @throws VaultError AWS_*, KEYRING_*: nothing is left behind, or the message says what
 */
export async function createKey(
  options: RotateOptions,
  old: Credentials,
  { signer, keys }: { readonly signer: Credentials; readonly keys: readonly AccessKeyState[] | undefined },
): Promise<Pending> {
  const { userName, now, report, service, signal } = options;
  const creating: Creating = {
    stage: 'creating',
    startedAt: now(),
    knownKeyIds: keys?.map(({ accessKeyId }) => accessKeyId),
  };
  signal.throwIfAborted();
  await store(options, old, { key: old, rotation: creating });
  report({ type: 'creating' });
  // Not to be cut short by a Ctrl-C: the answer holds the only copy of the secret.
  const uninterrupted = service(signer, new AbortController().signal);
  const stopping = (): void => report({ type: 'stopping' });
  signal.addEventListener('abort', stopping, { once: true });
  const made = await createAccessKey(uninterrupted, { userName })
    .catch((error: unknown) => creationFailed(options, error, { old, creating, signer }))
    .finally(() => signal.removeEventListener('abort', stopping));
  const pending: Pending = { stage: 'pending', ...made };
  try {
    await store(options, old, { key: old, rotation: pending });
  } catch (error) {
    const { accessKeyId } = made.key;
    const undo = () => deleteAccessKey(uninterrupted, { userName, accessKeyId });
    await notStored(options, error, { old, accessKeyId, undo });
  }
  report({ type: 'created', accessKeyId: made.key.accessKeyId });
  return pending;
}

/**
 * Deletes the key that a creation of ours has left and of which nobody has the secret. Only one that came up while we were
 * making one, that is stored under no other name and was never used, can be it.
 * @throws VaultError AWS_ACCESS_DENIED where the user may not find that out; AWS_*
 */
export async function undoCreation(
  options: RotateOptions,
  { old, creating, signer }: { readonly old: Credentials; readonly creating: Creating; readonly signer: Credentials },
): Promise<void> {
  const { userName, report, service } = options;
  for (const { accessKeyId, createdAt } of (await keysOfUser(options, signer)) ?? []) {
    const isKnown = accessKeyId === old.accessKeyId || (creating.knownKeyIds?.includes(accessKeyId) ?? false);
    const apartMs = Math.abs(createdAt.getTime() - creating.startedAt.getTime());
    if (isKnown || apartMs > CREATION_WINDOW_MS || (await options.isStored(accessKeyId))) continue;
    if ((await lastUsed(options, accessKeyId, signer)) !== undefined) continue;
    await deleteAccessKey(service(signer), { userName, accessKeyId }).catch(orGone);
    report({ type: 'unused-key-deleted', accessKeyId });
  }
  await forgetRotation(options, old);
}

async function lastUsed(
  { service, profile }: RotateOptions,
  accessKeyId: string,
  signer: Credentials,
): Promise<Date | undefined> {
  try {
    return await accessKeyLastUsed(service(signer), accessKeyId);
  } catch (error) {
    if (!hasCode(error, 'AWS_ACCESS_DENIED')) throw error;
    const message = `${error.message}; the key ${masked(accessKeyId)} seems to be left of a rotation of ${JSON.stringify(profile)} that was interrupted, but without iam:GetAccessKeyLastUsed nobody can say that it is unused: delete it in IAM if it is, and repeat`;
    throw reworded(error, message);
  }
}

type Failed = { readonly old: Credentials; readonly creating: Creating; readonly signer: Credentials };

async function creationFailed(options: RotateOptions, error: unknown, failed: Failed): Promise<never> {
  if (!(error instanceof VaultError)) throw error;
  const isLimit = error.details.awsCode?.startsWith('LimitExceeded') ?? false;
  const isRefused = REFUSALS.includes(error.code);
  const told = `Error creating a new access key: ${error.message}`;
  const remedy = isLimit ? '; delete a key of this user that is no longer needed, and repeat' : '';
  try {
    if (isRefused) await forgetRotation(options, failed.old);
    else await undoCreation(options, failed);
  } catch (failure) {
    const message = `${told}; the old key is unchanged, but AWS may have made a key nobody can use (${textOf(failure)}): run 'keyturn rotate ${options.profile}' again, which looks for it`;
    throw reworded(error, message);
  }
  throw reworded(error, `${told}${remedy}; the old key is unchanged`);
}

type NotStored = {
  readonly old: Credentials;
  readonly accessKeyId: string;
  /** Deletes the new key. */
  readonly undo: () => Promise<void>;
};

/** The vault did not take the new key, so nobody may ever use it. */
async function notStored(
  options: RotateOptions,
  error: unknown,
  { old, accessKeyId, undo }: NotStored,
): Promise<never> {
  const { profile } = options;
  const code = error instanceof VaultError ? error.code : 'KEYRING_UNAVAILABLE';
  const why = `the new key could not be stored (${textOf(error)})`;
  try {
    await undo();
  } catch (failure) {
    const message = `${why} nor deleted again (${textOf(failure)}); the old key still works: delete ${accessKeyId} in IAM, or run 'keyturn rotate ${profile}' once the vault can be written, which does it`;
    throw new VaultError(code, message, { details: { profile }, cause: error });
  }
  // Where that cannot be written either, the next rotation looks for a key that was lost, finds none and goes on.
  await forgetRotation(options, old).catch(() => undefined);
  const message = `${why}; it was deleted again, and the old key is unchanged: see that the vault can be written, and repeat`;
  throw new VaultError(code, message, { details: { profile }, cause: error });
}
