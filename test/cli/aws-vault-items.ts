import fs from 'node:fs';
import path from 'node:path';
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { World } from './world.ts';

export const PASSPHRASE = 'correct horse';

const secret = new TextEncoder().encode(PASSPHRASE);

function fileOf({ vaultDir }: World, key: string): string {
  return path.join(vaultDir, key.replaceAll('%', '%25').replaceAll('/', '%2F'));
}

/** Puts an item into the file vault as aws-vault 7.2 writes it, with an implementation of JOSE that is not ours. */
export async function writeAwsVaultItem(world: World, key: string, data: object): Promise<void> {
  const item = {
    Key: key,
    Data: Buffer.from(JSON.stringify(data)).toString('base64'),
    Label: `aws-vault (${key})`,
    Description: '',
    KeychainNotTrustApplication: true,
    KeychainNotSynchronizable: false,
  };
  const created = '2023-02-01 10:00:00.123456789 +0100 CET m=+0.012345678';
  const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(item)))
    .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', created })
    .setKeyManagementParameters({ p2c: 8192 })
    .encrypt(secret);
  fs.mkdirSync(world.vaultDir, { recursive: true, mode: 0o700 });
  fs.writeFileSync(fileOf(world, key), jwe, { mode: 0o600 });
}

/** aws-vault's item of a long-lived key. */
export function masterItem({ accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string }): object {
  return {
    AccessKeyID: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: '',
    Source: '',
    CanExpire: false,
    Expires: '0001-01-01T00:00:00Z',
  };
}

/** aws-vault's name of a session that ends at `expiresAt`. */
export function sessionName(type: string, profile: string, mfa: string, expiresAt: Date): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64url');
  return `${type},${base64(profile)},${base64(mfa)},${Math.floor(expiresAt.getTime() / 1000)}`;
}

/** An item of the vault as aws-vault's library would read it: the item itself, and its data parsed. */
export async function readAwsVaultItem(world: World, key: string): Promise<{ item: unknown; data: unknown }> {
  const { plaintext } = await compactDecrypt(fs.readFileSync(fileOf(world, key), 'utf8'), secret, {
    keyManagementAlgorithms: ['PBES2-HS256+A128KW'],
    maxPBES2Count: 10_000,
  });
  const item: unknown = JSON.parse(new TextDecoder().decode(plaintext));
  const isItem = typeof item === 'object' && item !== null && 'Data' in item && typeof item.Data === 'string';
  if (!isItem) throw new Error(`${key} is no item of aws-vault's`);
  return { item, data: JSON.parse(Buffer.from(String(item.Data), 'base64').toString('utf8')) };
}

/** The names of all items, as aws-vault lists them. */
export function itemNames({ vaultDir }: World): string[] {
  if (!fs.existsSync(vaultDir)) return [];
  return fs.readdirSync(vaultDir).map((file) => file.replaceAll('%2F', '/').replaceAll('%25', '%'));
}
