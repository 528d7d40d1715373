import { formatRemaining } from '../../native-host/duration.ts';
import { rfc3339 } from '../../native-host/rfc3339.ts';
import { variable } from '../../native-host/settings.ts';
import { socketPlace } from '../../native-host/user-socket-place.ts';
import type { Cli } from '../cli.ts';
import { alignedColumns } from '../table.ts';

type Vault = Awaited<ReturnType<Cli['vault']['status']>>;

/** What this shell has: AWS_VAULT and the rest of what exec or kt put into it. */
type Shell = {
  readonly profile: string;
  readonly expiresAt: Date | undefined;
  /** Its programs get credentials from a server, which renews them. */
  readonly isServed: boolean;
};

type Status = Vault & { readonly shell: Shell | undefined; readonly browsers: number; readonly now: Date };

/** Shows what this shell has, which sessions are cached and for how long. Needs no passphrase, asks AWS nothing. */
export async function status({ json }: { readonly json: boolean }, cli: Cli): Promise<void> {
  const vault = await cli.vault.status();
  const found = { ...vault, shell: shellOf(cli.env), browsers: connectedBrowsers(cli), now: new Date() };
  cli.print(json ? statusJson(found) : statusText(found));
}

function shellOf(env: Cli['env']): Shell | undefined {
  const profile = variable(env, 'AWS_VAULT');
  if (profile === undefined) return undefined;
  const expiresAt = new Date(variable(env, 'AWS_CREDENTIAL_EXPIRATION') ?? Number.NaN);
  const isServed = variable(env, 'AWS_CONTAINER_CREDENTIALS_FULL_URI') !== undefined;
  return { profile, expiresAt: Number.isNaN(expiresAt.getTime()) ? undefined : expiresAt, isServed };
}

/** Browsers whose host runs: terminals find each by a socket that has its process in its name. */
function connectedBrowsers({ settings: { stateDir }, env }: Cli): number {
  const place = socketPlace({ stateDir, env });
  return place.list().filter((address) => isAlive(place.pidOf(address))).length;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process, or another user's, which cannot be a host of ours
  }
}

function statusJson({ shell, sessions, ssoTokens, browsers, now }: Status): string {
  const left = (expiresAt: Date | undefined) => ({
    expiresAt: expiresAt === undefined ? null : rfc3339(expiresAt),
    secondsLeft: expiresAt === undefined ? null : secondsLeft(expiresAt, now),
  });
  const output = {
    shell: shell === undefined ? null : { profile: shell.profile, ...left(shell.expiresAt), isServed: shell.isServed },
    sessions: sessions.map(({ profile, type, expiresAt, hasMfa }) => ({
      ...{ profile, type },
      ...left(expiresAt),
      hasMfa: hasMfa ?? null,
    })),
    ssoTokens: ssoTokens.map(({ startUrl, expiresAt, isRenewable, profiles }) => ({
      ...{ startUrl, ...left(expiresAt), isRenewable, profiles },
    })),
    browsers,
  };
  return `${JSON.stringify(output, undefined, 2)}\n`;
}

function statusText({ shell, sessions, ssoTokens, browsers, now }: Status): string {
  const lines = [
    `This shell: ${shellText(shell, now)}`,
    `Browsers connected: ${browsers}`,
    ...ssoTokens.map((token) => tokenText(token, now)),
    ...(sessions.length === 0 ? ['No session is cached.'] : ['', ...table(sessions, now)]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function shellText(shell: Shell | undefined, now: Date): string {
  if (shell === undefined) return 'no credentials';
  const profile = `profile ${shown(shell.profile)}`;
  if (shell.isServed) return `${profile}, renewed by a credential server`;
  if (shell.expiresAt === undefined) return `${profile}, without an end`;
  const seconds = secondsLeft(shell.expiresAt, now);
  return seconds > 0
    ? `${profile}, ${formatRemaining(seconds)} left`
    : `${profile}, expired ${formatRemaining(-seconds)} ago`;
}

function tokenText({ startUrl, expiresAt, isRenewable }: Vault['ssoTokens'][number], now: Date): string {
  const url = shown(startUrl);
  // Nobody is asked for a passphrase only to tell the time.
  if (expiresAt === undefined) return `Signed in to ${url}`;
  const seconds = secondsLeft(expiresAt, now);
  if (seconds > 0) return `Signed in to ${url}, ${formatRemaining(seconds)} left`;
  return `The login to ${url} has expired${isRenewable ? ', and is renewed when needed' : ''}`;
}

function table(sessions: Vault['sessions'], now: Date): string[] {
  const mfaText = (hasMfa: boolean | undefined): string => (hasMfa === undefined ? '?' : hasMfa ? 'yes' : 'no');
  const rows = [
    ['Profile', 'Session', 'Time left', 'MFA'],
    ...sessions.map(({ profile, type, expiresAt, hasMfa }) => [
      ...[shown(profile), shown(type)],
      ...[formatRemaining(secondsLeft(expiresAt, now)), mfaText(hasMfa)],
    ]),
  ];
  return alignedColumns(rows, 0).trimEnd().split('\n');
}

function secondsLeft(expiresAt: Date, now: Date): number {
  return Math.trunc((expiresAt.getTime() - now.getTime()) / 1000);
}

/** Without control characters, which could move the cursor or end the line. */
function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
