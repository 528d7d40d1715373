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
import type { MovedKey } from '../../native-host/operations/move-keys.ts';
import { variable } from '../../native-host/settings.ts';
import { askTerminal, askTwice } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output.ts';

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

/**
 * Copies stored keys from one keyring to another and says what becomes of each.
 * @returns 1 where one could not be read, else 0
 */
export async function migrateVault(options: MigrateOptions, cli: Cli): Promise<number> {
  const from = required('from', options.from);
  const to = required('to', options.to);
  const { profile, dryRun: isDryRun, overwrite, deleteSource } = options;
  const report = reporter({ isDryRun, target: to }, cli);
  const request = { from, to, profile, isDryRun, overwrite, deleteSource, onProgress: report.onProgress };
  const { isChosen } = await cli.ask(() => cli.vault.transfers.migrate(request));
  const status = report.end();
  if (isChosen) cli.say(`${cli.programName}: ${to} is the vault in use from now on`);
  const chosen = variable(cli.env, 'AWS_VAULT_BACKEND');
  if (!isDryRun && chosen !== undefined && chosen !== to) {
    cli.say(`${cli.programName}: AWS_VAULT_BACKEND still says ${chosen}; set it to ${to} to use the new one`);
  }
  return status;
}

/**
 * Writes all stored keys into one file that only its owner can read, encrypted with a passphrase.
 * @returns 1 where one could not be read and is not in it, else 0
 */
export async function backupVault({ file, force }: { file: string; force: boolean }, cli: Cli): Promise<number> {
  const target = backupTarget(file, force);
  const passphrase = await backupPassphrase(cli, { isNew: true });
  const request = { passphrase, onProgress: counter(cli) };
  const { text, count, unreadable } = await cli.ask(() => cli.vault.transfers.backup(request));
  writeWhole(target, text);
  for (const { profile, reason } of unreadable) {
    cli.print(`${printable(profile)}: is not in the backup, because it cannot be read: ${printable(reason)}\n`);
  }
  cli.print(`Saved ${keys(count)} in ${file}\n`);
  return unreadable.length > 0 ? 1 : 0;
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

/** Puts the keys of a backup into the vault in use, and says what becomes of each. @returns 0 */
export async function restoreVault(
  { file, dryRun: isDryRun, overwrite }: { file: string; dryRun: boolean; overwrite: boolean },
  cli: Cli,
): Promise<number> {
  const text = readBackupFile(file);
  const passphrase = await backupPassphrase(cli, { isNew: false });
  const report = reporter({ isDryRun, target: 'the vault' }, cli);
  const request = { text, passphrase, isDryRun, overwrite, onProgress: report.onProgress };
  await cli.ask(() => cli.vault.transfers.restore(request));
  return report.end();
}

function required(flag: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new VaultError('USAGE', `required flag --${flag} not provided, try --help`, { details: { flag } });
}

type At = { readonly at: number; readonly of: number };

/** A count on stderr while many keys are copied. */
function counter(cli: Cli): (at: At) => void {
  return ({ at, of }) => {
    if (of >= MANY && at > 0 && (at % MANY === 0 || at === of)) cli.say(`${at} of ${of} keys`);
  };
}

/** What is printed as it happens. An attempt is repeated after a question, and then only what is new is told. */
function reporter({ isDryRun, target }: { isDryRun: boolean; target: string }, cli: Cli) {
  const told = new Map<string, MovedKey>();
  const count = counter(cli);
  const words = {
    new: isDryRun ? `would be copied to ${target}` : `copied to ${target}`,
    replaced: isDryRun ? `would replace another key in ${target}` : `replaced another key in ${target}`,
    same: `is in ${target} already`,
    different: `differs from the key in ${target} and was left; --overwrite replaces that one`,
    unreadable: 'cannot be read and was left',
  };
  const onProgress = (key: MovedKey | undefined, at: At): void => {
    if (key !== undefined && !told.has(key.profile)) {
      const { profile, state, isRemoved, reason } = key;
      told.set(profile, key);
      const why = reason === undefined ? '' : `: ${printable(reason)}`;
      cli.print(`${printable(profile)}: ${words[state]}${why}${isRemoved ? ', and removed from the old one' : ''}\n`);
    }
    count(at);
  };
  const end = (): number => {
    const of = (...states: MovedKey['state'][]): number =>
      [...told.values()].filter(({ state }) => states.includes(state)).length;
    const left = of('different', 'unreadable');
    const copied = `${isDryRun ? 'Would copy' : 'Copied'} ${keys(of('new', 'replaced'))}`;
    cli.print(`${copied}${left > 0 ? `, left ${left}` : ''}.\n`);
    return of('unreadable') > 0 ? 1 : 0;
  };
  return { onProgress, end };
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
    // An older backup of this name goes now.
    if (readFileSync(temporary, 'utf8') !== text) throw new Error('it does not read back as it was written');
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new VaultError('USAGE', `the backup ${JSON.stringify(file)} cannot be written (${reason})`, {
      details: { file },
    });
  }
}
