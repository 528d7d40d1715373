import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { rfc3339 } from '../rfc3339.ts';
import { keyOf, storedFields, writeStoredKey } from './stored-key.ts';

/**
 * How far the rotation of a stored key has come. It stands in the key's own item: what is stored and how far one is can never
 * disagree, whatever the process dies of, and each step is one write that a backend makes as a whole.
 */
export type Rotation =
  /** About to ask AWS for a new key. One that is not among `knownKeyIds` afterwards is ours, and its secret is lost. */
  | { readonly stage: 'creating'; readonly startedAt: Date; readonly knownKeyIds: readonly string[] | undefined }
  /** AWS has made `key`; whether it works is not known yet. The item's own key is the old one. */
  | { readonly stage: 'pending'; readonly key: Credentials; readonly createdAt: Date | undefined }
  /** The item's own key is the new one; `key` is the old one, which AWS may still have. */
  | { readonly stage: 'retiring'; readonly key: Credentials };

export type KeyItem = { readonly key: Credentials; readonly rotation?: Rotation };

/** The item's field. aws-vault ignores it, lists nothing because of it, and goes on using the item's own key. */
const FIELD = 'KeyturnRotation';

/** A stored key and its rotation, if one is under way. @throws VaultError CREDENTIALS_NOT_FOUND, KEYRING_* */
export async function readKeyItem(keyring: Keyring, profile: string): Promise<KeyItem> {
  const item = await keyring.get(profile);
  if (item === undefined) {
    const message = `the vault holds no key for profile ${JSON.stringify(profile)}; see 'keyturn list'`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
  }
  const fields = storedFields(item.data, profile);
  const key = keyOf(fields);
  if (key === undefined) throw corrupt(profile, 'it has no access key');
  const field = fields[FIELD];
  if (field === undefined) return { key };
  const rotation = typeof field === 'object' && field !== null ? parseRotation({ ...field }) : undefined;
  // Never guessed: what is wrong here may be the only copy of a key.
  if (rotation === undefined) throw corrupt(profile, `its field ${FIELD} cannot be read`);
  return { key, rotation };
}

/** Stores a key and how far its rotation has come, in one write. */
export function writeKeyItem(keyring: Keyring, profile: string, { key, rotation }: KeyItem): Promise<void> {
  return writeStoredKey(keyring, profile, key, rotation === undefined ? {} : { [FIELD]: formatRotation(rotation) });
}

function formatRotation(rotation: Rotation): Record<string, unknown> {
  if (rotation.stage === 'creating') {
    return {
      Stage: rotation.stage,
      StartedAt: rfc3339(rotation.startedAt),
      ...(rotation.knownKeyIds !== undefined && { KnownAccessKeyIDs: rotation.knownKeyIds }),
    };
  }
  const { accessKeyId, secretAccessKey } = rotation.key;
  const createdAt = rotation.stage === 'pending' ? rotation.createdAt : undefined;
  return {
    Stage: rotation.stage,
    AccessKeyID: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...(createdAt !== undefined && { CreateDate: rfc3339(createdAt) }),
  };
}

function parseRotation(field: Readonly<Record<string, unknown>>): Rotation | undefined {
  const { Stage: stage, StartedAt: started, KnownAccessKeyIDs: known, CreateDate: created } = field;
  if (stage === 'creating') {
    const startedAt = dateOf(started);
    const knownKeyIds = Array.isArray(known) ? known.map(String) : undefined;
    return startedAt === undefined ? undefined : { stage, startedAt, knownKeyIds };
  }
  const key = keyOf(field);
  if (key === undefined) return undefined;
  if (stage === 'pending') return { stage, key, createdAt: dateOf(created) };
  return stage === 'retiring' ? { stage, key } : undefined;
}

function dateOf(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function corrupt(profile: string, what: string): VaultError {
  const message = `the vault's item ${JSON.stringify(profile)} is damaged (${what}); store its key again with 'keyturn add ${profile}'`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { profile } });
}
