import type { PortalOptions } from '../aws/sso.ts';
import { VaultError } from '../errors.ts';
import { dropToken, type SsoCall, silentToken } from './sso-token.ts';
import type { SsoInstance } from './sso-usable.ts';

/** Makes a call of the portal with the access token there is. */
export type Portal = <T>(work: (options: PortalOptions) => Promise<T>) => Promise<T>;

/**
 * The portal of an instance, for any number of calls. A token that it no longer takes is refreshed, once for all calls that are
 * under way, or else dropped, so that one login gets the next.
 * @throws VaultError SSO_LOGIN_REQUIRED (log in and repeat: ask.ts), and what the call throws
 */
export function ssoPortal(instance: SsoInstance, call: SsoCall): Portal {
  let token: Promise<string> | undefined;
  return async (work) => {
    token ??= silentToken(instance, call);
    const first = token;
    const refused = await first;
    try {
      return await work({ ...call.service, accessToken: refused });
    } catch (error) {
      if (!isRefused(error)) throw error;
      call.context.log('the portal no longer takes the SSO token');
    }
    if (token === first) token = silentToken(instance, call, { refused });
    const renewed = await token;
    try {
      return await work({ ...call.service, accessToken: renewed });
    } catch (error) {
      if (isRefused(error)) return dropToken(instance, renewed, call);
      throw error;
    }
  };
}

/** Whether the portal does not take the token. */
export function isRefused(error: unknown): boolean {
  return error instanceof VaultError && error.details.awsCode === 'UnauthorizedException';
}
