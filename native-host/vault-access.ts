import type { ConfigFile } from './aws/config-file.ts';
import { configReader } from './aws/config-reader.ts';
import type { Credentials } from './aws/credentials.ts';
import { keysInPlainText, type PlainTextKey } from './aws/credentials-file.ts';
import { type ProfileFlags, type ResolvedProfile, resolveProfile } from './aws/profile.ts';
import { ttl } from './aws/profile-durations.ts';
import type { ChainOptions, Step } from './engine/chain.ts';
import type { Context, Env } from './engine/context.ts';
import { type Answers, credentialsOf } from './engine/credentials.ts';
import { fileLocks, type Locks } from './engine/lock.ts';
import { planOver } from './engine/plan-over.ts';
import { cappedNotice } from './engine/role-chaining.ts';
import { findSession, isStoredKey, sessionKeyPrefix } from './engine/session-cache.ts';
import { VaultError } from './errors.ts';
import type { KeyringOptions } from './keyring/backends.ts';
import type { KeyHolder } from './keyring/key-holder.ts';
import type { Keyring } from './keyring/keyring.ts';
import { type OpenedKeyring, openKeyring } from './keyring/open.ts';
import { opTimeoutMs } from './op-timeout.ts';
import { type Settings, sharedSsoCacheDir } from './settings.ts';
import type { UnlockedVaults } from './unlocked-vaults.ts';

export type VaultOptions = {
  readonly settings: Settings;
  readonly env: Env;
  readonly now: () => Date;
  readonly log: (line: string) => void;
  /** A line the user should see once, such as which vault was chosen. */
  readonly notice: (line: string) => void;
  /** Ends every wait on the keyring, such as an unlock prompt; calls to AWS end with their own call's signal. */
  readonly signal: AbortSignal;
  /** Whether a keyring may ask the person to unlock it, where it can do without. Default true. */
  readonly mayAsk?: boolean;
  /** Where this process keeps passphrases that a person gives; without it, its own vault has them until it ends. */
  readonly unlocked?: UnlockedVaults;
};

/** What shapes one call for credentials. */
export type CredentialsRequest = {
  readonly profile: string;
  readonly flags: ProfileFlags;
  readonly noSession?: boolean;
};

export type CallOptions = {
  readonly answers: Answers;
  readonly signal: AbortSignal;
  readonly onWait?: () => void;
  /** A session with less time left is replaced, though never one that has more than a third of its time before it. */
  readonly spareSeconds?: number;
};

/** The steps to a profile's credentials, and what they are run with. */
export type Plan = {
  readonly context: Context;
  readonly steps: readonly Step[];
  /** The profile that was asked for; where it only names a source, the last step is another profile's. */
  readonly profile: ResolvedProfile;
  /** Whether the caller wants another duration than the one that is set. */
  readonly isDurationAsked: boolean;
};

export type PlanOptions = {
  readonly keyring: Keyring;
  readonly signal: AbortSignal;
  readonly isForConsole?: boolean;
};

const DEFAULT_MIN_TTL_SECONDS = 300;

/** What every operation of the vault is made of: the config file, the keyring, the locks and the engine over them. */
export class VaultAccess {
  readonly settings: Settings;
  readonly env: Env;
  readonly now: () => Date;
  readonly log: (line: string) => void;
  readonly locks: Locks;
  /** The config file as it is now. @throws VaultError CONFIG_INVALID */
  readonly config: () => Promise<ConfigFile>;
  private readonly options: VaultOptions;
  private opened: Promise<OpenedKeyring> | undefined;
  private passphrase: string | undefined;
  private holder: KeyHolder | undefined;
  private readonly noticed = new Set<string>();

  constructor(options: VaultOptions) {
    const { settings, env, now, log } = options;
    this.options = options;
    this.settings = settings;
    this.env = env;
    this.now = now;
    this.log = log;
    this.passphrase = settings.filePassphrase;
    this.config = configReader(settings.configFile);
    this.locks = fileLocks(`${settings.stateDir}/locks`);
  }

