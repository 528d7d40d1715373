import { VaultError } from '../errors.ts';
import { newWrappedKey, unwrapKey, type WrappedKey, wrappingKey } from './jwe.ts';

/**
 * Whoever has the passphrase of a file vault: this process, or one that was unlocked and does the same for it. Only the keys of
 * single items go in and out, so that the passphrase stays where it is.
 */
export type KeyHolder = {
  /** The content key; undefined where the passphrase is not the item's. @throws VaultError KEYRING_LOCKED */
  readonly unwrap: (key: WrappedKey) => Buffer | undefined | Promise<Buffer | undefined>;
  /** The content key of an item that is to be written, wrapped. @throws VaultError KEYRING_LOCKED */
  readonly wrap: (contentKey: Buffer) => WrappedKey | Promise<WrappedKey>;
};

/** The holder of a passphrase that is known in this process. `rounds` is asked for at every write. */
export function passphraseHolder(passphrase: string, rounds: () => number | Promise<number>): KeyHolder {
  return {
    unwrap: ({ wrappedKey, salt, rounds: ofItem }) => unwrapKey(wrappedKey, wrappingKey(passphrase, salt, ofItem)),
    wrap: async (contentKey) => newWrappedKey(contentKey, passphrase, await rounds()),
  };
}

/** The vault in `dir` needs its passphrase. */
export function lockedVault(dir: string): VaultError {
  return new VaultError(
    'KEYRING_LOCKED',
    `the file vault ${JSON.stringify(dir)} is locked: give its passphrase, or set AWS_VAULT_FILE_PASSPHRASE`,
    { details: { backend: 'file', file: dir } },
  );
}

/** What was given is not the passphrase of the vault in `dir`. */
export function wrongPassphrase(dir: string): VaultError {
  return new VaultError(
    'KEYRING_LOCKED',
    `the passphrase is wrong: it does not open the file vault ${JSON.stringify(dir)}; repeat with the right one`,
    { details: { backend: 'file', file: dir } },
  );
}

/** No item tells whether a passphrase is the right one. */
export function emptyVault(dir: string): VaultError {
  const message = `the file vault ${JSON.stringify(dir)} is empty, so nothing tells whether the passphrase is right: add a key first, with 'keyturn add PROFILE'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { backend: 'file', file: dir } });
}
