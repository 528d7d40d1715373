import { keysInPlainText } from '../aws/credentials-file.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type Inventory, inventory } from './inventory.ts';
import { type KeyAge, keyAges } from './key-ages.ts';

export type Listing = Inventory & {
  /** Of the stored keys whose age is known. */
  readonly ages: ReadonlyMap<string, KeyAge>;
  /** Stored keys whose rotation was interrupted. */
  readonly rotating: readonly string[];
  /** Profiles whose key lies in plain text in one of AWS's files. Temporary credentials are none. */
  readonly plainText: readonly { readonly profile: string; readonly file: string }[];
  /** Why these files could not be read. */
  readonly plainTextProblem?: string;
};

/** All that can be told of profiles, keys and sessions without a passphrase and without asking AWS. */
export async function listing(access: VaultAccess): Promise<Listing> {
  const found = await inventory(access);
  const keys = await access.withKeyring((keyring) => keyAges(access, keyring, found.storedKeys));
  return { ...found, ...keys, ...unprotected(access) };
}

/** A file that cannot be read is no reason to show nothing. */
function unprotected({ settings }: VaultAccess) {
  try {
    const keys = keysInPlainText(settings).filter(({ isTemporary }) => !isTemporary);
    return { plainText: keys.map(({ profile, file }) => ({ profile, file })) };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return { plainText: [], plainTextProblem: error.message };
  }
}
