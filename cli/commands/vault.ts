import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { VaultError } from '../../native-host/errors.ts';
import type { MovedKey, MoveResult } from '../../native-host/operations/move-keys.ts';
import { variable } from '../../native-host/settings.ts';
import { askTerminal, askTwice } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';

/** From how many keys on a count is shown while they are copied. */
const MANY = 20;

export type MigrateOptions = {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly profile: string | undefined;
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly deleteSource: boolean;
};

/** Copies stored keys from one keyring to another and says what became of each. */
export async function migrateVault(options: MigrateOptions, cli: Cli): Promise<void> {
  const from = required('from', options.from);
  const to = required('to', options.to);
  const { profile, dryRun: isDryRun, overwrite, deleteSource } = options;
  const request = { from, to, profile, isDryRun, overwrite, deleteSource, onProgress: progress(cli) };
  const result = await cli.ask(() => cli.vault.transfers.migrate(request));
  report(result, { isDryRun, target: to }, cli);
  if (result.isChosen) cli.say(`${cli.programName}: ${to} is the vault in use from now on`);
  const chosen = variable(cli.env, 'AWS_VAULT_BACKEND');
  if (!isDryRun && chosen !== undefined && chosen !== to) {
    cli.say(`${cli.programName}: AWS_VAULT_BACKEND still says ${chosen}; set it to ${to} to use the new one`);
  }
}

/** Writes all stored keys into one file that only its owner can read, encrypted with a passphrase. */
export async function backupVault({ file, force }: { file: string; force: boolean }, cli: Cli): Promise<void> {
  const target = backupTarget(file, force);
  const passphrase = await backupPassphrase(cli, { isNew: true });
  const { text, count } = await cli.ask(() => cli.vault.transfers.backup(passphrase));
  writeWhole(target, text);
  cli.print(`Saved ${keys(count)} in ${file}\n`);
}

/** The file to write: the one that a symbolic link leads to. A device, pipe or directory is never replaced. */
function backupTarget(file: string, force: boolean): string {
  const present = statSync(file, { throwIfNoEntry: false });
  if (file !== '' && present === undefined) return file;
  const named = JSON.stringify(file);
  if (present?.isFile() && force) return realpathSync(file);
  const message = present?.isFile()
    ? `${named} is there already; choose another name, or use --force to replace it`
    : `${named} is not the name of a file; choose another one`;
  throw new VaultError('USAGE', message, { details: { file } });
}

/** Puts the keys of a backup into the vault in use. */
export async function restoreVault(
  { file, dryRun: isDryRun, overwrite }: { file: string; dryRun: boolean; overwrite: boolean },
  cli: Cli,
): Promise<void> {
  const text = readBackupFile(file);
  const passphrase = await backupPassphrase(cli, { isNew: false });
  const request = { text, passphrase, isDryRun, overwrite, onProgress: progress(cli) };
  report(await cli.ask(() => cli.vault.transfers.restore(request)), { isDryRun, target: 'the vault' }, cli);
}

function required(flag: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new VaultError('USAGE', `required flag --${flag} not provided, try --help`, { details: { flag } });
}

/** A count on the terminal while many keys are copied; the lines of the report come after it. */
function progress(cli: Cli): (moved: MovedKey | undefined, at: { at: number; of: number }) => void {
  return (_, { at, of }) => {
    if (of >= MANY && (at % MANY === 0 || at === of)) cli.say(`${at} of ${of} keys`);
  };
}

function report({ moved }: MoveResult, { isDryRun, target }: { isDryRun: boolean; target: string }, cli: Cli): void {
  const words = {
    new: isDryRun ? `would be copied to ${target}` : `copied to ${target}`,
    replaced: isDryRun ? `would replace another key in ${target}` : `replaced another key in ${target}`,
    same: `is in ${target} already`,
    different: `differs from the key in ${target} and was left; --overwrite replaces that one`,
  };
  for (const { profile, state, isRemoved } of moved) {
    cli.print(`${profile}: ${words[state]}${isRemoved ? ', and removed from the old one' : ''}\n`);
  }
  const copied = moved.filter(({ state }) => state === 'new' || state === 'replaced').length;
  const left = moved.filter(({ state }) => state === 'different').length;
  cli.print(`${isDryRun ? 'Would copy' : 'Copied'} ${keys(copied)}${left > 0 ? `, left ${left}` : ''}.\n`);
}

function keys(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`;
}

/** KEYTURN_BACKUP_PASSPHRASE, or what the person types; for a new backup twice. */
async function backupPassphrase({ env, signal }: Cli, { isNew }: { readonly isNew: boolean }): Promise<string> {
  const given = variable(env, 'KEYTURN_BACKUP_PASSPHRASE');
  if (given !== undefined) return given;
  const withoutTerminal = { code: 'USAGE', remedy: 'set KEYTURN_BACKUP_PASSPHRASE' } as const;
  const question = { message: 'Enter passphrase of the backup: ', secret: true, signal, withoutTerminal };
  const passphrase = await (isNew ? askTwice(question) : askTerminal(question));
  if (passphrase === '') throw new VaultError('USAGE', 'a backup needs a passphrase; nothing was done');
  return passphrase;
}

function readBackupFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VaultError('USAGE', `the backup ${JSON.stringify(file)} cannot be read (${reason})`, {
      details: { file },
    });
  }
}

/** Nobody finds half a backup under its name, also after a crash. */
function writeWhole(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.keyturn`;
  try {
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new VaultError('USAGE', `the backup ${JSON.stringify(file)} cannot be written (${reason})`, {
      details: { file },
    });
  }
}
