import type { ConfigFile } from './aws/config-file.ts';
import { configReader } from './aws/config-reader.ts';
import type { Credentials } from './aws/credentials.ts';
import { type ProfileFlags, type ResolvedProfile, resolveProfile, ttl } from './aws/profile.ts';
import type { ChainOptions, Step } from './engine/chain.ts';
import type { Context, Env } from './engine/context.ts';
import { type Answers, credentialsOf } from './engine/credentials.ts';
import { fileLocks, type Locks } from './engine/lock.ts';
import { planOver } from './engine/plan-over.ts';
import { isStoredKey } from './engine/session-cache.ts';
import { VaultError } from './errors.ts';
import type { Keyring } from './keyring/keyring.ts';
import { type OpenedKeyring, openKeyring } from './keyring/open.ts';
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

/** The steps to a profile's credentials, and what they are run with. */
export type Plan = { readonly context: Context; readonly steps: readonly Step[] };

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

  /** Takes a passphrase for the file vault; absent where the environment already gives one. */
  get unlock(): ((passphrase: string) => void) | undefined {
    if (this.settings.filePassphrase !== undefined) return undefined;
    return (passphrase) => {
      this.passphrase = passphrase;
    };
  }

  /** Lets go of the keyring. */
  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    (await opened)?.close();
  }

  /** The keyring is opened once, and anew after it has gone away: the bus of a long-running host may be restarted. */
  async withKeyring<T>(work: (keyring: Keyring) => Promise<T>): Promise<T> {
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

  /**
   * The way to a profile's credentials over what the keyring holds now.
   * @throws VaultError as planOver does
   */
  async plan(request: CredentialsRequest, { keyring, signal, isForConsole = false }: PlanOptions): Promise<Plan> {
    const config = await this.config();
    const { env, now, log } = this;
    const stored = new Set((await keyring.keys()).filter(isStoredKey));
    const options = { ...this.chainOptions(config, stored, request), isForConsole };
    const steps = await planOver(keyring, request.profile, options);
    return { context: { env, now, log, keyring, signal }, steps };
  }

  /** How the chains of this request are planned when the vault holds the keys `stored`. */
  chainOptions(config: ConfigFile, stored: ReadonlySet<string>, request: CredentialsRequest): ChainOptions {
    const { env } = this;
    return {
      resolve: (name, isTarget) => resolveProfile(name, { config, env, flags: request.flags, isTarget }),
      hasStoredKey: (name) => stored.has(name),
      noSession: request.noSession ?? false,
    };
  }

  /** Runs a plan through the session cache. @throws VaultError as credentialsOf does */
  run({ steps, context }: Plan, { answers, onWait }: CallOptions): Promise<Credentials> {
    const minTtlSeconds = ttl(context.env, 'AWS_MIN_TTL') ?? DEFAULT_MIN_TTL_SECONDS;
    return credentialsOf(steps, { context, locks: this.locks, answers, minTtlSeconds, ...(onWait && { onWait }) });
  }
}

/** The profile a chain leads to. */
export function targetOf(steps: readonly Step[]): ResolvedProfile {
  const target = steps.at(-1);
  if (target === undefined) throw new VaultError('INTERNAL', 'a chain without steps');
  return target.profile;
}
