/** What a keyring keeps under one key. `data` is the secret (JSON text of ours or of aws-vault's). */
export type KeyringItem = {
  readonly key: string;
  readonly data: string;
  /** Shown by keyring browsers (seahorse, Keychain Access); not secret. */
  readonly label: string;
  readonly description?: string;
};

/**
 * A place that keeps secrets. Four methods, the same rules for every backend (test/contract/keyring-contract.ts):
 *
 * - `get` answers `undefined` for a miss and throws for everything else, so a locked keyring never looks empty;
 * - `set` overwrites, atomically for a reader in another process;
 * - `remove` tells whether the item was there;
 * - `keys` lists only items this program or aws-vault wrote, without needing the secrets where the backend allows it.
 *
 * Every method may throw VaultError KEYRING_UNAVAILABLE (cannot be reached), KEYRING_LOCKED (an unlock is needed),
 * KEYRING_DENIED (the person or the system said no), KEYRING_CORRUPT (an item that is not what was written),
 * TIMEOUT (no answer in time).
 */
export interface Keyring {
  get(key: string): Promise<KeyringItem | undefined>;
  set(item: KeyringItem): Promise<void>;
  remove(key: string): Promise<boolean>;
  keys(): Promise<string[]>;
  /** When these items were last written, where the backend tells without the secrets and without a question. Some may be missing. */
  modifiedAt?(keys: readonly string[]): Promise<ReadonlyMap<string, Date>>;
}
