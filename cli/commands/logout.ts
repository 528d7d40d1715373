import type { Cli } from '../cli.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { type BrowserChoice, signOutInContainer } from '../open-in-container.ts';

export type LogoutOptions = {
  readonly profile: string | undefined;
  readonly keepSessions: boolean;
  readonly stdout: boolean;
  readonly browser: BrowserChoice | undefined;
};

/**
 * Ends a console session where `login` began it, and forgets the profile's cached sessions. Those of other profiles stay, and
 * without a profile all do.
 */
export async function logout(options: LogoutOptions, cli: Cli): Promise<void> {
  const { profile, keepSessions, browser } = options;
  const { url } = await cli.vault.signOutUrl(profile);
  // First, because it is what protects, and does not need a browser that can be reached.
  if (profile !== undefined && !keepSessions) await forget(profile, cli);
  if (options.stdout) return cli.print(`${url}\n`);
  if (!(await isSignedOutInContainer(profile, browser, cli))) await openInBrowser(url, cli);
}

async function forget(profile: string, cli: Cli): Promise<void> {
  const { sessions } = await cli.ask(() => cli.vault.clear(profile));
  if (sessions > 0) cli.say(`Cleared ${sessions} sessions.`);
}

async function isSignedOutInContainer(
  profile: string | undefined,
  browser: BrowserChoice | undefined,
  cli: Cli,
): Promise<boolean> {
  return profile !== undefined && browser !== 'default' && signOutInContainer(profile, { browser }, cli);
}
