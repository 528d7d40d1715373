import { type ConfigFile, visibleProfiles } from './aws/config-file.ts';
import type { Credentials } from './aws/credentials.ts';
import type { ResolvedProfile } from './aws/profile.ts';
import type { Env } from './engine/context.ts';
import { isStoredKey } from './engine/session-cache.ts';
import { FileVault } from './file-vault.ts';
import type { AwsLoginOptions } from './operations/aws-login.ts';
import type { CachedSession } from './operations/cached-session.ts';
import type { ConsoleRequest, ConsoleSignIn, EnvironmentConsoleRequest } from './operations/console.ts';
import type { ConsolePlan } from './operations/console-plan.ts';
import type { DoctorRequest } from './operations/doctor.ts';
import type { ExplainRequest, Explanation } from './operations/explain.ts';
import type { Finding } from './operations/finding.ts';
import type { Inventory } from './operations/inventory.ts';
import type { Listing } from './operations/listing.ts';
import type { Prepared } from './operations/serve.ts';
import type { VaultStatus } from './operations/status.ts';
import type { ProfileSummary } from './protocol.ts';
import { type CallOptions, type CredentialsRequest, VaultAccess, type VaultOptions } from './vault-access.ts';
import { VaultKeys } from './vault-keys.ts';
import { VaultMfa } from './vault-mfa.ts';
import { VaultSso } from './vault-sso.ts';
import { VaultTransfers } from './vault-transfers.ts';

/** The operations of the product, behind both doors: messages and command line. What a cached `exec` does without is loaded late. */
export class Vault {
  readonly fileVault: FileVault;
  readonly keys: VaultKeys;
  readonly mfa: VaultMfa;
  readonly transfers: VaultTransfers;
  readonly sso: VaultSso;
  private readonly access: VaultAccess;
  private listed: { config: ConfigFile; keys: string; profiles: readonly ProfileSummary[] } | undefined;

  constructor(options: VaultOptions) {
    this.access = new VaultAccess(options);
    this.fileVault = new FileVault(this.access);
    this.keys = new VaultKeys(this.access);
    this.mfa = new VaultMfa(this.access);
    this.transfers = new VaultTransfers(this.access);
    this.sso = new VaultSso(this.access);
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

  /** Has a person log in for a profile with a `login_session`. @throws VaultError LOGIN_*, AWS_*, CONFIG_INVALID, CANCELLED */
  async awsLogin(profile: string, options: AwsLoginOptions): Promise<void> {
    const { awsLogin } = await import('./operations/aws-login.ts');
    return awsLogin(this.access, profile, options);
  }

  /** The session in the cache that serves a request as it is. @throws VaultError as planning and reading do */
  async cachedSession(request: CredentialsRequest, signal: AbortSignal): Promise<CachedSession | undefined> {
    const { cachedSession } = await import('./operations/cached-session.ts');
    return cachedSession(this.access, request, signal);
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

  /** Removes the cached sessions and the SSO token of one profile, or of all. */
  async clear(profile: string | undefined): Promise<{ sessions: number }> {
    const { clear } = await import('./operations/clear.ts');
    return clear(this.access, profile);
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
