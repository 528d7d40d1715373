import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, VaultError } from '../errors.ts';
import type { Keyring } from './keyring.ts';
import { PasswordStoreKeyring, type PasswordStoreOptions } from './password-store.ts';

/** Where `passage` itself looks for its store. */
export function passageStore({ dir, env, homeDir }: Pick<PasswordStoreOptions, 'dir' | 'env' | 'homeDir'>): string {
  return dir ?? (env.PASSAGE_DIR || join(homeDir, '.passage', 'store'));
}

/**
 * The password store `passage` as a keyring: `pass` with age in place of GnuPG. age asks on the terminal where the identity has
 * a passphrase, and for the PIN or a touch where it is in a hardware key.
 * @throws VaultError KEYRING_UNAVAILABLE when `passage` or the store is not there
 * @see https://github.com/FiloSottile/passage
 */
export function passageKeyring(options: PasswordStoreOptions): Keyring {
  const { env, homeDir } = options;
  const store = passageStore(options);
  const identities = env.PASSAGE_IDENTITIES_FILE || join(homeDir, '.passage', 'identities');
  const kind = {
    name: 'passage',
    extension: '.age',
    toMake: 'make that directory and an identity, as its README says',
    isStore: existsSync,
    env: () => ({ PASSAGE_DIR: store }),
    canLook: () => isPlain(identities),
    readError,
  };
  return new PasswordStoreKeyring(kind, store, options);
}

/** Whether age can use all identities of this file without a question: none has a passphrase or lies in a hardware key. */
function isPlain(file: string): boolean {
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  return lines.every((line) => line === '' || line.startsWith('#') || line.startsWith('AGE-SECRET-KEY-'));
}

type Meaning = readonly [code: ErrorCode, why: string];

/** age ends with 1 whatever happened, so its words are all there is to tell by. */
const MEANINGS: readonly (readonly [words: RegExp, meaning: Meaning])[] = [
  [/no identity matched/, ['KEYRING_DENIED', 'it is encrypted for an age identity that is not on this machine']],
  [/incorrect passphrase/, ['KEYRING_LOCKED', 'the passphrase of the age identity was wrong']],
  [/could not read passphrase/, ['KEYRING_LOCKED', 'the age identity is locked, and its passphrase was not given']],
  [/plugin/, ['KEYRING_LOCKED', "the age identity's plugin did not open it"]],
  [/failed to open file/, ['KEYRING_LOCKED', 'there is no age identity that could open it']],
];
const CORRUPT: Meaning = ['KEYRING_CORRUPT', 'age cannot decrypt it'];

function readError(entry: string, stderr: string): VaultError {
  const [, [code, why]] = MEANINGS.find(([words]) => words.test(stderr)) ?? ['', CORRUPT];
  const message = `the password store's entry ${JSON.stringify(entry)} cannot be read: ${why}; 'passage show' of it says more`;
  return new VaultError(code, message, { details: { backend: 'passage' } });
}
