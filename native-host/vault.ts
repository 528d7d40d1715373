import { type ConfigFile, visibleProfiles } from './aws/config-file.ts';
import type { Credentials } from './aws/credentials.ts';
import { keysInPlainText, type PlainTextKey } from './aws/credentials-file.ts';
import { type ResolvedProfile, resolveProfile } from './aws/profile.ts';
import type { Env } from './engine/context.ts';
import type { RotateResult } from './engine/rotation-call.ts';
import { isStoredKey } from './engine/session-cache.ts';
import type { VaultError } from './errors.ts';
import { FileVault } from './file-vault.ts';
import type { KeyCheck } from './operations/check-key.ts';
import type { ConsoleRequest, ConsoleSignIn, EnvironmentConsoleRequest } from './operations/console.ts';
import type { ConsolePlan } from './operations/console-plan.ts';
import type { DoctorRequest } from './operations/doctor.ts';
import type { ExplainRequest, Explanation } from './operations/explain.ts';
import type { Finding } from './operations/finding.ts';
import type { ImportRequest, PlainTextLeft } from './operations/import-keys.ts';
import type { ImportPlace, ImportSource } from './operations/import-place.ts';
import type { Inventory } from './operations/inventory.ts';
import type { Listing } from './operations/listing.ts';
import type { Adoption, MfaOwner, MfaOwnerRequest } from './operations/mfa-devices.ts';
import type { MigrateRequest, MoveResult, RestoreRequest } from './operations/move-keys.ts';
import type { RotateKeyRequest, RotationPlan } from './operations/rotate-key.ts';
import type { Prepared } from './operations/serve.ts';
import type { SsoLoginOptions } from './operations/sso-login.ts';
import type { VaultStatus } from './operations/status.ts';
import type { NewKey, NewProfile, Removal } from './operations/stored-keys.ts';
import type { ProfileSummary } from './protocol.ts';
import type { SpentCodes } from './spent-codes.ts';
import { type CallOptions, type CredentialsRequest, VaultAccess, type VaultOptions } from './vault-access.ts';

export type { ImportedKey, ImportRequest } from './operations/import-keys.ts';
export type { ImportPlace, ImportSource } from './operations/import-place.ts';

/** The operations of the product, behind both doors: messages and command line. What a cached `exec` does without is loaded late. */
export class Vault {
  readonly fileVault: FileVault;
  private readonly access: VaultAccess;
  private listed: { config: ConfigFile; keys: string; profiles: readonly ProfileSummary[] } | undefined;

  constructor(options: VaultOptions) {
    this.access = new VaultAccess(options);
    this.fileVault = new FileVault(this.access);
  }

  /** One holder per session among all processes of the user. */
  get locks(): VaultAccess['locks'] {
    return this.access.locks;
  }

  /** Takes a passphrase for the file vault; absent where the environment already gives one. */
  get unlock(): VaultAccess['unlock'] {
    return this.access.unlock;
  }

  get env(): Env {
    return this.access.env;
  }

  /** The MFA codes that this user's processes have sent: each works once. */
  async spentCodes(): Promise<SpentCodes> {
    const { spentCodes } = await import('./spent-codes.ts');
    const { settings, locks, now } = this.access;
    return spentCodes({ dir: `${settings.stateDir}/mfa`, locks, now });
  }

  /** The config file as it is now. @throws VaultError CONFIG_INVALID */
  config(): Promise<ConfigFile> {
    return this.access.config();
  }

  /**
   * Every profile the popup shows, in the order of the config file, then stored keys without a section. A popup asks every time
   * it opens, so the answer is kept until the file or the vault's keys change.
   */
  async list(): Promise<{ profiles: readonly ProfileSummary[] }> {
    const { access } = this;
    const config = await access.config();
    const stored = await access.withKeyring(async (keyring) => (await keyring.keys()).filter(isStoredKey));
    const keys = JSON.stringify(stored);
    if (this.listed?.config !== config || this.listed.keys !== keys) {
      const { profileSummaries } = await import('./profile-summary.ts');
      const names = new Set([...visibleProfiles(config), ...stored]);
      const chain = access.chainOptions(config, new Set(stored), { profile: '', flags: {} });
      this.listed = { config, keys, profiles: profileSummaries(names, chain) };
    }
    return { profiles: this.listed.profiles };
  }

  /** What is there: sections of the config file in file order, and what the vault holds. Needs no passphrase. */
  async inventory(): Promise<Inventory> {
    const { inventory } = await import('./operations/inventory.ts');
    return inventory(this.access);
  }

  /** The cached sessions that have not expired, with what their names tell. Needs no passphrase. */
  async status(): Promise<VaultStatus> {
    const { vaultStatus } = await import('./operations/status.ts');
    return vaultStatus(this.access);
  }

