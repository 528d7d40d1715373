import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import type { ImportedKey, ImportPlace, ImportSource } from '../../native-host/vault-transfers.ts';
import { askTerminal, confirm, hasTerminal } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output.ts';

export type ImportOptions = {
  readonly from: ImportSource | undefined;
  readonly profile: string | undefined;
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly removePlaintext: boolean;
  readonly addConfig: boolean;
};

const PASSPHRASE_TRIES = 3;
/** More names than this have scrolled by already. */
const NAMED_MAX = 10;
const PASSPHRASE = 'KEYTURN_IMPORT_PASSPHRASE';

type Tally = { copied: number; left: number; failed: number; found: number };

/**
 * Copies keys of other programs to the vault and says what became of each.
 * @returns 1 where something that was found could not be read, else 0
 * @throws VaultError CREDENTIALS_NOT_FOUND (no place has the profile), KEYRING_* of the vault, CANCELLED
 */
export async function importAll(options: ImportOptions, cli: Cli): Promise<number> {
  const tally: Tally = { copied: 0, left: 0, failed: 0, found: 0 };
  // Needed for every key, so what is wrong with it is told before the first is touched.
  await cli.vault.config();
  for (const place of await cli.vault.transfers.importPlaces(options.from)) {
    const keys = await importFrom(place, { options, tally }, cli);
    if (place.source === 'granted') await adviseOnGranted(keys, cli);
    if (place.plainText !== undefined && !options.dryRun) await offerRemoval(place.plainText, { keys, options }, cli);
  }
  const { copied, left, failed, found } = tally;
  if (options.profile !== undefined && found === 0 && failed === 0) throw notThere(options.profile);
  if (found === 0 && failed === 0) {
    cli.print('No keys of other programs were found.\n');
    return 0;
  }
  const count = `${options.dryRun ? 'Would copy' : 'Copied'} ${plural(copied)}`;
  cli.print(`${count}${left > 0 ? `, left ${left}` : ''}.\n`);
  return failed > 0 ? 1 : 0;
}

type Work = { readonly options: ImportOptions; readonly tally: Tally };

/** Reports one place. @returns its keys */
async function importFrom(place: ImportPlace, { options, tally }: Work, cli: Cli): Promise<ImportedKey[]> {
  const keys: ImportedKey[] = [];
  if (place.isInUse === true) {
    cli.print(`${place.title}: this is the vault in use; its keys need not be copied\n`);
    if (options.profile !== undefined && (await cli.vault.inventory()).storedKeys.includes(options.profile))
      tally.found += 1;
    return keys;
  }
  const problem = await openAndCopy(place, { options, keys }, cli);
  if (problem !== undefined) {
    // What is not on this machine is news only to somebody who asked for it.
    const isAbsent = problem.code === 'KEYRING_UNAVAILABLE';
    if (!isAbsent) tally.failed += 1;
    if (!isAbsent || options.from !== undefined) cli.print(`${place.title}: ${whyNot(problem)}\n`);
  }
  for (const { state } of keys) {
    tally.found += 1;
    if (state === 'new' || state === 'replaced') tally.copied += 1;
    if (state === 'different' || state === 'unusable') tally.left += 1;
    if (state === 'unreadable') tally.failed += 1;
  }
  return keys;
}

/** The advice after a place that is not there is for somebody who wants to keep keys in it. */
function whyNot({ code, message }: VaultError): string {
  // aws-vault's words for a backend of one's own choice.
  const [reason = ''] = message.replace('Specified keyring backend not available, try --help: ', '').split(';', 1);
  return code === 'KEYRING_UNAVAILABLE'
    ? `nothing to read: ${printable(reason)}`
    : `cannot be read: ${printable(message)}`;
}

type Copying = { readonly options: ImportOptions; readonly keys: ImportedKey[] };

/** @returns why the place could not be read */
async function openAndCopy(place: ImportPlace, { options, keys }: Copying, cli: Cli): Promise<VaultError | undefined> {
  const { profile, dryRun: isDryRun, overwrite, addConfig } = options;
  const how = { profile, isDryRun, overwrite, addConfig, signal: cli.signal };
  const request = { ...how, ...reporter(place, { options, keys }, cli) };
  let passphrase = variable(cli.env, PASSPHRASE);
  for (let tries = 0; ; tries += 1) {
    const problem = await cli.ask(() => cli.vault.transfers.importKeys(place, { ...request, passphrase }));
    const { file } = problem?.details ?? {};
    if (problem?.code !== 'KEYRING_LOCKED' || file === undefined) return problem;
    if (!hasTerminal()) return unasked(problem, file);
    if (tries === PASSPHRASE_TRIES) return problem;
    if (tries > 0) cli.say(`${cli.programName}: ${printable(problem.message)}`);
    const message = `Enter passphrase to unlock ${JSON.stringify(file)}: `;
    passphrase = await askTerminal({ message, secret: true, signal: cli.signal });
  }
}

