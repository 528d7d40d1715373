import type { Credentials } from '../aws/credentials.ts';

/** Programs and files whose keys can be taken over. */
export const IMPORT_SOURCES = ['aws-vault', 'credentials', 'granted', 'leapp'] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];

/** A key that can be taken over, as far as its name tells. */
export type FoundKey = {
  readonly profile: string;
  /** @throws VaultError KEYRING_*, CREDENTIALS_NOT_FOUND */
  readonly read: () => Promise<Credentials | Unusable>;
  /** Settings of a new section of the config file; undefined where none is to be added. */
  readonly section?: Readonly<Record<string, string>>;
};

/** Why something that was found is no key to keep, in words that follow its name. */
export type Unusable = { readonly reason: string };

export type PlaceContent = {
  readonly keys: readonly FoundKey[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
};

/** One place where keys may lie. */
export type ImportPlace = {
  readonly source: ImportSource;
  /** As people know it: `aws-vault, in KWallet`. */
  readonly title: string;
  /** It is the vault in use itself, and there is nothing to do. */
  readonly isInUse?: boolean;
  /** The file of keys in plain text that this is. */
  readonly plainText?: { readonly file: string; readonly kind: 'credentials' | 'config' };
  /**
   * Opens it for as long as `use` takes. `passphrase`: what a person gave for this place.
   * @throws VaultError KEYRING_UNAVAILABLE where it is not on this machine, and other KEYRING_*
   */
  readonly open: <T>(passphrase: string | undefined, use: (content: PlaceContent) => Promise<T>) => Promise<T>;
};
