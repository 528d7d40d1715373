import { type ErrorCode, VaultError } from '../errors.ts';

type Meaning = readonly [code: ErrorCode, why: string];

const CORRUPT: Meaning = ['KEYRING_CORRUPT', 'GnuPG cannot decrypt it'];
const NO_KEY: Meaning = ['KEYRING_DENIED', 'it is encrypted for a GPG key that is not on this machine'];
const LOCKED: Meaning = ['KEYRING_LOCKED', 'the GPG key is locked, and its passphrase was not given'];

/** libgpg-error's numbers, which newer versions of GnuPG add. */
const CODES: Readonly<Record<number, Meaning>> = {
  11: ['KEYRING_LOCKED', 'the passphrase of the GPG key was wrong'],
  17: NO_KEY,
  62: ['KEYRING_LOCKED', 'nobody typed the passphrase of the GPG key in time'],
  99: ['KEYRING_DENIED', 'the question for the passphrase of the GPG key was dismissed'],
  85: ['KEYRING_LOCKED', 'no pinentry program is installed that could ask for the passphrase of the GPG key'],
};

/**
 * Why `pass show` could not decrypt `entry`, from GnuPG's status lines (`--status-fd`) among its stderr.
 * @see https://github.com/gpg/gnupg/blob/master/doc/DETAILS
 */
export function decryptionError(entry: string, status: string): VaultError {
  const [code, why] = meaningOf(status);
  const message = `the password store's entry ${JSON.stringify(entry)} cannot be read: ${why}; 'pass show' of it says more`;
  return new VaultError(code, message, { details: { backend: 'pass' } });
}

function meaningOf(status: string): Meaning {
  const has = (keyword: string): boolean => new RegExp(`^\\[GNUPG:\\] ${keyword}(?: |$)`, 'm').test(status);
  if (has('NODATA') || !has('ENC_TO')) return CORRUPT;
  // The lower half of the number; the upper one says which part of GnuPG it comes from.
  const codes = [...status.matchAll(/^\[GNUPG:\] ERROR \S+ (\d+)/gm)].map(([, code]) => Number(code) & 0xffff);
  const known = codes.map((code) => CODES[code]).find((meaning) => meaning !== undefined);
  if (known !== undefined) return known;
  // GnuPG considers only keys it has; what it then does not get from its agent is the key's passphrase.
  return has('KEY_CONSIDERED') ? LOCKED : NO_KEY;
}
