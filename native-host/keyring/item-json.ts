import { isUtf8 } from 'node:buffer';
import type { KeyringItem } from './keyring.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The JSON of 99designs/keyring's Item, fields in its order; Go writes a []byte as padded base64. */
export function formatItem({ key, data, label, description = '' }: KeyringItem): string {
  return JSON.stringify({
    Key: key,
    Data: Buffer.from(data).toString('base64'),
    Label: label,
    Description: description,
    KeychainNotTrustApplication: false,
    KeychainNotSynchronizable: false,
  });
}

/** The item, or in words what is wrong with it. What else Go leaves out or writes as null is taken as empty. */
export function parseItem(content: Buffer, expectedKey: string): KeyringItem | string {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    // JSON.parse throws nothing but SyntaxError, which quotes what it cannot read, and that is a secret.
    return 'its content is not JSON';
  }
  if (typeof json !== 'object' || json === null) return 'its content is not a keyring item';
  const fields: Readonly<Record<string, unknown>> = { ...json };
  const { Key: key = expectedKey, Label: label, Description: description } = fields;
  // Go writes an empty value as null, but it never leaves the field out.
  const encoded = fields.Data === null ? '' : fields.Data;
  if (typeof key !== 'string' || typeof encoded !== 'string' || !BASE64.test(encoded)) {
    return 'its content is not a keyring item';
  }
  const data = Buffer.from(encoded, 'base64');
  if (!isUtf8(data)) return 'its secret is not text';
  return {
    key,
    data: data.toString('utf8'),
    label: typeof label === 'string' ? label : '',
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
  };
}
