import { formatRemaining } from '../../native-host/duration.ts';
import { VaultError } from '../../native-host/errors.ts';
import { chosenSso, everySso } from '../chosen-sso.ts';
import type { Cli } from '../cli.ts';
import type { SsoFlow } from '../grammar/sso-flags.ts';
import { type SsoTargetName, ssoLabel } from '../sso-label.ts';

export type SsoLoginOptions = {
  readonly session: string | undefined;
  readonly all: boolean;
  readonly force: boolean;
  readonly stdout: boolean;
  readonly ssoFlow: SsoFlow | undefined;
};

/** Logs in to one IAM Identity Center, or to all one after the other, where a login is needed or wanted. */
export async function ssoLogin(options: SsoLoginOptions, cli: Cli): Promise<void> {
  for (const target of await targets(options, cli)) await logIn(target, options, cli);
}

/** @throws VaultError USAGE for both a name and all */
export async function targets(
  { session, all }: Pick<SsoLoginOptions, 'session' | 'all'>,
  cli: Cli,
): Promise<readonly SsoTargetName[]> {
  if (!all) return [await chosenSso(session, cli)];
  if (session !== undefined)
    throw new VaultError('USAGE', `--all is every login; leave ${JSON.stringify(session)} out`);
  return everySso(cli);
}

async function logIn(target: SsoTargetName, { force, stdout, ssoFlow }: SsoLoginOptions, cli: Cli): Promise<void> {
  let isNew = force;
  if (force) {
    const { ssoLogin: login } = await import('../ask/sso-login.ts');
    await cli.ask(({ signal }) => login({ target, flow: ssoFlow, stdout, isForced: true, signal }, cli));
  }
  const { expiresAt, ...name } = await cli.ask(
    async (call) => {
      try {
        return await cli.vault.sso.signedIn(target, call);
      } catch (error) {
        isNew ||= error instanceof VaultError && error.code === 'SSO_LOGIN_REQUIRED';
        throw error;
      }
    },
    { stdout },
  );
  const left = formatRemaining(Math.trunc((expiresAt.getTime() - Date.now()) / 1000));
  cli.print(`${isNew ? 'Signed in' : 'Already signed in'} to ${ssoLabel(name)}, ${left} left\n`);
}
