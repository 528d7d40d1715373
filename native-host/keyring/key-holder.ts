import { VaultError } from '../errors.ts';
import type { DerivedKeys } from './derived-keys.ts';
import { newSalt, unwrapKey, type WrappedKey, wrapKey, wrappingKey } from './jwe.ts';

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

const KEYS_MAX = 1024;

/**
 * The holder of a passphrase that is known in this process. `rounds` is asked for at every write. Each key is derived once, and
 * what earlier processes have derived is found in `derived`.
 */
export function passphraseHolder(
  passphrase: string,
  rounds: () => number | Promise<number>,
  derived?: DerivedKeys,
): KeyHolder {
  const known = new Map<string, Buffer>();
  const nameOf = (salt: Buffer, rounds: number): string => `${rounds} ${salt.toString('base64url')}`;
  const keep = (salt: Buffer, rounds: number, key: Buffer): void => {
    const [oldest] = known.keys();
    if (known.size >= KEYS_MAX && oldest !== undefined) known.delete(oldest);
    known.set(nameOf(salt, rounds), key);
    derived?.keep(passphrase, { salt, rounds }, key);
  };
  return {
    unwrap({ wrappedKey, salt, rounds: ofItem }) {
      const kept = known.get(nameOf(salt, ofItem)) ?? derived?.find(passphrase, { salt, rounds: ofItem });
      const contentKey = kept && unwrapKey(wrappedKey, kept);
      if (contentKey !== undefined) return contentKey;
      const key = wrappingKey(passphrase, salt, ofItem);
      const opened = unwrapKey(wrappedKey, key);
      if (opened !== undefined) keep(salt, ofItem, key);
      return opened;
    },
    async wrap(contentKey) {
      const salt = newSalt();
      const written = await rounds();
      const key = wrappingKey(passphrase, salt, written);
      keep(salt, written, key);
      return { salt, rounds: written, wrappedKey: wrapKey(contentKey, key) };
    },
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
