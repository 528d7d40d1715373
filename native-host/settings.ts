import { isAbsolute } from 'node:path';
import type { Env } from './engine/context.ts';
import { VaultError } from './errors.ts';
import { rememberedBackend } from './keyring/backend-choice.ts';
import type { VaultPlace } from './keyring/vault-place.ts';

/** Where and how the vault works, from flags and environment; names and defaults are aws-vault's. */
export type Settings = VaultPlace & {
  /** Chosen by the user; undefined: the remembered one, else the first that opens. */
  readonly backend: string | undefined;
  /** How long 1Password may take, as it is set; see opTimeoutMs. */
  readonly opTimeout: string | undefined;
  readonly homeDir: string;
  /** Sockets, locks and the remembered backend. Private to the user, safe to delete. */
  readonly stateDir: string;
  readonly configFile: string;
  /** The AWS CLI's file of keys in plain text, of which only the profiles' names are read. */
  readonly credentialsFile: string;
  /** Given even when empty: an empty passphrase is one. */
  readonly filePassphrase: string | undefined;
  /** A program that prints the passphrase, for the shell. */
  readonly filePassphraseCommand: string | undefined;
  /** Whether tokens of IAM Identity Center are shared with the AWS CLI, as it is set; see ssoCacheDir. */
  readonly ssoCache: string | undefined;
  /** How long an unlocked file vault stays so without use, as it is set; see lockAfterSeconds. */
  readonly lockAfter: string | undefined;
  /** KEYTURN_FILE_ROUNDS as it is set; undefined leaves the price of a guess to measurement. */
  readonly fileRounds: string | undefined;
};

type Flag =
  | 'backend'
  | 'keychain'
  | 'secretServiceCollection'
  | 'fileDir'
  | 'passDir'
  | 'passCmd'
  | 'passPrefix'
  | 'opTimeout'
  | 'opVaultId'
  | 'opItemTitlePrefix'
  | 'opItemTag'
  | 'opDesktopAccountId'
  | 'filePassphraseCommand'
  | 'lockAfter'
  | 'ssoCache';

export type SettingFlags = { readonly [K in Flag]?: Settings[K] | undefined };

/** An environment variable, where empty counts as unset, as it does for aws-vault. */
export function variable(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/**
 * Settings of this process: a flag wins over the environment, the environment over `settingsFile`, what the settings file says where
 * there is no command line that has it already, and that over the default.
 */
export function readSettings(
  env: Env,
  homeDir: string,
  { settingsFile = {}, ...flags }: SettingFlags & { readonly settingsFile?: SettingFlags } = {},
): Settings {
  const chosen = (flag: Flag, name: string): string | undefined =>
    flags[flag] ?? variable(env, name) ?? settingsFile[flag];
  const stateHome = variable(env, 'XDG_STATE_HOME');
  return {
    backend: chosen('backend', 'AWS_VAULT_BACKEND'),
    secretServiceCollection:
      chosen('secretServiceCollection', 'AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME') ?? 'awsvault',
    passDir: optionalInHome(chosen('passDir', 'AWS_VAULT_PASS_PASSWORD_STORE_DIR'), homeDir),
    passCmd: chosen('passCmd', 'AWS_VAULT_PASS_CMD'),
    passPrefix: chosen('passPrefix', 'AWS_VAULT_PASS_PREFIX') ?? '',
    keychain: chosen('keychain', 'AWS_VAULT_KEYCHAIN_NAME') ?? 'aws-vault',
    opTimeout: chosen('opTimeout', 'AWS_VAULT_OP_TIMEOUT'),
    opVaultId: chosen('opVaultId', 'AWS_VAULT_OP_VAULT_ID'),
    opItemTitlePrefix: chosen('opItemTitlePrefix', 'AWS_VAULT_OP_ITEM_TITLE_PREFIX') ?? 'aws-vault',
    opItemTag: chosen('opItemTag', 'AWS_VAULT_OP_ITEM_TAG') ?? 'aws-vault',
    opDesktopAccountId: chosen('opDesktopAccountId', 'AWS_VAULT_OP_DESKTOP_ACCOUNT_ID'),
    homeDir,
    fileDir: inHome(chosen('fileDir', 'AWS_VAULT_FILE_DIR') ?? '~/.awsvault/keys/', homeDir),
    // The XDG rules ignore a relative path here.
    stateDir: `${stateHome && isAbsolute(stateHome) ? stateHome : `${homeDir}/.local/state`}/keyturn`,
    configFile: inHome(variable(env, 'AWS_CONFIG_FILE') ?? '~/.aws/config', homeDir),
    credentialsFile: inHome(variable(env, 'AWS_SHARED_CREDENTIALS_FILE') ?? '~/.aws/credentials', homeDir),
    filePassphrase: env.AWS_VAULT_FILE_PASSPHRASE,
    filePassphraseCommand: flags.filePassphraseCommand ?? variable(env, 'KEYTURN_FILE_PASSPHRASE_COMMAND'),
    ssoCache: chosen('ssoCache', 'KEYTURN_SSO_CACHE'),
    lockAfter: flags.lockAfter ?? variable(env, 'KEYTURN_LOCK_AFTER'),
    fileRounds: variable(env, 'KEYTURN_FILE_ROUNDS'),
  };
}

/**
 * The keyring in use: the one that was chosen for this process, else the remembered one; undefined before the first use.
 * @throws VaultError CONFIG_INVALID when the memory cannot be read
 */
export function backendInUse({ backend, stateDir }: Pick<Settings, 'backend' | 'stateDir'>): string | undefined {
  return backend ?? rememberedBackend(stateDir);
}

function optionalInHome(file: string | undefined, homeDir: string): string | undefined {
  return file === undefined ? undefined : inHome(file, homeDir);
}

function inHome(file: string, homeDir: string): string {
  // Not path.join: its first calls take longer than everything else here.
  return file.startsWith('~/') ? `${homeDir}/${file.slice(2)}` : file;
}

/**
 * Where the AWS CLI and AWS's SDKs keep their tokens of IAM Identity Center. They look nowhere else, whatever is set.
 */
export function awsSsoCacheDir({ homeDir }: Pick<Settings, 'homeDir'>): string {
  return `${homeDir}/.aws/sso/cache`;
}

/**
 * The same directory if tokens are shared with them, undefined if the vault alone has them.
 * @throws VaultError CONFIG_INVALID for a setting that is neither
 */
export function sharedSsoCacheDir(settings: Pick<Settings, 'homeDir' | 'ssoCache'>): string | undefined {
  const { ssoCache = 'vault' } = settings;
  if (ssoCache === 'shared') return awsSsoCacheDir(settings);
  if (ssoCache === 'vault') return undefined;
  const message = `sso-cache (or KEYTURN_SSO_CACHE) must be vault or shared, not ${JSON.stringify(ssoCache.slice(0, 60))}`;
  throw new VaultError('CONFIG_INVALID', message);
}
