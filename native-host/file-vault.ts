import type { HardenRequest, HardenResult } from './operations/harden.ts';
import type { LockState } from './protocol.ts';
import type { VaultAccess } from './vault-access.ts';

/** What can be done with a file vault alone: to lock and unlock it, and to make it stronger. */
export class FileVault {
  private readonly access: VaultAccess;

  constructor(access: VaultAccess) {
    this.access = access;
  }

  /** Encrypts the items anew that are cheap to guess at. @throws VaultError USAGE, KEYRING_* */
  async harden(request: HardenRequest): Promise<HardenResult> {
    const { harden } = await import('./operations/harden.ts');
    return harden(this.access, request);
  }

  /** The passphrase, which has opened an item. @throws VaultError KEYRING_LOCKED, USAGE, CREDENTIALS_NOT_FOUND */
  async provenPassphrase(): Promise<string> {
    const { provenPassphrase } = await import('./operations/file-vault.ts');
    return provenPassphrase(this.access);
  }

  /** Drops the keys that were derived for any file vault. */
  async forgetDerivedKeys(): Promise<void> {
    const { forgetKeys } = await import('./operations/file-vault.ts');
    forgetKeys(this.access);
  }

  /** Whether this process keeps the vault unlocked. */
  async lockState(): Promise<LockState> {
    const { lockState } = await import('./operations/file-vault.ts');
    return lockState(this.access);
  }

  /** @throws VaultError KEYRING_LOCKED (ask and repeat: ask.ts) while the vault in use is locked */
  async requireUnlocked(): Promise<void> {
    const { requireUnlocked } = await import('./operations/file-vault.ts');
    return requireUnlocked(this.access);
  }
}
