import { appendProfile, type ConfigFile, profileHeader, visibleProfiles } from './aws/config-file.ts';
import { configReader } from './aws/config-reader.ts';
import type { Credentials } from './aws/credentials.ts';
import { type ProfileFlags, type ResolvedProfile, resolveProfile, ttl } from './aws/profile.ts';
import type { ChainOptions, Step } from './engine/chain.ts';
import type { Context, Env } from './engine/context.ts';
import { type Answers, credentialsOf } from './engine/credentials.ts';
import { fileLocks, type Locks } from './engine/lock.ts';
import { beginsWith, planOver } from './engine/plan-over.ts';
import { isSsoToken, isStoredKey, parseSessionKey, removeSessions, type SessionKey } from './engine/session-cache.ts';
import { writeStoredKey } from './engine/stored-key.ts';
import { VaultError } from './errors.ts';
import type { Keyring } from './keyring/keyring.ts';
import { type OpenedKeyring, openKeyring } from './keyring/open.ts';
import type { ProfileSummary } from './protocol.ts';
import type { Settings } from './settings.ts';

export type VaultOptions = {
  readonly settings: Settings;
  readonly env: Env;
  readonly now: () => Date;
  readonly log: (line: string) => void;
  /** A line the user should see once, such as which vault was chosen. */
  readonly notice: (line: string) => void;
  /** Ends every wait on the keyring, such as an unlock prompt; calls to AWS end with their own call's signal. */
  readonly signal: AbortSignal;
};

/** What shapes one call for credentials. */
export type CredentialsRequest = {
  readonly profile: string;
  readonly flags: ProfileFlags;
  readonly noSession?: boolean;
};

export type CallOptions = { readonly answers: Answers; readonly signal: AbortSignal; readonly onWait?: () => void };

const DEFAULT_MIN_TTL_SECONDS = 300;

/** The operations of the product, behind both doors: the browser's messages and the command line. */
export class Vault {
  readonly locks: Locks;
  /** The config file as it is now. @throws VaultError CONFIG_INVALID */
  readonly config: () => Promise<ConfigFile>;
  private readonly options: VaultOptions;
  private opened: Promise<OpenedKeyring> | undefined;
  private passphrase: string | undefined;
  private listed: { config: ConfigFile; keys: string; profiles: readonly ProfileSummary[] } | undefined;

  constructor(options: VaultOptions) {
    this.options = options;
    this.passphrase = options.settings.filePassphrase;
    this.config = configReader(options.settings.configFile);
    this.locks = fileLocks(`${options.settings.stateDir}/locks`);
  }

  /** Takes a passphrase for the file vault; absent where the environment already gives one. */
  get unlock(): ((passphrase: string) => void) | undefined {
    if (this.options.settings.filePassphrase !== undefined) return undefined;
    return (passphrase) => {
      this.passphrase = passphrase;
    };
  }

  get env(): Env {
    return this.options.env;
  }

  /**
   * Every profile the popup shows, in the order of the config file, then stored keys without a section. A popup asks every time
   * it opens, so the answer is kept until the file or the vault's keys change.
   */
  async list(): Promise<{ profiles: readonly ProfileSummary[] }> {
    const config = await this.config();
    const stored = await this.withKeyring(async (keyring) => (await keyring.keys()).filter(isStoredKey));
    const keys = JSON.stringify(stored);
    if (this.listed?.config !== config || this.listed.keys !== keys) {
      const { profileSummaries } = await import('./profile-summary.ts');
      const names = new Set([...visibleProfiles(config), ...stored]);
      const chain = this.chainOptions(config, new Set(stored), { profile: '', flags: {} });
      this.listed = { config, keys, profiles: profileSummaries(names, chain) };
    }
    return { profiles: this.listed.profiles };
  }

  /** What is there: sections of the config file in file order, and what the vault holds. Needs no passphrase. */
  async inventory(): Promise<Inventory> {
    const config = await this.config();
    const keys = await this.withKeyring((keyring) => keyring.keys());
    return {
      profiles: visibleProfiles(config),
      storedKeys: keys.filter(isStoredKey),
      sessions: keys.flatMap((key) => parseSessionKey(key) ?? []),
      ssoTokens: keys.filter(isSsoToken),
    };
  }

