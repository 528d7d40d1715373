import { formatRemaining } from '../../native-host/duration.ts';
import type { Cli } from '../cli.ts';
import { listTable } from '../output.ts';

export type ListOptions = { readonly profiles: boolean; readonly sessions: boolean; readonly credentials: boolean };

type Inventory = Awaited<ReturnType<Cli['vault']['inventory']>>;
type Session = Inventory['sessions'][number];
type SsoToken = Inventory['ssoTokens'][number];

/** Lists profiles, stored keys and cached sessions, as a table or one of them a line each. Needs no passphrase. */
export async function list(options: ListOptions, cli: Cli): Promise<void> {
  const inventory = await cli.vault.inventory();
  if (options.credentials) return printLines(inventory.storedKeys, cli);
  if (options.profiles) return printLines(inventory.profiles, cli);
  if (options.sessions)
    return printLines([...inventory.ssoTokens.map(tokenLabel), ...inventory.sessions.map(label)], cli);
  cli.print(listTable(rows(inventory)));
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
function rows({ profiles, storedKeys, sessions, ssoTokens }: Inventory): string[][] {
  const configured = new Set(profiles);
  const stored = new Set(storedKeys);
  const ofProfile = Map.groupBy(sessions, ({ profile }) => profile);
  const uses = ssoTokens.flatMap((token) => token.profiles.map((profile) => ({ profile, token })));
  const tokensOf = Map.groupBy(uses, ({ profile }) => profile);
  const labelsOf = (name: string): string => {
    return (
      [
        ...(tokensOf.get(name) ?? []).map(({ token }) => tokenLabel(token)),
        ...(ofProfile.get(name) ?? []).map(label),
      ].join(', ') || '-'
    );
  };
  return [
    ...profiles.map((name) => [name, stored.has(name) ? name : '-', labelsOf(name)]),
    ...storedKeys.filter((name) => !configured.has(name)).map((name) => ['-', name, '-']),
    ...ssoTokens.filter(({ profiles: users }) => users.length === 0).map((token) => ['-', '-', tokenLabel(token)]),
    ...sessions.filter(({ profile }) => !configured.has(profile)).map((session) => ['-', '-', label(session)]),
  ];
}

function printLines(lines: readonly string[], cli: Cli): void {
  cli.print(lines.map((line) => `${line}\n`).join(''));
}
