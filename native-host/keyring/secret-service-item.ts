import { VaultError } from '../errors.ts';
import { formatItem, parseItem } from './item-json.ts';
import type { KeyringItem } from './keyring.ts';

export const ITEM_CONTENT_TYPE = 'application/json';
/** The item as aws-vault keeps it in the Secret Service: all of it, as JSON with the data in base64, is the secret. */
export function encodeItem(item: KeyringItem): Buffer {
  return Buffer.from(formatItem(item));
}

/**
 * The item under `key`, whatever key it bears itself: the service found it by its attribute.
 * @throws VaultError KEYRING_CORRUPT when `secret` is not what `encodeItem` or aws-vault makes
 */
export function decodeItem(key: string, secret: Buffer): KeyringItem {
  const item = parseItem(secret, key);
  if (typeof item === 'string') throw corrupt(key);
  return { ...item, key };
}

function corrupt(key: string): VaultError {
  const text = `the keyring item ${JSON.stringify(key)} is not one of Keyturn or aws-vault`;
  return new VaultError(
    'KEYRING_CORRUPT',
    `${text}; remove it in the keyring application, or with remove and add it again`,
    {
      details: { backend: 'secret-service' },
    },
  );
}
