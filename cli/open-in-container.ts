import { parseGoDuration } from '../native-host/duration.ts';
import { VaultError } from '../native-host/errors.ts';
import type { ConsoleRequest, ConsoleSignIn } from '../native-host/operations/console.ts';
import { variable } from '../native-host/settings.ts';
import type { BrowserFamily, OpenConsoleRequest } from '../native-host/user-socket-open.ts';
import type { Cli } from './cli.ts';

export type BrowserChoice = BrowserFamily | 'default';

type HostCall = { readonly action: 'openConsole' | 'signOut'; readonly params: object };
type Hosts = { readonly addresses: readonly string[]; readonly families: readonly BrowserFamily[] };

/** A browser whose vault is open has the console on screen before this. */
const SLOW_MS = 10_000;
/** Firefox first, because only there a profile has a container of its own. */
const FAMILIES: readonly BrowserFamily[] = ['firefox', 'chromium'];

/**
 * Has a running browser open the console in the profile's container; undefined when there is none, so that the default browser
 * is to open it. What needs a person is asked for here: the browser then finds the session in the vault.
 * @throws VaultError BROWSER_NOT_CONNECTED when a browser was asked for by name; as `login` does; what the browser failed with
 */
export async function openInContainer(
  request: ConsoleRequest,
  { browser, mfaToken }: { readonly browser: BrowserFamily | undefined; readonly mfaToken: string | undefined },
  cli: Cli,
): Promise<Omit<ConsoleSignIn, 'url'> | undefined> {
  const hosts = await runningHosts(browser, cli);
  if (hosts === undefined) return undefined;
  const { profile } = request;
  const meant = withVariables(cli.env, request);
  const planned = await cli.ask((call) => cli.vault.consolePlan(meant, cli.signal, call), { mfaToken, profile });
  const call = { action: 'openConsole', params: openRequest(meant, planned) } as const;
  const slow = setTimeout(() => cli.say('Waiting for the browser, which may have a question ...'), SLOW_MS);
  const answer = await askHosts(hosts, call, cli).finally(() => clearTimeout(slow));
  if (answer === undefined) return notConnected(browser, cli);
  const { outcome, unusedMfaSerial, isDurationIgnored } = answer;
  if (outcome === 'opened') {
    return {
      ...(typeof unusedMfaSerial === 'string' && { unusedMfaSerial }),
      isDurationIgnored: isDurationIgnored === true,
    };
  }
  const why = `the browser's Keyturn has other settings than this terminal (AWS_CONFIG_FILE, AWS_VAULT_*, ...), and could open another ${JSON.stringify(profile)}`;
  if (browser !== undefined) throw new VaultError('CONFIG_INVALID', `${why}; use --browser default`);
  cli.say(`${cli.programName}: opening the default browser: ${why}`);
  return undefined;
}

/** Has a running browser sign out in the profile's container. @returns false when there is none */
export async function signOutInContainer(
  profile: string,
  { browser }: { readonly browser: BrowserFamily | undefined },
  cli: Cli,
): Promise<boolean> {
  const hosts = await runningHosts(browser, cli);
  if (hosts === undefined) return false;
  if ((await askHosts(hosts, { action: 'signOut', params: { profile } }, cli)) !== undefined) return true;
  notConnected(browser, cli);
  return false;
}

async function runningHosts(browser: BrowserFamily | undefined, cli: Cli): Promise<Hosts | undefined> {
  const { hostAddresses } = await import('../native-host/user-socket-open.ts');
  const addresses = hostAddresses({ stateDir: cli.settings.stateDir, env: cli.env });
  if (addresses.length === 0) return notConnected(browser, cli);
  return { addresses, families: browser === undefined ? FAMILIES : [browser] };
}

/** Asks one host after the other; undefined when none could do it. */
async function askHosts(
  { addresses, families }: Hosts,
  { action, params }: HostCall,
  { settings, env, signal }: Cli,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { callHost } = await import('../native-host/user-socket-open.ts');
  for (const browser of families) {
    for (const address of addresses) {
      const call = { action, params: { ...params, browser } };
      const answer = await callHost(address, call, { stateDir: settings.stateDir, env, signal });
      if (answer !== undefined) return answer;
    }
  }
  return undefined;
}

/** @throws VaultError BROWSER_NOT_CONNECTED when a browser was asked for by name */
function notConnected(browser: BrowserFamily | undefined, cli: Cli): undefined {
  if (browser === undefined) {
    if (cli.isDebug) cli.say('no browser with the Keyturn extension is connected: opening the default browser');
    return undefined;
  }
  const message = `no ${browser} with the Keyturn extension is connected: open it ('keyturn host status' shows what is missing), or use --browser default`;
  throw new VaultError('BROWSER_NOT_CONNECTED', message);
}

/** A browser that was started from the desktop has no such variables; in the request they mean the same. */
function withVariables(env: Cli['env'], request: ConsoleRequest): ConsoleRequest {
  const { flags } = request;
  const region = flags.region ?? variable(env, 'AWS_REGION') ?? variable(env, 'AWS_DEFAULT_REGION');
  const ttl = flags.durationSeconds === undefined ? variable(env, 'AWS_CONSOLE_SESSION_TTL') : undefined;
  const seconds = ttl === undefined ? undefined : Math.floor(parseGoDuration(ttl, 'AWS_CONSOLE_SESSION_TTL'));
  return { ...request, flags: { ...flags, region }, consoleSeconds: request.consoleSeconds ?? seconds };
}

function openRequest(
  { profile, flags, noSession, consoleSeconds, signsOutFirst }: ConsoleRequest,
  planned: { readonly plan: string; readonly destination: string },
): OpenConsoleRequest {
  const { region, durationSeconds } = flags;
  return {
    profile,
    ...planned,
    ...(region !== undefined && { region }),
    ...(durationSeconds !== undefined && { durationSeconds }),
    ...(consoleSeconds !== undefined && { consoleSeconds }),
    ...(noSession !== undefined && { noSession }),
    ...(signsOutFirst !== undefined && { signsOutFirst }),
  };
}
