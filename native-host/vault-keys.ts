import { keysInPlainText, type PlainTextKey } from './aws/credentials-file.ts';
import type { RotateResult } from './engine/rotation-call.ts';
import type { KeyCheck } from './operations/check-key.ts';
import type { RotateKeyRequest, RotationPlan } from './operations/rotate-key.ts';
import type { NewKey, NewProfile, Removal } from './operations/stored-keys.ts';
import type { CallOptions, VaultAccess } from './vault-access.ts';

/** The keys that the vault stores, and those that still lie in plain text: to add, remove and rotate them. */
export class VaultKeys {
  private readonly access: VaultAccess;

  constructor(access: VaultAccess) {
    this.access = access;
  }

  /**
   * Refuses a name before anybody types a secret for it: one that the vault would take for a session or an SSO token, and,
   * where a section is to be added, one that the config file cannot hold.
   * @throws VaultError USAGE
   */
  async checkName(profile: string, options: { readonly addsSection: boolean }): Promise<void> {
    const { checkName } = await import('./operations/stored-keys.ts');
    checkName(profile, options);
  }

  /** Asks AWS whose key this is, before it is stored. @throws VaultError as checkKey does */
  async checkKey(key: NewKey, signal: AbortSignal): Promise<KeyCheck> {
    const { checkKey } = await import('./operations/check-key.ts');
    return checkKey(this.access, key, signal);
  }

  /** Stores a profile's key; the sessions that began with the old one go. Answers how many there were. */
  async add(key: NewKey): Promise<{ sessions: number; abandonedKeyId?: string }> {
    const { addKey } = await import('./operations/stored-keys.ts');
    return addKey(this.access, key);
  }

  /** Adds the profile's section to the config file unless it has one. */
  async addProfile(profile: NewProfile, signal: AbortSignal): Promise<void> {
    const { addProfile } = await import('./operations/stored-keys.ts');
    return addProfile(this.access, profile, signal);
  }

  /** The keys that lie in plain text in AWS's two files. @throws VaultError CONFIG_INVALID */
  async plainTextKeys(): Promise<{ credentialsFile: string; keys: readonly PlainTextKey[] }> {
    const { settings } = this.access;
    return { credentialsFile: settings.credentialsFile, keys: keysInPlainText(settings) };
  }

  /** Removes a profile's stored key and the sessions that began with it. @throws VaultError CREDENTIALS_NOT_FOUND */
  async remove(profile: string): Promise<Removal> {
    const { removeKey } = await import('./operations/stored-keys.ts');
    return removeKey(this.access, profile);
  }

  /** Finds the key behind a profile and asks AWS whose it is and how old. @throws VaultError as inspectKey does */
  async inspectKey(profile: string, signal: AbortSignal): Promise<RotationPlan> {
    const { inspectKey } = await import('./operations/rotate-key.ts');
    return inspectKey(this.access, profile, signal);
  }

  /** Replaces a stored key by a new one, or ends what an interrupted rotation has left. @throws VaultError as rotateStoredKey does */
  async rotate(request: RotateKeyRequest, call: CallOptions): Promise<RotateResult> {
    const { rotateStoredKey } = await import('./operations/rotate-key.ts');
    return rotateStoredKey(this.access, request, call);
  }
}
