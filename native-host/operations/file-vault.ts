import { VaultError } from '../errors.ts';
import { DerivedKeys, forgetDerivedKeys } from '../keyring/derived-keys.ts';
import { emptyVault, type KeyHolder, lockedVault, passphraseHolder, wrongPassphrase } from '../keyring/key-holder.ts';
import { opensAny } from '../keyring/open-item.ts';
import { strongRounds } from '../keyring/rounds.ts';
import type { LockState } from '../protocol.ts';
import type { VaultAccess } from '../vault-access.ts';

/**
 * Who can open the file vault now, and the rounds that its items are to have.
 * @throws VaultError USAGE where the vault in use is another one, KEYRING_LOCKED
 */
export async function requireFileVault(
  access: VaultAccess,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<{ readonly dir: string; readonly rounds: number; readonly holder: KeyHolder }> {
  await requireFileBackend(access);
  const { fileDir: dir, stateDir, fileRounds: asked } = access.settings;
  const rounds = strongRounds({ stateDir, asked }, { isKept: !isDryRun });
  const { knownPassphrase } = access;
  const derived = new DerivedKeys(dir, access.env);
  const own = knownPassphrase === undefined ? undefined : passphraseHolder(knownPassphrase, () => rounds, derived);
  const holder = own ?? (await access.keyHolder());
  if (holder === undefined) throw lockedVault(dir);
  return { dir, rounds, holder };
}

/**
 * The passphrase, which has opened an item.
 * @throws VaultError KEYRING_LOCKED (none yet, or a wrong one), CREDENTIALS_NOT_FOUND (an empty vault cannot tell), USAGE
 */
export async function provenPassphrase(access: VaultAccess): Promise<string> {
  await requireFileBackend(access);
  const { fileDir: dir, filePassphraseCommand: command } = access.settings;
  let passphrase = access.knownPassphrase;
  if (passphrase === undefined && command !== undefined) {
    const { passphraseFrom } = await import('./key-holders.ts');
    passphrase = await passphraseFrom(command, access);
  }
  const fits = await opensAny(
    dir,
    passphraseHolder(passphrase ?? '', () => 0),
  );
  if (fits === undefined) throw emptyVault(dir);
  if (passphrase === undefined) throw lockedVault(dir);
  if (!fits) throw wrongPassphrase(dir);
  return passphrase;
}

/** Of the process that keeps passphrases for others. Never fails: a vault that cannot be opened is no business of the lock's. */
export async function lockState(access: VaultAccess): Promise<LockState> {
  const seconds = access.unlocked?.lockAfterSeconds;
  if (seconds !== undefined) return { status: 'unlocked', lockAfterSeconds: seconds };
  const { filePassphrase, filePassphraseCommand } = access.settings;
  if (filePassphrase !== undefined || filePassphraseCommand !== undefined) return { status: 'none' };
  try {
    const isFile = (await access.withKeyring(async ({ backend }) => backend)) === 'file';
    return { status: isFile ? 'locked' : 'none' };
  } catch (error) {
    access.log(`no lock to show: ${error instanceof Error ? error.message : String(error)}`);
    return { status: 'none' };
  }
}

/** @throws VaultError KEYRING_LOCKED, USAGE where the vault in use is not a file vault */
export async function requireUnlocked(access: VaultAccess): Promise<void> {
  await requireFileBackend(access);
  const { fileDir } = access.settings;
  if (access.knownPassphrase === undefined && access.unlocked?.holder(fileDir) === undefined)
    throw lockedVault(fileDir);
}

/** Drops the keys that were derived for any file vault. */
export function forgetKeys({ env }: VaultAccess): void {
  forgetDerivedKeys(env);
}

async function requireFileBackend(access: VaultAccess): Promise<void> {
  const backend = await access.withKeyring(async (keyring) => keyring.backend);
  if (backend === 'file') return;
  const message = `the vault in use is ${backend}, which has no passphrase of Keyturn's: this is for the file vault (--backend file)`;
  throw new VaultError('USAGE', message, { details: { backend } });
}
