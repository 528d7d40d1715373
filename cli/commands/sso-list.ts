import { formatRemaining } from '../../native-host/duration.ts';
import { rfc3339 } from '../../native-host/rfc3339.ts';
import { chosenSso } from '../chosen-sso.ts';
import type { Cli } from '../cli.ts';
import { progressBar } from '../progress-bar.ts';
import { alignedColumns } from '../table.ts';

export type SsoListOptions = {
  readonly session: string | undefined;
  readonly sessions: boolean;
  readonly json: boolean;
  readonly stdout: boolean;
};

type Sessions = Awaited<ReturnType<Cli['vault']['sso']['sessions']>>;
type Roles = Awaited<ReturnType<Cli['vault']['sso']['roles']>>;

/** Lists accounts and roles, or the instances and who is signed in where; the latter asks neither AWS nor anybody else. */
export async function ssoList(options: SsoListOptions, cli: Cli): Promise<void> {
  if (options.sessions) {
    const sessions = await cli.vault.sso.sessions();
    return cli.print(options.json ? sessionsJson(sessions, new Date()) : sessionsTable(sessions, new Date()));
  }
  const target = await chosenSso(options.session, cli);
  const roles = await rolesWithProgress({ target }, cli, options.stdout);
  cli.print(options.json ? rolesJson(roles) : rolesTable(roles));
}

/** What a person may have, with a bar on the terminal while AWS is asked account by account. */
export async function rolesWithProgress(
  request: Omit<Parameters<Cli['vault']['sso']['roles']>[0], 'onProgress'>,
  cli: Cli,
  stdout: boolean,
): Promise<Roles> {
  const bar = progressBar('accounts', cli);
  try {
    return await cli.ask((call) => cli.vault.sso.roles({ ...request, onProgress: bar.show }, call), { stdout });
  } finally {
    bar.clear();
  }
}

function sessionsTable(sessions: Sessions, now: Date): string {
  const rows = sessions.map(({ session = '-', startUrl, region, profiles, isSignedIn, expiresAt, isRenewable }) => [
    ...[session, startUrl, region, String(profiles.length)],
    ...signedIn({ isSignedIn, expiresAt, isRenewable }, now),
  ]);
  return alignedColumns([['Session', 'Start URL', 'Region', 'Profiles', 'Signed in', 'Time left'], ...rows], 0);
}

type State = Pick<Sessions[number], 'isSignedIn' | 'isRenewable'> & { readonly expiresAt: Date | undefined };

function signedIn({ isSignedIn, expiresAt, isRenewable }: State, now: Date): [string, string] {
  if (isSignedIn === undefined) return ['vault is locked', '-'];
  if (expiresAt === undefined) return ['no', '-'];
  const left = secondsLeft(expiresAt, now);
  if (left > 0) return ['yes', `${formatRemaining(left)}${isRenewable ? ', renewed when needed' : ''}`];
  return isRenewable ? ['yes', 'renewed when needed'] : ['no', `expired ${formatRemaining(-left)} ago`];
}

/** The shapes of `--json`, documented in docs/json.md; fields are added to them, never renamed or removed. */
function sessionsJson(sessions: Sessions, now: Date): string {
  const list = sessions.map(({ session, startUrl, region, profiles, isSignedIn, expiresAt, isRenewable }) => ({
    ...{ session: session ?? null, startUrl, region, profiles, isSignedIn: isSignedIn ?? null },
    expiresAt: expiresAt === undefined ? null : rfc3339(expiresAt),
    secondsLeft: expiresAt === undefined ? null : secondsLeft(expiresAt, now),
    isRenewable,
  }));
  return asText({ ssoSessions: list });
}

function rolesTable({ accounts }: Roles): string {
  const rows = accounts.flatMap(({ accountId, accountName, roles }) =>
    roles.map(({ roleName, profiles }) => [accountId, accountName, roleName, profiles.join(', ') || '-']),
  );
  return alignedColumns([['Account ID', 'Account', 'Role', 'Profiles'], ...rows], 0);
}

function rolesJson({ session, startUrl, region, accounts }: Roles): string {
  return asText({ session: session ?? null, startUrl, region, accounts });
}

function asText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.trunc((expiresAt.getTime() - now.getTime()) / 1000);
}
