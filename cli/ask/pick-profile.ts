import fuzzysort from 'fuzzysort';
import { VaultError } from '../../native-host/errors.ts';
import type { Cli } from '../cli.ts';
import { recentProfiles } from '../recent-profiles.ts';
import { endOf, startOf, textWidth } from '../text-width.ts';
import { pick } from './pick.ts';

type Profile = Awaited<ReturnType<Cli['vault']['list']>>['profiles'][number];
type Choice = {
  readonly value: string;
  readonly name: string;
  readonly short: string;
  readonly account: string;
  readonly role: string;
  readonly disabled: string | false;
};

/** `withKey`: only those that have a key in the vault, even where something else is wrong with them. */
export type Choosable = { readonly withKey: boolean };

// The mark of the chosen one stands before them.
const MARK_WIDTH = 2;
// Narrower than this, account and role leave no room for the name by which a profile is chosen.
const MIN_NAME_WIDTH = 24;
const ACCOUNT_WIDTH = 14;

/**
 * Lets the person at the terminal choose a profile, by typing parts of its name, account or role; those used last come first.
 * @throws VaultError CANCELLED on Esc and Ctrl-C; CONFIG_INVALID where there is nothing to choose
 */
export async function pickProfile(cli: Cli, { withKey }: Choosable = { withKey: false }): Promise<string> {
  const { profiles } = await cli.ask(() => (withKey ? listWithKey(cli) : cli.vault.list()));
  if (withKey && profiles.length === 0) throw new VaultError('CREDENTIALS_NOT_FOUND', NO_KEY);
  if (!profiles.some(({ problem }) => problem === undefined)) throw nothingToChoose(profiles);
  return pick('Profile', {
    choices: (columns) => inOrder(profiles, recentProfiles(cli.settings), columns),
    matching,
    signal: cli.signal,
    nothing: 'no profile was chosen',
  });
}

const NO_KEY = "the vault holds no key to choose; run 'keyturn add NAME' first";

async function listWithKey(cli: Cli): Promise<{ readonly profiles: readonly Profile[] }> {
  const [{ profiles }, { storedKeys }] = await Promise.all([cli.vault.list(), cli.vault.inventory()]);
  const stored = new Set(storedKeys);
  return {
    profiles: profiles.filter(({ name }) => stored.has(name)).map(({ problem: _problem, ...profile }) => profile),
  };
}

/**
 * What a person reads and searches: name, account and role, and what is wrong with those that cannot be used. Each is one line of
 * a terminal with so many columns, because a list whose lines wrap scrolls the chosen one out of sight.
 */
export function inOrder(profiles: readonly Profile[], recent: readonly string[], columns: number): Choice[] {
  const rank = new Map(recent.map((name, index) => [name, index]));
  const available = Math.max(1, columns - MARK_WIDTH - 1);
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(textWidth));
  const others = profiles.map(({ accountId = '', roleName = '' }) =>
    `  ${accountId.padEnd(12)}  ${roleName}`.trimEnd(),
  );
  const besideOthers = Math.max(MIN_NAME_WIDTH, available - longest(others));
  const hasRoom = besideOthers + ACCOUNT_WIDTH <= available;
  const width = Math.min(longest(profiles.map(({ name }) => name)), hasRoom ? besideOthers : available);
  const line = ({ name, accountId = '', roleName = '', problem }: Profile): string => {
    const start = fitted(shown(name), width);
    if (problem !== undefined || !hasRoom) return start.trimEnd();
    return cut(shown(`${start}  ${accountId.padEnd(12)}  ${roleName}`), available);
  };
  return profiles
    .map((profile) => ({ profile, line: line(profile), rank: rank.get(profile.name) ?? recent.length }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ profile: { name, accountId: account = '', roleName: role = '', problem }, line: text }) => ({
      ...{ value: name, short: shown(name), name: text, account, role },
      disabled:
        problem === undefined ? false : cut(`(${shown(problem)})`, Math.max(1, available - textWidth(text) - 1)),
    }));
}

/** Best match first; without a word typed, all in their order. */
export function matching(term: string | undefined, choices: readonly Choice[]): readonly Choice[] {
  if (term === undefined || term.trim() === '') return choices;
  // By default it leaves out what it finds little alike, such as reader for red.
  return fuzzysort.go(term.trim(), choices, { keys: ['value', 'account', 'role'], threshold: 0 }).map(({ obj }) => obj);
}

/** In so many columns; of a name that is too long its beginning and its end, which is where such names differ. */
function fitted(name: string, width: number): string {
  if (textWidth(name) <= width) return filled(name, width);
  const end = endOf(name, Math.floor((width - 1) / 2));
  return filled(`${startOf(name, width - 1 - textWidth(end))}…${end}`, width);
}

/** A letter of two columns may leave the last one empty. */
function filled(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

function cut(text: string, width: number): string {
  return textWidth(text) <= width ? text : `${startOf(text, width - 1)}…`;
}

function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?').trimEnd();
}

function nothingToChoose(profiles: readonly Profile[]): VaultError {
  const [broken] = profiles;
  const why =
    broken === undefined
      ? "there is no profile to choose from; run 'keyturn add NAME' first"
      : `no profile can be used (${broken.name}: ${broken.problem ?? ''}); see 'keyturn list'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', why);
}
