import type { SsoTarget } from './operations/sso-instances.ts';
import type { SsoLoginOptions } from './operations/sso-login.ts';
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
  async login(target: SsoTarget, options: SsoLoginOptions): Promise<void> {
    const { ssoLogin } = await import('./operations/sso-login.ts');
    return ssoLogin(this.access, target, options);
  }

  /** Puts a profile's access tokens where AWS's SDKs look for them. @throws VaultError as `credentials` does */
  async offerTokens(request: CredentialsRequest, call: CallOptions): Promise<void> {
    const { offerTokens } = await import('./operations/sso-offer.ts');
    return offerTokens(this.access, request, call);
  }
}