  /** Takes a passphrase for the file vault; absent where the environment or a program already gives one. */
  get unlock(): ((passphrase: string) => void | Promise<void>) | undefined {
    const { filePassphrase, filePassphraseCommand, fileDir } = this.settings;
    if (filePassphrase !== undefined || filePassphraseCommand !== undefined) return undefined;
    const { unlocked } = this.options;
    return async (passphrase) => {
      if (unlocked === undefined) {
        this.passphrase = passphrase;
        return;
      }
      const { lockAfterSeconds } = await import('./lock-after.ts');
      const seconds = lockAfterSeconds(this.settings.lockAfter);
      await unlocked.unlock(fileDir, passphrase, { lockAfterSeconds: seconds, mayBeFirst: true });
    };
  }

  /** The passphrase of the file vault that this process was given; undefined while it was not. */
  get knownPassphrase(): string | undefined {
    return this.passphrase;
  }

  /** Lets go of the keyring. */
  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    (await opened)?.close();
  }

  /**
   * A keyring of the user's other than the one in use, for as long as `work` takes; `place` says where it is not the user's
   * settings that say it.
   * @throws VaultError USAGE (no such backend) and whatever opening it throws
   */
  async withBackend<T>(
    backend: string,
    work: (keyring: OpenedKeyring) => Promise<T>,
    place: Partial<KeyringOptions> = {},
  ): Promise<T> {
    const { holder, ...options } = this.keyringOptions();
    // Who holds the passphrase of the user's own vault knows nothing of another one.
    const isElsewhere = place.fileDir !== undefined && place.fileDir !== this.settings.fileDir;
    const keyring = await openKeyring({ ...options, ...(!isElsewhere && holder && { holder }), ...place, backend });
    try {
      return await work(keyring);
    } finally {
      keyring.close();
    }
  }

  /** The keyring is opened once, and anew after it has gone away: the bus of a long-running host may be restarted. */
  async withKeyring<T>(work: (keyring: OpenedKeyring) => Promise<T>): Promise<T> {
    this.opened ??= openKeyring(this.keyringOptions());
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

  private keyringOptions(): KeyringOptions {
    const { settings, env, notice, signal, mayAsk } = this.options;
    const passphrase = () => this.passphrase;
    const timeouts = { opTimeoutMs: () => opTimeoutMs(settings.opTimeout) };
    const { locks } = this;
    return { ...settings, ...timeouts, env, notice, mayAsk, signal, locks, passphrase, holder: () => this.keyHolder() };
  }

  /** Ends every wait that is no call's own. */
  get signal(): AbortSignal {
    return this.options.signal;
  }

  /** The file vaults that this process keeps unlocked; absent where it keeps none. */
  get unlocked(): UnlockedVaults | undefined {
    return this.options.unlocked;
  }

  /** Who else has the passphrase of the file vault. Loaded only where this process was not given it. */
  async keyHolder(): Promise<KeyHolder | undefined> {
    const { unlocked, signal } = this.options;
    const { fileDir: dir, stateDir, fileRounds, filePassphraseCommand: line } = this.settings;
    const held = unlocked?.holder(dir);
    if (unlocked !== undefined && (held !== undefined || line === undefined)) return held;
    const { keyHolder } = await import('./operations/key-holders.ts');
    const { env, log } = this;
    const hosts = unlocked === undefined;
    this.holder ??= keyHolder({ dir, stateDir, env, log, signal, hosts, fileRounds, command: line });
    return this.holder;
  }

  /**
   * The way to a profile's credentials over what the keyring holds now.
   * @throws VaultError as planOver does
   */
  async plan(request: CredentialsRequest, { keyring, signal, isForConsole = false }: PlanOptions): Promise<Plan> {
    const config = await this.config();
    const stored = new Set((await keyring.keys()).filter(isStoredKey));
    const options = { ...this.chainOptions(config, stored, request), isForConsole };
    let profile: ResolvedProfile | undefined;
    const resolve: ChainOptions['resolve'] = (name, isTarget) => {
      const resolved = options.resolve(name, isTarget);
      if (isTarget) profile = resolved;
      return resolved;
    };
    const steps = await planOver(keyring, request.profile, { ...options, resolve });
    const isDurationAsked = request.flags.durationSeconds !== undefined;
    const context = this.context(keyring, signal);
    return { context, steps, profile: profile ?? targetOf(steps), isDurationAsked };
  }

  /** What the engine works with in one call. @throws VaultError CONFIG_INVALID */
  context(keyring: Keyring, signal: AbortSignal): Context {
    const { env, now, log } = this;
    const ssoCacheDir = sharedSsoCacheDir(this.settings);
    return { env, now, log, keyring, signal, ...(ssoCacheDir !== undefined && { ssoCacheDir }) };
  }

  /** How the chains of this request are planned when the vault holds the keys `stored`. */
  chainOptions(config: ConfigFile, stored: ReadonlySet<string>, request: CredentialsRequest): ChainOptions {
    const { env } = this;
    return {
      resolve: (name, isTarget) => resolveProfile(name, { config, env, flags: request.flags, isTarget }),
      hasStoredKey: (name) => stored.has(name),
      plainTextFile: this.plainTextFile(),
      noSession: request.noSession ?? false,
    };
  }

  /** Answers where a profile's key lies in plain text. The files are read when the first profile turns out to have no key. */
  plainTextFile(): (name: string) => string | undefined {
    let files: ReadonlyMap<string, string> | undefined;
    return (name) => {
      files ??= new Map(this.plainTextKeys().map(({ profile, file }) => [profile, file]));
      return files.get(name);
    };
  }

  /** Long-lived keys in AWS's own files. One that cannot be read explains nothing: what it is asked for is then unknown. */
  plainTextKeys(): readonly PlainTextKey[] {
    try {
      // Temporary credentials that some tool has left there are no key that the profile was meant to have.
      return keysInPlainText(this.settings).filter(({ isTemporary }) => !isTemporary);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.log(`looking for keys in plain text: ${error.message}`);
      return [];
    }
  }

  /** A cached session with less time left is not used. @throws VaultError CONFIG_INVALID */
  minTtlSeconds(): number {
    return ttl(this.env, 'AWS_MIN_TTL') ?? DEFAULT_MIN_TTL_SECONDS;
  }

  /** Runs a plan through the session cache. @throws VaultError as credentialsOf does */
  async run(plan: Plan, { answers, onWait, spareSeconds = 0 }: CallOptions): Promise<Credentials> {
    const { steps, context } = plan;
    const minTtlSeconds = Math.max(this.minTtlSeconds(), Math.min(spareSeconds, lifetimeSeconds(steps) / 3));
    const notice = cappedNotice(steps);
    if (notice !== undefined) await this.tellCapped(notice, plan);
    return credentialsOf(steps, { context, locks: this.locks, answers, minTtlSeconds, ...(onWait && { onWait }) });
  }

  /** Once for a session that is made, and whenever somebody asks for a duration; an attempt is repeated with every answer. */
  private async tellCapped(notice: string, { steps, context, isDurationAsked }: Plan): Promise<void> {
    if (this.noticed.has(notice)) return;
    const prefix = sessionKeyPrefix(steps, context.env);
    const cached = prefix === undefined ? undefined : findSession(await context.keyring.keys(), prefix);
    const earliest = context.now().getTime() + this.minTtlSeconds() * 1000;
    if (!isDurationAsked && cached !== undefined && cached.expiresAt.getTime() >= earliest) return;
    this.noticed.add(notice);
    this.options.notice(notice);
  }
}

/** How long a chain's credentials last when they are new; an hour where somebody else decides it. */
function lifetimeSeconds(steps: readonly Step[]): number {
  const step = steps.at(-1);
  return step !== undefined && 'duration' in step ? step.duration.seconds : 3600;
}

/** The profile a chain leads to. */
export function targetOf(steps: readonly Step[]): ResolvedProfile {
  const target = steps.at(-1);
  if (target === undefined) throw new VaultError('INTERNAL', 'a chain without steps');
  return target.profile;
}
