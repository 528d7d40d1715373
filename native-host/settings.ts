import { isAbsolute } from 'node:path';
import type { Env } from './engine/context.ts';

/** Where and how the vault works, from flags and environment; names and defaults are aws-vault's. */
export type Settings = {
  /** Chosen by the user; undefined: the remembered one, else the first that opens. */
  readonly backend: string | undefined;
  readonly secretServiceCollection: string;
  readonly fileDir: string;
  /** The password store's directory; undefined leaves it to `pass`. */
  readonly passDir: string | undefined;
  readonly passCmd: string;
  readonly passPrefix: string;
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
  /** KEYTURN_FILE_ROUNDS as it is set; undefined leaves the price of a guess to measurement. */
  readonly fileRounds: string | undefined;
};

type Flag =
  | 'backend'
  | 'secretServiceCollection'
  | 'fileDir'
  | 'passDir'
  | 'passCmd'
  | 'passPrefix'
  | 'filePassphraseCommand';

export type SettingFlags = { readonly [K in Flag]?: Settings[K] | undefined };

/** An environment variable, where empty counts as unset, as it does for aws-vault. */
export function variable(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/** Settings of this process: a flag wins over the environment, the environment over the default. */
export function readSettings(env: Env, homeDir: string, flags: SettingFlags = {}): Settings {
  const collection = flags.secretServiceCollection ?? variable(env, 'AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME');
  const stateHome = variable(env, 'XDG_STATE_HOME');
  return {
    backend: flags.backend ?? variable(env, 'AWS_VAULT_BACKEND'),
    secretServiceCollection: collection ?? 'awsvault',
    passDir: optionalInHome(flags.passDir ?? variable(env, 'AWS_VAULT_PASS_PASSWORD_STORE_DIR'), homeDir),
    passCmd: flags.passCmd ?? variable(env, 'AWS_VAULT_PASS_CMD') ?? 'pass',
    passPrefix: flags.passPrefix ?? variable(env, 'AWS_VAULT_PASS_PREFIX') ?? '',
    homeDir,
    fileDir: inHome(flags.fileDir ?? variable(env, 'AWS_VAULT_FILE_DIR') ?? '~/.awsvault/keys/', homeDir),
    // The XDG rules ignore a relative path here.
    stateDir: `${stateHome && isAbsolute(stateHome) ? stateHome : `${homeDir}/.local/state`}/keyturn`,
    configFile: inHome(variable(env, 'AWS_CONFIG_FILE') ?? '~/.aws/config', homeDir),
    credentialsFile: inHome(variable(env, 'AWS_SHARED_CREDENTIALS_FILE') ?? '~/.aws/credentials', homeDir),
    filePassphrase: env.AWS_VAULT_FILE_PASSPHRASE,
    filePassphraseCommand: flags.filePassphraseCommand ?? variable(env, 'KEYTURN_FILE_PASSPHRASE_COMMAND'),
    fileRounds: variable(env, 'KEYTURN_FILE_ROUNDS'),
  };
}

function optionalInHome(file: string | undefined, homeDir: string): string | undefined {
  return file === undefined ? undefined : inHome(file, homeDir);
}

function inHome(file: string, homeDir: string): string {
  // Not path.join: its first calls take longer than everything else here.
  return file.startsWith('~/') ? `${homeDir}/${file.slice(2)}` : file;
}