  /**
   * Credentials of a profile for a program.
   * @throws VaultError MFA_REQUIRED, KEYRING_LOCKED (ask and repeat: ask.ts) and everything credentialsOf throws
   */
  credentials(
    request: CredentialsRequest,
    call: CallOptions,
  ): Promise<{ credentials: Credentials; profile: ResolvedProfile }> {
    return this.withKeyring(async (keyring) => {
      const plan = await this.plan(request, { keyring, signal: call.signal });
      return { credentials: await this.run(plan, call), profile: targetOf(plan.steps) };
    });
  }

  /**
   * A console sign-in URL of a profile.
   * @throws VaultError as `credentials` does
   */
  consoleUrl(
    request: CredentialsRequest & { readonly path?: string | undefined },
    call: CallOptions,
  ): Promise<{ url: string }> {
    return this.withKeyring(async (keyring) => {
      const plan = await this.plan(request, { keyring, signal: call.signal, isForConsole: true });
      const credentials = await this.run(plan, call);
      const profile = targetOf(plan.steps);
      const { consoleUrl, serviceOptions } = await loadConsole();
      const url = await consoleUrl({
        service: serviceOptions(profile, credentials, plan.context),
        region: profile.region,
        path: request.path,
        isRole: plan.steps.at(-1)?.type === 'assume-role',
        federationSeconds: profile.durations.federationToken.seconds,
      });
      return { url };
    });
  }

  /** A console sign-in URL made from credentials of the environment, for a login without a profile. */
  async consoleUrlOf(
    credentials: Credentials,
    { flags, path }: { readonly flags: ProfileFlags; readonly path?: string | undefined },
    signal: AbortSignal,
  ): Promise<{ url: string }> {
    const { env, settings } = this.options;
    const config: ConfigFile = { path: settings.configFile, profiles: new Map(), ssoSessions: new Map() };
    const profile = resolveProfile('default', { config, env, flags, isTarget: false });
    const { consoleUrl, serviceOptions } = await loadConsole();
    const url = await consoleUrl({
      service: serviceOptions(profile, credentials, { env, signal }),
      region: profile.region,
      path,
      isRole: false,
      federationSeconds: profile.durations.federationToken.seconds,
    });
    return { url };
  }

  /** The program that answers for a profile's MFA device, if its config names one. */
  async mfaProcess(profile: string): Promise<string | undefined> {
    const config = await this.config();
    return resolveProfile(profile, { config, env: this.options.env, flags: {}, isTarget: false }).mfaProcess;
  }

  /**
   * Refuses a name before anybody types a secret for it: one that the vault would take for a session or an SSO token, and,
   * where a section is to be added, one that the config file cannot hold.
   * @throws VaultError USAGE
   */
  checkName(profile: string, { addsSection }: { readonly addsSection: boolean }): void {
    if (profile === '' || !isStoredKey(profile)) {
      const message = `no key can be kept under the name ${JSON.stringify(profile)}; choose another name`;
      throw new VaultError('USAGE', message, { details: { profile } });
    }
    if (addsSection) profileHeader(profile);
  }

  /** Stores a profile's key; the sessions that began with the old one go. Answers how many there were. */
  add(profile: string, key: Credentials): Promise<{ sessions: number }> {
    return this.withKeyring(async (keyring) => {
      await writeStoredKey(keyring, profile, key);
      return { sessions: await this.removeSessionsFrom(profile, keyring) };
    });
  }

  /** Adds the profile's empty section to the config file unless it has one. */
  async addProfile(profile: string, signal: AbortSignal): Promise<void> {
    // Two processes that add at the same time would each write the file without the other's section.
    const release = await this.locks.acquire('config-file', { signal });
    try {
      if (!(await this.config()).profiles.has(profile)) appendProfile(this.options.settings.configFile, profile);
    } finally {
      release();
    }
  }

