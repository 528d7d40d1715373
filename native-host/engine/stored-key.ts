import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';

/**
 * A profile's long-lived key from the keyring, in aws-vault's item format (`AccessKeyID`, other fields ignored).
 * @throws VaultError CREDENTIALS_NOT_FOUND, KEYRING_CORRUPT and whatever the keyring throws
 */
export async function readStoredKey(keyring: Keyring, profile: string): Promise<Credentials> {
  const item = await keyring.get(profile);
  if (item === undefined) {
    const message = `profile ${profile}: credentials missing; store its key with 'keyturn add ${profile}'`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
  }
  return keyOf(storedFields(item.data, profile)) ?? corrupt(profile);
}

/**
 * Stores a long-lived key so that aws-vault on the same vault uses it too. Overwrites. `fields` go with it: aws-vault leaves
 * fields that it does not know alone when it reads, and drops them when it writes.
 */
export async function writeStoredKey(
  keyring: Keyring,
  profile: string,
  key: Credentials,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const data = JSON.stringify({
    AccessKeyID: key.accessKeyId,
    SecretAccessKey: key.secretAccessKey,
    SessionToken: '',
    Source: '',
    CanExpire: false,
    Expires: '0001-01-01T00:00:00Z',
    ...fields,
  });
  await keyring.set({ key: profile, data, label: `aws-vault (${profile})` });
}

/** The key in fields named as aws-vault names them; `undefined` when there is none. */
export function keyOf({ AccessKeyID, SecretAccessKey }: Readonly<Record<string, unknown>>): Credentials | undefined {
  if (!isText(AccessKeyID) || !isText(SecretAccessKey)) return undefined;
  return { accessKeyId: AccessKeyID, secretAccessKey: SecretAccessKey };
}

/** All fields of a stored key's item. @throws VaultError KEYRING_CORRUPT */
export function storedFields(data: string, profile: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    // The parser's own message would quote the secret, so it does not become the cause.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return corrupt(profile);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function corrupt(profile: string): never {
  const message = `the vault's item ${JSON.stringify(profile)} is no access key; remove it and run 'keyturn add ${profile}' again`;
  throw new VaultError('KEYRING_CORRUPT', message, { details: { profile } });
}
