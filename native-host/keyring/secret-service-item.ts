import { isUtf8 } from 'node:buffer';
import { VaultError } from '../errors.ts';
import type { KeyringItem } from './keyring.ts';

export const ITEM_CONTENT_TYPE = 'application/json';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The item as aws-vault keeps it in the Secret Service: all of it, as JSON with the data in base64, is the secret. */
export function encodeItem(item: KeyringItem): Buffer {
  const json = {
    Key: item.key,
    Data: Buffer.from(item.data).toString('base64'),
    Label: item.label,
    Description: item.description ?? '',
    KeychainNotTrustApplication: false,
    KeychainNotSynchronizable: false,
  };
  return Buffer.from(JSON.stringify(json));
}

/** @throws VaultError KEYRING_CORRUPT when `secret` is not what `encodeItem` or aws-vault makes */
export function decodeItem(key: string, secret: Buffer): KeyringItem {
  const json = parse(key, secret);
  const { Data: encoded, Label: label, Description: description } = json;
  // Go writes an empty value as null.
  const base64 = encoded === null ? '' : encoded;
  if (typeof json.Key !== 'string' || typeof base64 !== 'string' || !BASE64.test(base64)) throw corrupt(key);
  const data = Buffer.from(base64, 'base64');
  if (!isUtf8(data)) throw corrupt(key);
  return {
    key,
    data: data.toString(),
    label: typeof label === 'string' ? label : '',
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
  };
}

function parse(key: string, secret: Buffer): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(secret.toString());
    if (typeof json === 'object' && json !== null) return { ...json };
  } catch {
    // JSON.parse quotes what it cannot read, and that is a secret: its error must not become the cause of ours.
    throw corrupt(key);
  }
  throw corrupt(key);
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
