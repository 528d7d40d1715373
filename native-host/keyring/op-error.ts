import { type ErrorCode, VaultError } from '../errors.ts';

type Meaning = readonly [words: RegExp, code: ErrorCode, what: string];

/** `op` ends with 1 whatever happened and numbers nothing, so its words are all there is to tell by. */
const MEANINGS: readonly Meaning[] = [
  [
    /not currently signed in|session expired|no accounts? (?:configured|found)|account is not signed in/i,
    'KEYRING_LOCKED',
    "nobody is signed in to 1Password; run 'op signin', or set OP_SERVICE_ACCOUNT_TOKEN",
  ],
  [
    /authorization timeout|\blocked\b/i,
    'KEYRING_LOCKED',
    '1Password is locked and nobody opened it in time; open its app and repeat',
  ],
  [
    /prompt dismissed|authorization denied/i,
    'KEYRING_DENIED',
    'the question of 1Password was dismissed; repeat the command to be asked again',
  ],
  [
    /permission|forbidden|\(40[13]\)|unauthori[sz]ed/i,
    'KEYRING_DENIED',
    '1Password does not allow this account to do that; ask the owner of the vault',
  ],
  [/isn't a vault/i, 'KEYRING_UNAVAILABLE', '1Password knows no such vault; give its ID with --op-vault-id'],
];

/** Why `op` failed, by its stderr. */
export function opFailure(stderr: string): VaultError {
  const [, code, what] = MEANINGS.find(([words]) => words.test(stderr)) ?? ['', 'KEYRING_UNAVAILABLE' as const, ''];
  const line = stderr.trim().split('\n').at(-1)?.trim().slice(0, 200) || 'it said nothing';
  const message = what || `1Password's program op failed (${line}); try it with 'op item list'`;
  return new VaultError(code, message, { details: { backend: 'op' } });
}
