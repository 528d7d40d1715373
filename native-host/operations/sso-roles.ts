import { visibleProfiles } from '../aws/config-file.ts';
import { type ListOptions, listAssignments, type SsoAccountRoles } from '../engine/sso-assignments.ts';
import { bareStartUrl } from '../engine/sso-json.ts';
import { ssoPortal } from '../engine/sso-portal.ts';
import { VaultError } from '../errors.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import { findSsoEntry, type SsoTargetName, ssoCall } from './sso-instances.ts';

export type SsoRolesRequest = Pick<ListOptions, 'isWanted' | 'onProgress'> & { readonly target: SsoTargetName };

export type SsoRoles = {
  readonly session?: string;
  readonly startUrl: string;
  readonly region: string;
  readonly accounts: readonly SsoAccountWithProfiles[];
};

export type SsoAccountWithProfiles = Omit<SsoAccountRoles, 'roleNames'> & {
  /** `profiles`: those of the config file that stand for this role. */
  readonly roles: readonly { readonly roleName: string; readonly profiles: readonly string[] }[];
};

/**
 * The accounts and roles of the person who is signed in to an instance.
 * @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat: ask.ts), AWS_*, CONFIG_INVALID, PROFILE_NOT_FOUND
 */
export async function ssoRoles(access: VaultAccess, request: SsoRolesRequest, call: CallOptions): Promise<SsoRoles> {
  const { target, ...how } = request;
  const entry = await findSsoEntry(access, target);
  const { session, startUrl, region } = entry.instance;
  const accounts = await access.withKeyring((keyring) => {
    const portalCall = ssoCall(access, entry, { keyring, signal: call.signal, onWait: call.onWait });
    return listAssignments(ssoPortal(entry.instance, portalCall), { ...how, context: portalCall.context });
  });
  const users = await profilesByRole(access, startUrl);
  return {
    ...{ startUrl: bareStartUrl(startUrl), region, ...(session !== undefined && { session }) },
    accounts: accounts.map(({ roleNames, ...account }) => ({
      ...account,
      roles: roleNames.map((roleName) => ({
        roleName,
        profiles: users.get(`${account.accountId}/${roleName}`) ?? [],
      })),
    })),
  };
}

async function profilesByRole(access: VaultAccess, startUrl: string): Promise<Map<string, string[]>> {
  const config = await access.config();
  const { resolve } = access.chainOptions(config, new Set(), { profile: '', flags: {} });
  const users = new Map<string, string[]>();
  for (const name of visibleProfiles(config)) {
    try {
      const { sso } = resolve(name, false);
      if (sso === undefined || bareStartUrl(sso.startUrl) !== bareStartUrl(startUrl)) continue;
      const key = `${sso.accountId}/${sso.roleName}`;
      users.set(key, [...(users.get(key) ?? []), name]);
    } catch (error) {
      // A broken profile stands for no role.
      if (!(error instanceof VaultError)) throw error;
    }
  }
  return users;
}