  /** Removes a profile's stored key and the sessions that began with it. @throws VaultError CREDENTIALS_NOT_FOUND */
  remove(profile: string): Promise<{ sessions: number }> {
    return this.withKeyring(async (keyring) => {
      if (await keyring.remove(profile)) return { sessions: await this.removeSessionsFrom(profile, keyring) };
      const message = `the vault holds no key for profile ${JSON.stringify(profile)}; see 'keyturn list'`;
      throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
    });
  }

  /** Removes the cached sessions of one profile, or of all; without a profile the SSO tokens too. */
  clear(profile: string | undefined): Promise<{ sessions: number }> {
    return this.withKeyring(async (keyring) => ({ sessions: await removeSessions(keyring, profile) }));
  }

  /** Lets go of the keyring. */
  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    (await opened)?.close();
  }

  /** The keyring is opened once, and anew after it has gone away: the bus of a long-running host may be restarted. */
  private async withKeyring<T>(work: (keyring: Keyring) => Promise<T>): Promise<T> {
    const { settings, env, notice, signal } = this.options;
    this.opened ??= openKeyring({ ...settings, env, notice, signal, passphrase: () => this.passphrase });
    const opening = this.opened;
    try {
      return await work(await opening);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'KEYRING_UNAVAILABLE' && this.opened === opening) {
        this.opened = undefined;
      }
      throw error;
    }
  }

  /** Those of the profile itself, and of the roles that have it as their source: they would go on as the old key's user. */
  private async removeSessionsFrom(profile: string, keyring: Keyring): Promise<number> {
    const config = await this.config();
    const keys = await keyring.keys();
    const chain = this.chainOptions(config, new Set([...keys.filter(isStoredKey), profile]), { profile, flags: {} });
    const names = new Set(keys.flatMap((key) => parseSessionKey(key)?.profile ?? []));
    let count = 0;
    for (const name of names) {
      if (name === profile || beginsWith(profile, name, chain)) count += await removeSessions(keyring, name);
    }
    return count;
  }

  private async plan(
    request: CredentialsRequest,
    { keyring, signal, isForConsole = false }: { keyring: Keyring; signal: AbortSignal; isForConsole?: boolean },
  ): Promise<Plan> {
    const config = await this.config();
    const { env, now, log } = this.options;
    const stored = new Set((await keyring.keys()).filter(isStoredKey));
    const options = { ...this.chainOptions(config, stored, request), isForConsole };
    const steps = await planOver(keyring, request.profile, options);
    return { context: { env, now, log, keyring, signal }, steps };
  }

  private chainOptions(config: ConfigFile, stored: ReadonlySet<string>, request: CredentialsRequest): ChainOptions {
    const { env } = this.options;
    return {
      resolve: (name, isTarget) => resolveProfile(name, { config, env, flags: request.flags, isTarget }),
      hasStoredKey: (name) => stored.has(name),
      noSession: request.noSession ?? false,
    };
  }

  private run({ steps, context }: Plan, { answers, onWait }: CallOptions): Promise<Credentials> {
    const minTtlSeconds = ttl(context.env, 'AWS_MIN_TTL') ?? DEFAULT_MIN_TTL_SECONDS;
    return credentialsOf(steps, { context, locks: this.locks, answers, minTtlSeconds, ...(onWait && { onWait }) });
  }
}

export type Inventory = {
  readonly profiles: readonly string[];
  readonly storedKeys: readonly string[];
  readonly sessions: readonly SessionKey[];
  readonly ssoTokens: readonly string[];
};

/** What only a console sign-in needs is loaded for it: a program that waits for credentials does not wait for this. */
async function loadConsole() {
  const [{ consoleUrl }, { serviceOptions }] = await Promise.all([
    import('./engine/console-url.ts'),
    import('./engine/service-options.ts'),
  ]);
  return { consoleUrl, serviceOptions };
}

type Plan = { readonly context: Context; readonly steps: readonly Step[] };

function targetOf(steps: readonly Step[]): ResolvedProfile {
  const target = steps.at(-1);
  if (target === undefined) throw new VaultError('INTERNAL', 'a chain without steps');
  return target.profile;
}
