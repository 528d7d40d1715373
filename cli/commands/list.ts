import { formatRemaining } from '../../native-host/duration.ts';
import { rfc3339 } from '../../native-host/rfc3339.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../key-age.ts';
import { listTable } from '../table.ts';

export type ListOptions = {
  readonly profiles: boolean;
  readonly sessions: boolean;
  readonly credentials: boolean;
  readonly age: boolean;
  readonly json: boolean;
};

type Listing = Awaited<ReturnType<Cli['vault']['listing']>>;
type Session = Listing['sessions'][number];
type SsoToken = Listing['ssoTokens'][number];

const DAY_MS = 24 * 3600 * 1000;

/**
 * Lists profiles, stored keys and cached sessions, as a table, as JSON, or one of them a line each. Needs no passphrase. The table
 * is aws-vault's; how old each key is stands in a fourth column, for people on a terminal or whoever asks for it.
 */
export async function list(options: ListOptions, cli: Cli): Promise<void> {
  if (options.json)
    return cli.print(`${JSON.stringify(asJson(await cli.vault.listing(), new Date()), undefined, 2)}\n`);
  if (options.credentials) return printLines((await cli.vault.inventory()).storedKeys, cli);
  if (options.profiles) return printLines((await cli.vault.inventory()).profiles, cli);
  if (options.sessions) {
    const { ssoTokens, sessions } = await cli.vault.inventory();
    return printLines([...ssoTokens.map(tokenLabel), ...sessions.map(label)], cli);
  }
  const listing = await cli.vault.listing();
  const isForTerminal = cli.stdoutIsTty();
  const table = rows(listing);
  if (!options.age && !isForTerminal) cli.print(listTable(table, { isForTerminal }));
  else cli.print(listTable(withAges(table, listing), { more: ['Key age'], isForTerminal }));
  for (const line of hints(listing)) cli.say(`${cli.programName}: ${line}`);
}

function label({ type, expiresAt }: Session): string {
  return `${type}:${formatRemaining(Math.trunc((expiresAt.getTime() - Date.now()) / 1000))}`;
}

/** aws-vault's name of it, and whether it has expired as far as that is known. */
function tokenLabel({ key, expiresAt, isRenewable }: SsoToken): string {
  if (expiresAt === undefined || expiresAt.getTime() > Date.now()) return key;
  return `${key} (${isRenewable ? 'expired, renewed when needed' : 'expired'})`;
}

/** Profiles in file order, then stored keys without a section, then what belongs to no profile of the file. */
function rows({ profiles, storedKeys, sessions, ssoTokens, plainText }: Listing): string[][] {
  const configured = new Set(profiles);
  const stored = new Set(storedKeys);
  const unprotected = new Set(plainText.map(({ profile }) => profile));
  const ofProfile = Map.groupBy(sessions, ({ profile }) => profile);
  const uses = ssoTokens.flatMap((token) => token.profiles.map((profile) => ({ profile, token })));
  const tokensOf = Map.groupBy(uses, ({ profile }) => profile);
  const key = (name: string): string => (stored.has(name) ? name : unprotected.has(name) ? '(plain text)' : '-');
  const labelsOf = (name: string): string => {
    const tokens = (tokensOf.get(name) ?? []).map(({ token }) => tokenLabel(token));
    return [...tokens, ...(ofProfile.get(name) ?? []).map(label)].join(', ') || '-';
  };
  return [
    ...profiles.map((name) => [name, key(name), labelsOf(name)]),
    ...[...unprotected]
      .filter((name) => !configured.has(name) && !stored.has(name))
      .map((name) => [name, key(name), '-']),
    ...storedKeys.filter((name) => !configured.has(name)).map((name) => ['-', name, '-']),
    ...ssoTokens.filter(({ profiles: users }) => users.length === 0).map((token) => ['-', '-', tokenLabel(token)]),
    ...sessions.filter(({ profile }) => !configured.has(profile)).map((session) => ['-', '-', label(session)]),
  ];
}

