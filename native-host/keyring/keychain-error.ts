import { type ErrorCode, VaultError } from '../errors.ts';

/** Security.framework's results that are more than a failure. @see SecBase.h */
export const STATUS = {
  itemNotFound: -25300,
  noSuchKeychain: -25294,
  duplicateItem: -25299,
  duplicateKeychain: -25296,
} as const;

const WAY_OUT = 'or choose the encrypted file with --backend file';

const MEANINGS: Readonly<Record<number, readonly [code: ErrorCode, what: string]>> = {
  [-128]: ['KEYRING_DENIED', 'the question of the keychain was dismissed; repeat the command to be asked again'],
  [-25293]: ['KEYRING_DENIED', 'the keychain was not opened: access was denied or its password was wrong; repeat'],
  [-25243]: ['KEYRING_DENIED', 'the keychain does not allow this program to use the item; allow it in Keychain Access'],
  [-25308]: ['KEYRING_LOCKED', `the keychain is locked and there is no desktop to ask on; unlock it there, ${WAY_OUT}`],
  [-25315]: ['KEYRING_LOCKED', `the keychain is locked and there is no desktop to ask on; unlock it there, ${WAY_OUT}`],
  [-25295]: ['KEYRING_CORRUPT', 'the file of the keychain is damaged; restore it from a backup'],
  [-26275]: ['KEYRING_CORRUPT', 'the item of the keychain cannot be decrypted; remove it and add it again'],
};

/** A result of Security.framework other than 0. */
export function keychainError(status: number): VaultError {
  const other = `the keychain cannot be used (macOS' result ${status}); look at it in Keychain Access, ${WAY_OUT}`;
  const [code, message] = MEANINGS[status] ?? ['KEYRING_UNAVAILABLE' as const, other];
  return new VaultError(code, message, { details: { backend: 'keychain' } });
}

export function unansweredError(seconds: number): VaultError {
  const message = `the keychain is locked, and nobody answered its question within ${seconds} s; repeat, ${WAY_OUT}`;
  return new VaultError('KEYRING_LOCKED', message, { details: { backend: 'keychain' } });
}
