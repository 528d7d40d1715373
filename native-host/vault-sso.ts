import type { SsoTargetName } from './operations/sso-instances.ts';
import type { SsoLoginOptions } from './operations/sso-login.ts';
import type { SsoLogoutRequest, SsoLogoutResult } from './operations/sso-logout.ts';
import type { PopulatePlan, PopulateRequest } from './operations/sso-populate.ts';
import type { SsoRoles, SsoRolesRequest } from './operations/sso-roles.ts';
import type { SsoSessionName, SsoSessionSummary } from './operations/sso-sessions.ts';
import type { CallOptions, CredentialsRequest, VaultAccess } from './vault-access.ts';

/** What can be done with an IAM Identity Center besides taking a role's credentials from it. */
export class VaultSso {
  private readonly access: VaultAccess;

  constructor(access: VaultAccess) {
    this.access = access;
  }

  /**
   * Has a person log in to an IAM Identity Center, unless there is a token already.
   * @throws VaultError SSO_LOGIN_DENIED, SSO_LOGIN_EXPIRED, CONFIG_INVALID, CANCELLED, AWS_*
   */
  async login(target: SsoTargetName, options: SsoLoginOptions): Promise<void> {
    const { ssoLogin } = await import('./operations/sso-login.ts');
    return ssoLogin(this.access, target, options);
  }

  /** The instances that the config file knows; opens no keyring. @throws VaultError CONFIG_INVALID */
  async names(): Promise<SsoSessionName[]> {
    const { ssoSessionNames } = await import('./operations/sso-sessions.ts');
    return ssoSessionNames(this.access);
  }

  /** The same, and who is signed in where. Needs no passphrase. */
  async sessions(): Promise<SsoSessionSummary[]> {
    const { ssoSessions } = await import('./operations/sso-sessions.ts');
    return ssoSessions(this.access);
  }

  /** Until when somebody is signed in to an instance. @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat: ask.ts), AWS_* */
  async signedIn(target: SsoTargetName, call: CallOptions): Promise<SsoSessionName & { readonly expiresAt: Date }> {
    const { ssoSignedIn } = await import('./operations/sso-sessions.ts');
    return ssoSignedIn(this.access, target, call);
  }

  /** Ends a login, here and at AWS. @throws VaultError CONFIG_INVALID, PROFILE_NOT_FOUND, KEYRING_* */
  async logout(request: SsoLogoutRequest, call: CallOptions): Promise<SsoLogoutResult> {
    const { ssoLogout } = await import('./operations/sso-logout.ts');
    return ssoLogout(this.access, request, call);
  }

  /** The accounts and roles of the person who is signed in. @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat), AWS_* */
  async roles(request: SsoRolesRequest, call: CallOptions): Promise<SsoRoles> {
    const { ssoRoles } = await import('./operations/sso-roles.ts');
    return ssoRoles(this.access, request, call);
  }

  /** What the config file would become with a profile for every role. @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat), AWS_* */
  async planPopulate(request: PopulateRequest, call: CallOptions): Promise<PopulatePlan> {
    const { planPopulate } = await import('./operations/sso-populate.ts');
    return planPopulate(this.access, request, call);
  }

  /** Writes what was planned. @throws VaultError CONFIG_INVALID */
  async applyPopulate(plan: PopulatePlan): Promise<void> {
    const { applyPopulate } = await import('./operations/sso-populate.ts');
    applyPopulate(plan);
  }

  /** Puts a profile's access tokens where AWS's SDKs look for them. @throws VaultError as `credentials` does */
  async offerTokens(request: CredentialsRequest, call: CallOptions): Promise<void> {
    const { offerTokens } = await import('./operations/sso-offer.ts');
    return offerTokens(this.access, request, call);
  }
}
