import { isStoredKey } from '../engine/session-cache.ts';
import { keyOf, storedFields } from '../engine/stored-key.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { FoundKey, PlaceContent, Unusable } from './import-place.ts';

/** The keys of a keyring whose items are those of aws-vault, which Granted's are as well. */
export async function keysOfItems(
  keyring: Pick<Keyring, 'keys' | 'get'>,
  section: Readonly<Record<string, string>> | undefined,
): Promise<PlaceContent> {
  const names = (await keyring.keys()).filter(isStoredKey).sort();
  return {
    keys: names.map((profile) => ({
      profile,
      read: () => readItem(keyring, profile),
      ...(section !== undefined && { section }),
    })),
    skipped: [],
  };
}

async function readItem(keyring: Pick<Keyring, 'get'>, profile: string): ReturnType<FoundKey['read']> {
  const item = await keyring.get(profile);
  if (item === undefined) return unusable('it has been removed meanwhile');
  const fields = storedFields(item.data, profile);
  const key = keyOf(fields);
  if (key === undefined) throw noKey(profile);
  if (fields.SessionToken) return unusable('it is a temporary key with a session token, which ends by itself');
  if (fields.KeyturnRotation !== undefined) {
    return unusable('its rotation was interrupted; finish that first with keyturn rotate, in the vault it is in');
  }
  return key;
}

function unusable(reason: string): Unusable {
  return { reason };
}

function noKey(profile: string): VaultError {
  return new VaultError('KEYRING_CORRUPT', `the item ${JSON.stringify(profile)} is no access key`, {
    details: { profile },
  });
}
