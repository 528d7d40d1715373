import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import search from '@inquirer/search';
import fuzzysort from 'fuzzysort';
import { VaultError } from '../../native-host/errors.ts';
import type { Cli } from '../cli.ts';
import { recentProfiles } from '../recent-profiles.ts';

type Profile = Awaited<ReturnType<Cli['vault']['list']>>['profiles'][number];
type Choice = {
  readonly value: string;
  readonly name: string;
  readonly short: string;
  readonly disabled: string | false;
};

const PAGE_SIZE = 10;
// Esc alone: with more bytes after it, it begins the code of an arrow or function key. And Ctrl-D, at which the list would stay.
const CANCELLING = new Set(['\x1b', '\x04']);
const [INPUT, OUTPUT] = process.platform === 'win32' ? ['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] : ['/dev/tty', '/dev/tty'];

/**
 * Lets the person at the terminal choose a profile, by typing parts of its name, account or role; those used last come first.
 * stdin and stdout stay untouched: `eval "$(keyturn export)"` asks too.
 * @throws VaultError CANCELLED on Esc and Ctrl-C; CONFIG_INVALID where there is nothing to choose
 */
export async function pickProfile(cli: Cli): Promise<string> {
  const { profiles } = await cli.ask(() => cli.vault.list());
  if (!profiles.some(({ problem }) => problem === undefined)) throw nothingToChoose(profiles);
  const choices = inOrder(profiles, recentProfiles(cli.settings));
  const stopped = new AbortController();
  const input = new ReadStream(openSync(INPUT, 'r'));
  const output = new WriteStream(openSync(OUTPUT, 'w'));
  input.on('data', (bytes) => {
    if (CANCELLING.has(String(bytes))) stopped.abort();
  });
  // A terminal that has hung up must not keep the question, and so the process, for ever.
  for (const event of ['end', 'error'] as const) input.on(event, () => stopped.abort());
  try {
    return await search(
      { message: 'Profile', pageSize: PAGE_SIZE, source: (term) => matching(term, choices) },
      { input, output, signal: AbortSignal.any([stopped.signal, cli.signal]), clearPromptOnDone: true },
    );
  } catch (error) {
    throw isCancelled(error) ? new VaultError('CANCELLED', 'cancelled; no profile was chosen') : error;
  } finally {
    input.setRawMode(false);
    input.destroy();
    output.destroy();
  }
}

/** What a person reads and searches: name, account and role, and what is wrong with those that cannot be used. */
export function inOrder(profiles: readonly Profile[], recent: readonly string[]): Choice[] {
  const rank = new Map(recent.map((name, index) => [name, index]));
  const width = Math.max(...profiles.map(({ name }) => name.length));
  return profiles
    .map((profile) => ({ profile, rank: rank.get(profile.name) ?? recent.length }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ profile: { name, accountId = '', roleName = '', problem } }) => ({
      value: name,
      short: shown(name),
      name: shown(`${name.padEnd(width)}  ${accountId.padEnd(12)}  ${roleName}`),
      disabled: problem === undefined ? false : `(${shown(problem)})`,
    }));
}

/** Best match first; without a word typed, all in their order. */
export function matching(term: string | undefined, choices: readonly Choice[]): readonly Choice[] {
  if (term === undefined || term.trim() === '') return choices;
  return fuzzysort.go(term.trim(), choices, { keys: ['value', 'name'] }).map(({ obj }) => obj);
}

function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?').trimEnd();
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && ['AbortPromptError', 'ExitPromptError', 'CancelPromptError'].includes(error.name);
}

function nothingToChoose(profiles: readonly Profile[]): VaultError {
  const [broken] = profiles;
  const why =
    broken === undefined
      ? "there is no profile to choose from; run 'keyturn add NAME' first"
      : `no profile can be used (${broken.name}: ${broken.problem ?? ''}); see 'keyturn list'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', why);
}
