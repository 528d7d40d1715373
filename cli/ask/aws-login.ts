import type { AskHow, Cli } from '../cli.ts';
import { hasBrowser, isInContainer, isOpened } from './page.ts';

const OPENING = 'Opening the sign-in page of AWS in your default browser (use Ctrl-C to abort)';
const SHOWN = 'The sign-in page of AWS is open in the browser with Keyturn (use Ctrl-C to abort)';
const OPEN = 'Open the sign-in page of AWS in a browser of this machine (use Ctrl-C to abort)';

export type AwsLogin = Pick<AskHow, 'stdout' | 'program'> & { readonly profile: string; readonly signal: AbortSignal };

/**
 * Has the person log in with console credentials, as `aws login` does. The answer comes back to this machine, so with
 * `--stdout` the page is to be opened here too.
 * @throws VaultError LOGIN_DENIED, LOGIN_EXPIRED, LOGIN_REQUIRED where there is no browser, CANCELLED and the vault's
 */
export async function awsLogin(
  { profile, program, stdout = false, signal }: AwsLogin,
  cli: Omit<Cli, 'ask'>,
): Promise<void> {
  await cli.vault.awsLogin(profile, {
    signal,
    onWait: () => cli.say('Waiting for another process that is logging in ...'),
    show: async (page, shown) => {
      if (!stdout && !hasBrowser(cli)) return false;
      const request = { page, target: { profile }, program, opensTab: !stdout, said: SHOWN };
      if (await isInContainer(request, { ...cli, signal: shown })) return true;
      cli.say(stdout ? OPEN : OPENING);
      cli.say(page.url);
      return stdout || isOpened(page.url, { ...cli, signal: shown });
    },
  });
}