  /** Names to complete on a command line, without opening a keyring that could ask its owner anything. */
  async profileNames(options: { readonly stored: boolean }): Promise<string[]> {
    const { profileNames } = await import('./operations/profile-names.ts');
    return profileNames(this.access, options);
  }

  /** The inventory, how old the keys are, and which lie in plain text. Needs no passphrase. @throws VaultError as inventory does */
  async listing(): Promise<Listing> {
    const { listing } = await import('./operations/listing.ts');
    return listing(this.access);
  }

  /**
   * Credentials of a profile for a program.
   * @throws VaultError MFA_REQUIRED, KEYRING_LOCKED (ask and repeat: ask.ts) and everything credentialsOf throws
   */
  credentials(
    request: CredentialsRequest,
    call: CallOptions,
  ): Promise<{ credentials: Credentials; profile: ResolvedProfile }> {
    return this.access.withKeyring(async (keyring) => {
      const plan = await this.access.plan(request, { keyring, signal: call.signal });
      return { credentials: await this.access.run(plan, call), profile: plan.profile };
    });
  }

  /**
   * How a profile's credentials would be got, without a call to AWS and without a passphrase.
   * @throws VaultError PROFILE_NOT_FOUND, KEYRING_*
   */
  async explain(request: ExplainRequest): Promise<Explanation> {
    const { explain } = await import('./operations/explain.ts');
    return explain(this.access, request);
  }

  /**
   * Credentials of any role, assumed with a profile's. Cached as the profile's own are.
   * @throws VaultError as `credentials` does
   */
  async roleCredentials(request: CredentialsRequest, roleArn: string, call: CallOptions): Promise<Credentials> {
    const { roleCredentials } = await import('./operations/serve.ts');
    return roleCredentials(this.access, { ...request, roleArn }, call);
  }

  /**
   * A profile's settings, with the vault open for its credentials: what needs a passphrase later would have nobody to ask.
   * @throws VaultError KEYRING_LOCKED (ask and repeat: ask.ts), PROFILE_NOT_FOUND, CONFIG_INVALID, CREDENTIALS_NOT_FOUND
   */
  async prepare(request: CredentialsRequest, signal: AbortSignal): Promise<Prepared> {
    const { prepare } = await import('./operations/serve.ts');
    return prepare(this.access, request, signal);
  }

  /**
   * A console sign-in URL of a profile.
   * @throws VaultError as `credentials` does
   */
  async consoleUrl(request: ConsoleRequest, call: CallOptions): Promise<ConsoleSignIn> {
    const { consoleUrl } = await import('./operations/console.ts');
    return consoleUrl(this.access, request, call);
  }

  /** A console sign-in URL made from credentials of the environment, for a login without a profile. */
  async consoleUrlOf(request: EnvironmentConsoleRequest, signal: AbortSignal): Promise<ConsoleSignIn> {
    const { consoleUrlOf } = await import('./operations/console.ts');
    return consoleUrlOf(this.access, request, signal);
  }

  /**
   * Has a person log in to the IAM Identity Center of a profile, unless there is a token already.
   * @throws VaultError SSO_LOGIN_DENIED, SSO_LOGIN_EXPIRED, CONFIG_INVALID, CANCELLED, AWS_*
   */
  async ssoLogin(profile: string, options: SsoLoginOptions): Promise<void> {
    const { ssoLogin } = await import('./operations/sso-login.ts');
    return ssoLogin(this.access, profile, options);
  }

  /** What a console sign-in of a profile would be made of; see ConsolePlan. @throws VaultError as `credentials` does */
  async consolePlan(request: ConsoleRequest, signal: AbortSignal, call?: CallOptions): Promise<ConsolePlan> {
    const { consolePlan } = await import('./operations/console-plan.ts');
    return consolePlan(this.access, request, { signal, ...(call && { call }) });
  }

  /** The page that ends a browser's console session. @throws VaultError CONFIG_INVALID, PROFILE_LOOP */
  async signOutUrl(profile: string | undefined): Promise<{ url: string }> {
    const { signOutUrl } = await import('./operations/console.ts');
    return signOutUrl(this.access, profile);
  }