/** A fourth cell for the rows with a stored key; `>` where only the time in the vault is known, and AWS's date may be earlier. */
function withAges(table: readonly (readonly string[])[], { ages }: Listing): string[][] {
  return table.map((row) => {
    const age = ages.get(row[1] ?? '');
    const mark = age?.source === 'vault' ? '>' : '';
    return [...row, age === undefined ? '-' : `${mark}${formatAge(age.since)}`];
  });
}

/** What the person should do something about. */
function hints({ storedKeys, plainText, plainTextProblem, rotating }: Listing): string[] {
  const stored = new Set(storedKeys);
  const byFile = Map.groupBy(plainText, ({ file }) => file);
  return [
    ...(plainTextProblem === undefined ? [] : [`keys in plain text were not looked for: ${plainTextProblem}`]),
    ...[...byFile].flatMap(([file, keys]) => inPlainText(file, keys, stored)),
    ...rotating.map(
      (name) =>
        `the rotation of the key of '${name}' was interrupted, and no key is lost: 'keyturn rotate ${name}' finishes it`,
    ),
  ];
}

function inPlainText(file: string, keys: Listing['plainText'], stored: ReadonlySet<string>): string[] {
  const profiles = keys.map(({ profile }) => profile);
  const [first, ...others] = profiles.filter((name) => !stored.has(name));
  const twice = profiles.filter((name) => stored.has(name));
  const [noun, pronoun] = others.length > 0 ? ['keys', 'each'] : ['key', 'it'];
  const [have, there] = twice.length > 1 ? ['keys', 'are'] : ['key', 'is'];
  return [
    ...(first === undefined
      ? []
      : [
          `in plain text in ${file}: the ${noun} of ${names([first, ...others])}; move ${pronoun} into the vault: keyturn add --from-file ${shellWord(first)}`,
        ]),
    ...(twice.length === 0
      ? []
      : [
          `the ${have} of ${names(twice)} ${there} in the vault, but still in plain text in ${file} too; remove ${twice.length > 1 ? 'them' : 'it'} there`,
        ]),
  ];
}

function names(profiles: readonly string[]): string {
  return profiles.map((name) => `'${name}'`).join(', ');
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.trunc((expiresAt.getTime() - now.getTime()) / 1000);
}

/** The shape of `--json`, documented in docs/json.md; fields are added to it, never renamed or removed. */
function asJson(listing: Listing, now: Date) {
  const { profiles, storedKeys, sessions, ssoTokens, plainText, ages, rotating } = listing;
  const stored = new Set(storedKeys);
  const plainTextProfiles = plainText.map(({ profile }) => profile);
  const unprotected = new Set(plainTextProfiles);
  const configured = new Set(profiles);
  const unconfigured = plainTextProfiles.filter((name) => !configured.has(name));
  return {
    profiles: [...profiles, ...unconfigured].map((name) => ({
      name,
      inConfigFile: configured.has(name),
      hasStoredKey: stored.has(name),
      hasPlainTextKey: unprotected.has(name),
    })),
    keys: storedKeys.map((profile) => {
      const age = ages.get(profile);
      return {
        profile,
        inConfigFile: configured.has(profile),
        since: age === undefined ? null : rfc3339(age.since),
        sinceSource: age?.source ?? null,
        ageDays: age === undefined ? null : Math.max(0, Math.floor((now.getTime() - age.since.getTime()) / DAY_MS)),
        rotationInterrupted: rotating.includes(profile),
      };
    }),
    sessions: sessions.map(({ type, profile, expiresAt, hasMfa }) => ({
      ...{ type, profile, expiresAt: rfc3339(expiresAt), secondsLeft: secondsLeft(expiresAt, now) },
      hasMfa: hasMfa ?? null,
    })),
    ssoTokens: ssoTokens.map(({ startUrl, expiresAt, isRenewable, profiles: users }) => ({
      startUrl,
      expiresAt: expiresAt === undefined ? null : rfc3339(expiresAt),
      secondsLeft: expiresAt === undefined ? null : secondsLeft(expiresAt, now),
      isRenewable,
      profiles: users,
    })),
    plainTextProfiles,
  };
}

function printLines(lines: readonly string[], cli: Cli): void {
  cli.print(lines.map((line) => `${line}\n`).join(''));
}
