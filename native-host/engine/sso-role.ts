import { getRoleCredentials } from '../aws/sso.ts';
import type { Source } from './credentials.ts';
import { ssoPortal } from './sso-portal.ts';
import { ssoReach } from './sso-service.ts';

/**
 * Credentials of a permission set from the portal of IAM Identity Center.
 * @throws VaultError SSO_LOGIN_REQUIRED (log in and repeat: ask.ts), AWS_ACCESS_DENIED for a role that is not assigned, AWS_*
 */
export const ssoRole: Source<'sso-role'> = ({ profile, sso }, { context, locks, onWait }) => {
  const service = ssoReach(profile, sso, context);
  const portal = ssoPortal(sso, { context, locks, service, onWait, profile: profile.name });
  const { accountId, roleName } = sso;
  return portal((options) => getRoleCredentials(options, { accountId, roleName }));
};
