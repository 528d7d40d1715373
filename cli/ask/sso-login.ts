import { VaultError } from '../../native-host/errors.ts';
import { browserOpener, isWithoutDisplay } from '../browser-opener.ts';
import type { AskHow, Cli } from '../cli.ts';
import type { SsoFlow } from '../grammar/sso-flags.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { hasRunningHost } from '../running-hosts.ts';

type SsoTarget = Parameters<Cli['vault']['sso']['login']>[0];
type SsoLoginOptions = Parameters<Cli['vault']['sso']['login']>[1];

export type SsoLogin = Pick<AskHow, 'stdout' | 'program'> & {
  readonly target: SsoTarget;
  /** Chosen by the person; else what can work here. */
  readonly flow: SsoFlow | undefined;
  /** A new login also where there is a token that can be used. */
  readonly isForced?: boolean;
  readonly signal: AbortSignal;
};

const OPENING = 'Opening the SSO authorization page in your default browser (use Ctrl-C to abort)';
const SHOWN = 'The SSO authorization page is open in the browser with Keyturn (use Ctrl-C to abort)';
const OPEN = 'Open the SSO authorization page in a browser (use Ctrl-C to abort)';

/**
 * Has the person log in to IAM Identity Center in a browser. The lines it says are aws-vault's. Where the person opens the page
 * (`--stdout`, or no browser here), it may be on another machine, which only a device code can do.
 * @throws VaultError SSO_LOGIN_DENIED, SSO_LOGIN_EXPIRED, CANCELLED and the vault's
 */
export async function ssoLogin(
  { target, flow, stdout = false, program, isForced = false, signal }: SsoLogin,
  cli: Omit<Cli, 'ask'>,
): Promise<void> {
  let isByHand = stdout || !hasBrowser(cli);
  await cli.vault.sso.login(target, {
    flow: flow ?? (isByHand ? 'device' : 'pkce'),
    isForced,
    signal,
    onWait: () => cli.say('Waiting for another process that is logging in to IAM Identity Center ...'),
    show: async (page, shown) => {
      const { url } = page;
      const request = { page, target, program, opensTab: !isByHand };
      if (await isInContainer(request, { ...cli, signal: shown })) return true;
      cli.say(isByHand ? OPEN : OPENING);
      cli.say(url);
      if (isByHand || (await isOpened(url, { ...cli, signal: shown }))) return true;
      isByHand = true;
      // Whoever chose the way of the login stays with it: the page's address is on the screen.
      if (flow === undefined) cli.say('No browser could be opened here, so use this page instead, on any machine:');
      return flow !== undefined;
    },
  });
}

type HostLogin = Pick<SsoLogin, 'target' | 'program'> & {
  readonly page: Parameters<SsoLoginOptions['show']>[0];
  readonly opensTab: boolean;
};

/**
 * Has a running browser show the page in the container of its organisation, and makes a device code known to all of them, so
 * that they do not take it for a stranger's.
 */
async function isInContainer({ page, target, program, opensTab }: HostLogin, cli: Omit<Cli, 'ask'>): Promise<boolean> {
  if (!opensTab && page.flow === 'pkce') return false;
  if (!hasRunningHost(cli)) return false;
  const { showLoginInBrowser } = await import('../login-in-browser.ts');
  const { isShown, problem } = await showLoginInBrowser({ page, target, program, opensTab }, cli);
  if (problem !== undefined) {
    cli.say(`${cli.programName}: the browser with Keyturn could not open the page: ${problem.message}`);
  }
  if (!isShown) return false;
  cli.say(SHOWN);
  cli.say(page.url);
  if (page.userCode !== undefined) cli.say(`The page must show this code: ${page.userCode}`);
  return true;
}

async function isOpened(url: string, cli: Omit<Cli, 'ask'>): Promise<boolean> {
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

/** A browser with Keyturn counts as well, unless the person sits at another machine. */
function hasBrowser(cli: Omit<Cli, 'ask'>): boolean {
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
