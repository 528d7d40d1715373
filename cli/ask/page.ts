import { VaultError } from '../../native-host/errors.ts';
import { browserOpener, isWithoutDisplay } from '../browser-opener.ts';
import type { Cli } from '../cli.ts';
import type { LoginInBrowser } from '../login-in-browser.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { hasRunningHost } from '../running-hosts.ts';

/** Opens a page of a login; false where no browser came. */
export async function isOpened(url: string, cli: Omit<Cli, 'ask'>): Promise<boolean> {
  try {
    await openInBrowser(url, cli);
    return true;
  } catch (error) {
    if (!(error instanceof VaultError) || cli.signal.aborted) throw error;
    cli.log(error.message);
    // Nobody came, but the address is on the screen: somebody may be typing a password on that page by now.
    return error.code === 'TIMEOUT';
  }
}

/** Whether a page could be opened here at all. A browser with Keyturn counts too, unless the person sits at another machine. */
export function hasBrowser(cli: Omit<Cli, 'ask'>): boolean {
  if (!isWithoutDisplay(cli.env) && hasRunningHost(cli)) return true;
  try {
    browserOpener(cli);
    return true;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    cli.log(error.message);
    return false;
  }
}

export type HostLogin = LoginInBrowser & {
  /** What the person is told when it is open. */
  readonly said: string;
};

/**
 * Has a running browser show the page in the container of its organisation, and makes a device code known to all of them, so
 * that they do not take it for a stranger's.
 */
export async function isInContainer({ said, ...login }: HostLogin, cli: Omit<Cli, 'ask'>): Promise<boolean> {
  const { page, opensTab } = login;
  if (!opensTab && page.flow === 'pkce') return false;
  if (!hasRunningHost(cli)) return false;
  const { showLoginInBrowser } = await import('../login-in-browser.ts');
  const { isShown, problem } = await showLoginInBrowser(login, cli);
  if (problem !== undefined) {
    cli.say(`${cli.programName}: the browser with Keyturn could not open the page: ${problem.message}`);
  }
  if (!isShown) return false;
  cli.say(said);
  cli.say(page.url);
  if (page.userCode !== undefined) cli.say(`The page must show this code: ${page.userCode}`);
  return true;
}
