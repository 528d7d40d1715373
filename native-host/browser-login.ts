import { asVaultError, VaultError } from './errors.ts';
import type { Logins } from './logins.ts';
import type { LoginPage } from './protocol.ts';
import type { Vault } from './vault.ts';

export type BrowserLoginOptions = {
  readonly vault: Pick<Vault, 'sso' | 'env' | 'awsLogin'>;
  readonly logins: Logins;
  readonly signal: AbortSignal;
  /** The profile the person asked for, whose credentials may begin with another one's login. */
  readonly wanted: string | undefined;
};

/**
 * Has the person log in to the IAM Identity Center of a profile in this browser. Closing the login's tab ends it.
 * @throws VaultError CANCELLED, BROWSER_NOT_CONNECTED, CONTAINERS_DISABLED and as the vault's login does
 */
export async function browserLogin(profile: string, { vault, ...options }: BrowserLoginOptions): Promise<void> {
  const { show, signal } = loginTab(profile, options);
  await vault.sso.login({ profile }, { flow: flowOf(vault.env.KEYTURN_SSO_FLOW), signal, show });
}

/**
 * Has the person log in with console credentials in this browser, as `aws login` does, in the container of the account.
 * @throws VaultError CANCELLED, BROWSER_NOT_CONNECTED, CONTAINERS_DISABLED and as the vault's awsLogin does
 */
export async function browserAwsLogin(profile: string, { vault, ...options }: BrowserLoginOptions): Promise<void> {
  const { show, signal } = loginTab(profile, options);
  await vault.awsLogin(profile, { signal, show });
}

type ShownPage = Omit<LoginPage, 'loginId' | 'profile' | 'requester' | 'opensTab'>;

/** The tab of a login: `signal` ends the login with the tab, or because there is none. */
function loginTab(profile: string, { logins, signal, wanted = profile }: Omit<BrowserLoginOptions, 'vault'>) {
  const stop = new AbortController();
  const loginId = process.getBuiltinModule('node:crypto').randomUUID();
  const onClosed = () => stop.abort(new VaultError('CANCELLED', 'the tab of the login was closed'));
  const show = async (page: ShownPage, over: AbortSignal): Promise<true> => {
    const login = { ...page, loginId, profile: wanted, requester: { source: 'browser' }, opensTab: true } as const;
    try {
      await logins.show(login, { signal: over, onClosed });
    } catch (error) {
      if (!over.aborted) stop.abort(asVaultError(error)); // a device code would go on waiting unseen
      throw error;
    }
    return true;
  };
  return { show, signal: AbortSignal.any([signal, stop.signal]) };
}

/** The browser's environment, like the terminal's, may choose. */
function flowOf(chosen: string | undefined): 'pkce' | 'device' {
  if (chosen === 'device') return 'device';
  if (chosen === undefined || chosen === '' || chosen === 'pkce') return 'pkce';
  const message = `KEYTURN_SSO_FLOW must be pkce or device, not ${JSON.stringify(chosen.slice(0, 60))}`;
  throw new VaultError('CONFIG_INVALID', message);
}