function unasked({ details }: VaultError, file: string): VaultError {
  const message = `the passphrase of ${JSON.stringify(file)} is needed; run this in a terminal, or set ${PASSPHRASE}`;
  return new VaultError('KEYRING_LOCKED', message, { details });
}

/** What is printed as it happens. An attempt is repeated after a question, and then only what is new is told. */
function reporter(place: ImportPlace, { options, keys }: Copying, cli: Cli) {
  let isAnnounced = false;
  return {
    onFound: (count: number): void => {
      if (isAnnounced) return;
      isAnnounced = true;
      if (count > 0) cli.print(`${place.title}: ${plural(count)}\n`);
      else if (options.from !== undefined) cli.print(`${place.title}: no keys\n`);
    },
    onKey: (key: ImportedKey): void => {
      if (keys.some(({ profile }) => profile === key.profile)) return;
      keys.push(key);
      cli.print(`  ${printable(key.profile)}: ${wordsFor(key, options.dryRun)}\n`);
    },
  };
}

function wordsFor({ state, reason }: ImportedKey, isDryRun: boolean): string {
  const words: { readonly [S in ImportedKey['state']]: string } = {
    new: isDryRun ? 'would be copied to the vault' : 'copied to the vault',
    replaced: isDryRun ? 'would replace another key in the vault' : 'replaced another key in the vault',
    same: 'is in the vault already',
    different: 'differs from the key in the vault and was left; --overwrite replaces that one',
    unreadable: 'cannot be read',
    unusable: 'was left',
  };
  return `${words[state]}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}

/** Granted writes itself into the config file. The vault's key comes first here, but not for other programs. */
async function adviseOnGranted(keys: readonly ImportedKey[], cli: Cli): Promise<void> {
  const { profiles } = await cli.vault.config();
  for (const { profile, state } of keys) {
    const command = profiles.get(profile)?.values.get('credential_process') ?? '';
    if (!/\bgranted\b/.test(command) || (state !== 'new' && state !== 'same' && state !== 'replaced')) continue;
    const instead = `credential_process = ${cli.programName} export --format=json ${profile}`;
    cli.say(
      `The config file still has other programs run Granted for ${printable(profile)}; instead: ${printable(instead)}`,
    );
  }
}

type Removal = { readonly keys: readonly ImportedKey[]; readonly options: ImportOptions };

/** Keys that the vault has are no longer needed in plain text. Other programs may still read them there, so a person decides. */
async function offerRemoval(
  place: NonNullable<ImportPlace['plainText']>,
  { keys, options }: Removal,
  cli: Cli,
): Promise<void> {
  const safe = keys.filter(({ state }) => state === 'new' || state === 'replaced' || state === 'same');
  if (safe.length === 0) return;
  const { file } = place;
  if (!options.removePlaintext && !hasTerminal()) {
    cli.say(`${plural(safe.length)} still in plain text in ${file}; --remove-plaintext takes them out`);
    return;
  }
  const question = `Take ${plural(safe.length)} out of ${file}? A copy that only you can read stays beside it. (y|N) `;
  if (!options.removePlaintext && !(await confirm({ message: question, signal: cli.signal }))) return;
  const profiles = safe.map(({ profile }) => profile);
  const done = await cli.ask(() => cli.vault.transfers.removePlainText(place, profiles));
  if (done === undefined) return;
  const { removed, backup } = done;
  const names = removed.length > NAMED_MAX ? '' : `: ${removed.map(printable).join(', ')}`;
  cli.print(`Took ${plural(removed.length)} out of ${file}${names}\n`);
  cli.print(`What was there before is in ${backup}; delete it when all works\n`);
}

function plural(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`;
}

function notThere(profile: string): VaultError {
  const message = `no key for profile ${JSON.stringify(profile)} was found; see 'keyturn import --dry-run'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
}