  /**
   * The program that answers for an MFA device: that of the profile which needs the code, else that of the one the person named,
   * where both have the same device.
   */
  async mfaProcess(profile: string, named?: string): Promise<string | undefined> {
    const config = await this.access.config();
    const resolve = (name: string) => resolveProfile(name, { config, env: this.env, flags: {}, isTarget: false });
    const { mfaProcess, mfaSerial } = resolve(profile);
    if (mfaProcess !== undefined || named === undefined) return mfaProcess;
    const other = resolve(named);
    return other.mfaSerial === mfaSerial ? other.mfaProcess : undefined;
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

  /** Stores a profile's key; the sessions that began with the old one go. Answers how many there were. */
  async add(key: NewKey): Promise<{ sessions: number; abandonedKeyId?: string }> {
    const { addKey } = await import('./operations/stored-keys.ts');
    return addKey(this.access, key);
  }

  /** Asks AWS whose key this is, before it is stored. @throws VaultError as checkKey does */
  async checkKey(key: NewKey, signal: AbortSignal): Promise<KeyCheck> {
    const { checkKey } = await import('./operations/check-key.ts');
    return checkKey(this.access, key, signal);
  }

  /** The keys that lie in plain text in AWS's two files. @throws VaultError CONFIG_INVALID */
  async plainTextKeys(): Promise<{ credentialsFile: string; keys: readonly PlainTextKey[] }> {
    const { settings } = this.access;
    return { credentialsFile: settings.credentialsFile, keys: keysInPlainText(settings) };
  }

  /** Adds the profile's section to the config file unless it has one. */
  async addProfile(profile: NewProfile, signal: AbortSignal): Promise<void> {
    const { addProfile } = await import('./operations/stored-keys.ts');
    return addProfile(this.access, profile, signal);
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

  /**
   * The IAM user whose stored key a profile's credentials begin with, and what can be done about its MFA devices.
   * @throws VaultError as `credentials` does; USAGE where there is no such user
   */
  async mfaOwner(request: MfaOwnerRequest, call: CallOptions): Promise<MfaOwner> {
    const { mfaOwner } = await import('./operations/mfa-devices.ts');
    return mfaOwner(this.access, request, call);
  }

  /** The roles that begin with the key of `profile` and name no MFA device, or the one it had. */
  async mfaRoles(profile: string, before: string | undefined): Promise<string[]> {
    const { mfaRoles } = await import('./operations/mfa-devices.ts');
    return mfaRoles(this.access, profile, before);
  }

  /** Writes `mfa_serial` to these profiles and removes the sessions made without it. Answers how many there were. */
  async adoptMfaDevice(names: readonly string[], adoption: Adoption): Promise<{ sessions: number }> {
    const { adoptMfaDevice } = await import('./operations/mfa-devices.ts');
    return adoptMfaDevice(this.access, names, adoption);
  }

  /** Removes the cached sessions and the SSO token of one profile, or of all. */
  async clear(profile: string | undefined): Promise<{ sessions: number }> {
    const { clear } = await import('./operations/clear.ts');
    return clear(this.access, profile);
  }

  /** Copies stored keys to another backend. @throws VaultError USAGE, KEYRING_*; what was copied by then stays */
  async migrate(request: MigrateRequest): Promise<MoveResult> {
    const { migrate } = await import('./operations/move-keys.ts');
    return migrate(this.access, request);
  }

  /** All stored keys as the text of a backup under `passphrase`. */
  async backup(passphrase: string): Promise<{ text: string; count: number }> {
    const { backup } = await import('./operations/move-keys.ts');
    return backup(this.access, passphrase);
  }

  /** Puts the keys of a backup's text into the vault. @throws VaultError KEYRING_LOCKED (wrong passphrase), KEYRING_CORRUPT */
  async restore(request: RestoreRequest): Promise<MoveResult> {
    const { restore } = await import('./operations/move-keys.ts');
    return restore(this.access, request);
  }

  /** The places where keys of other programs may lie; none is opened yet. */
  async importPlaces(from: ImportSource | undefined): Promise<readonly ImportPlace[]> {
    const { importPlaces } = await import('./operations/import-sources.ts');
    return importPlaces(this.access, from);
  }

  /** Copies the keys of such a place to the vault in use. Answers why it could not be read. @throws VaultError as importKeys does */
  async importKeys(place: ImportPlace, request: ImportRequest): Promise<VaultError | undefined> {
    const { importKeys } = await import('./operations/import-keys.ts');
    return importKeys(this.access, place, request);
  }

  /** Takes keys that the vault has out of a file that holds them in plain text. @throws VaultError CONFIG_INVALID, KEYRING_* */
  async removePlainText(
    left: PlainTextLeft,
    profiles: readonly string[],
  ): Promise<{ readonly removed: readonly string[]; readonly backup: string } | undefined> {
    const { removePlainText } = await import('./operations/import-keys.ts');
    return removePlainText(this.access, left, profiles);
  }

  /** What works on this machine and what does not; asks nobody anything. @throws VaultError CANCELLED */
  async diagnose(request: DoctorRequest): Promise<readonly Finding[]> {
    const { diagnose } = await import('./operations/doctor.ts');
    return diagnose(this.access, request);
  }

  /** Lets go of the keyring. */
  close(): Promise<void> {
    return this.access.close();
  }
}
