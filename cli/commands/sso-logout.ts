import type { Cli } from '../cli.ts';
import { ssoLabel } from '../sso-label.ts';
import { targets } from './sso-login.ts';

export type SsoLogoutOptions = {
  readonly session: string | undefined;
  readonly all: boolean;
  readonly keepSessions: boolean;
};

/** Ends one login to IAM Identity Center, or all of them. */
export async function ssoLogout(options: SsoLogoutOptions, cli: Cli): Promise<void> {
  for (const target of await targets(options, cli)) {
    const request = { target, keepsSessions: options.keepSessions };
    const { wasSignedIn, notTold, sessions, ...name } = await cli.ask((call) => cli.vault.sso.logout(request, call));
    cli.print(`${wasSignedIn ? 'Signed out of' : 'You were not signed in to'} ${ssoLabel(name)}\n`);
    if (sessions > 0) cli.print(`Cleared ${sessions} sessions.\n`);
    if (notTold !== undefined) {
      cli.say(`${cli.programName}: AWS could not be told, so the session there ends by itself: ${notTold}`);
    }
  }
}
