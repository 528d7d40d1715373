import type { Credentials } from '../../native-host/aws/credentials.ts';
import { VaultError } from '../../native-host/errors.ts';
import type { ConsoleSignIn } from '../../native-host/operations/console.ts';
import { variable } from '../../native-host/settings.ts';
import { browserOpener } from '../browser-opener.ts';
import type { Cli } from '../cli.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { type BrowserChoice, openInContainer } from '../open-in-container.ts';
import type { CredentialFlags } from './request.ts';

export type LoginOptions = CredentialFlags & {
  readonly profile: string | undefined;
  readonly path: string | undefined;
  /** The second argument, and `--service`. */
  readonly services: readonly (string | undefined)[];
  readonly copy: boolean;
  readonly logout: boolean;
  readonly autoLogout: boolean;
  readonly consoleDuration: number | undefined;
  readonly browser: BrowserChoice | undefined;
};

/**
 * Signs in to the AWS console as a profile, or as the credentials in the environment: in the profile's container of a running
 * browser, else in the default browser; or prints or copies the URL.
 */
export async function login(options: LoginOptions, cli: Cli): Promise<void> {
  const wish = await wishOf(options);
  // Whoever has set --stdout for good, and asks for a copy, wants the copy.
  const isPrinted = options.stdout && !options.copy;
  if (!isPrinted && !options.copy && (await isOpenInContainer(options, wish, cli))) return;
  if (!isPrinted && !options.copy) browserOpener(cli); // before anybody is asked for a code
  const copyToClipboard = options.copy ? (await import('../clipboard.ts')).clipboard(cli) : undefined;
  const signIn = await signedIn(options, wish, cli);
  tell(signIn, options, cli);
  if (isPrinted) return cli.print(`${signIn.url}\n`);
  if (copyToClipboard === undefined) return openInBrowser(signIn.url, cli);
  await copyToClipboard(signIn.url);
  cli.say(
    'Copied the sign-in URL. Until it is used, or for 15 minutes, it signs in whoever has it: do not leave it on the clipboard.',
  );
}

type Wish = {
  readonly path: string | undefined;
  readonly service: string | undefined;
  readonly consoleSeconds: number | undefined;
  readonly signsOutFirst: boolean;
};

/** What to open; refused before anybody is asked for a code. @throws VaultError USAGE */
async function wishOf(options: LoginOptions): Promise<Wish> {
  const { path, services, consoleDuration, logout, autoLogout } = options;
  const [service, other] = services.filter((one) => one !== undefined);
  if (other !== undefined) throw conflict('a service after the profile', '--service', 'service');
  if (service !== undefined && path !== undefined) throw conflict('a service', '--path', 'path');
  if (service !== undefined) (await import('../../native-host/console-service.ts')).consoleService(service);
  return { path, service, consoleSeconds: consoleDuration, signsOutFirst: logout || autoLogout };
}

function conflict(one: string, other: string, flag: string): VaultError {
  return new VaultError('USAGE', `Can't use ${one} with ${other}`, { details: { flag } });
}

async function isOpenInContainer(options: LoginOptions, wish: Wish, cli: Cli): Promise<boolean> {
  const { profile, browser, noSession, region, durationSeconds, mfaToken } = options;
  if (profile === undefined || browser === 'default') return false;
  const request = { profile, noSession, flags: { region, durationSeconds }, ...wish };
  const opened = await openInContainer(request, { browser, mfaToken }, cli);
  if (opened !== undefined) tell(opened, options, cli);
  return opened !== undefined;
}

async function signedIn(options: LoginOptions, wish: Wish, cli: Cli): Promise<ConsoleSignIn> {
  const { profile, noSession, region, durationSeconds, mfaToken, stdout } = options;
  const flags = { region, durationSeconds };
  if (profile === undefined) {
    return cli.vault.consoleUrlOf({ credentials: environmentCredentials(cli), flags, ...wish }, cli.signal);
  }
  const request = { profile, noSession, flags, ...wish };
  return cli.ask((call) => cli.vault.consoleUrl(request, call), { mfaToken, profile, stdout });
}

/** What the person would otherwise find out later: that no MFA was involved, or that the console closes sooner than they asked. */
function tell(facts: Omit<ConsoleSignIn, 'url'>, { profile, consoleDuration }: LoginOptions, cli: Cli): void {
  const session = profile === undefined ? 'this console session' : `the console session of ${JSON.stringify(profile)}`;
  if (facts.unusedMfaSerial !== undefined) {
    cli.say(
      `${cli.programName}: ${session} is without MFA (${facts.unusedMfaSerial}): AWS takes no code when a user signs in with a key; for one with MFA, log in to a role that has mfa_serial`,
    );
  }
  if (facts.isDurationIgnored && consoleDuration !== undefined) {
    cli.say(
      `${cli.programName}: ${session} ends with its credentials: AWS takes --console-duration only for a role that is assumed with a user's own key`,
    );
  }
}

/** Whether the environment has credentials to sign in with. */
export function hasEnvironmentKey({ env }: Cli): boolean {
  return variable(env, 'AWS_ACCESS_KEY_ID') !== undefined && variable(env, 'AWS_SECRET_ACCESS_KEY') !== undefined;
}

function environmentCredentials({ env }: Cli): Credentials {
  const accessKeyId = variable(env, 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = variable(env, 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = variable(env, 'AWS_SESSION_TOKEN');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new VaultError('USAGE', "argument 'profile' not provided, nor any AWS env vars found. Try --help");
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
