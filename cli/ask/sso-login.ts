import type { AskHow, Cli } from '../cli.ts';
import type { SsoFlow } from '../grammar/sso-flags.ts';
import { hasBrowser, isInContainer, isOpened } from './page.ts';

type SsoTarget = Parameters<Cli['vault']['sso']['login']>[0];

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
      const request = { page, target, program, opensTab: !isByHand, said: SHOWN };
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
