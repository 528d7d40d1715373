import { getRoleCredentials } from '../aws/sso.ts';
import { VaultError } from '../errors.ts';
import type { Source } from './credentials.ts';
import { ssoReach } from './sso-service.ts';
import { dropToken, silentToken } from './sso-token.ts';

/**
 * Credentials of a permission set from the portal of IAM Identity Center. A token that the portal no longer takes is refreshed,
 * or else dropped, so that one login gets the next.
 * @throws VaultError SSO_LOGIN_REQUIRED (log in and repeat: ask.ts), AWS_ACCESS_DENIED for a role that is not assigned, AWS_*
 */
export const ssoRole: Source<'sso-role'> = async ({ profile, sso }, { context, locks, onWait }) => {
  const service = ssoReach(profile, sso, context);
  const call = { context, locks, service, onWait, profile: profile.name };
  const { accountId, roleName } = sso;
  const withToken = (accessToken: string) => getRoleCredentials({ ...service, accessToken }, { accountId, roleName });
  const token = await silentToken(sso, call);
  try {
    return await withToken(token);
  } catch (error) {
    if (!isRefused(error)) throw error;
    context.log('the portal no longer takes the SSO token');
  }
  const renewed = await silentToken(sso, call, { refused: token });
  try {
    return await withToken(renewed);
  } catch (error) {
    if (isRefused(error)) return dropToken(sso, renewed, call);
    throw error;
  }
};

function isRefused(error: unknown): boolean {
  return error instanceof VaultError && error.details.awsCode === 'UnauthorizedException';
}
