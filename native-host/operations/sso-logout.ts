import { logout } from '../aws/sso.ts';
import { parseSessionKey } from '../engine/session-cache.ts';
import { forgetToken, type HeldToken, heldTokens } from '../engine/sso-held.ts';
import { bareStartUrl } from '../engine/sso-json.ts';
import { isRefused } from '../engine/sso-portal.ts';
import { type SsoCall, silentToken, ssoLock } from '../engine/sso-token.ts';
import type { SsoInstance } from '../engine/sso-usable.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { awsSsoCacheDir } from '../settings.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import { findSsoEntry, type SsoEntry, type SsoTargetName, ssoCall, ssoEntries } from './sso-instances.ts';
import { nameOf, profilesByStartUrl, type SsoSessionName } from './sso-sessions.ts';

export type SsoLogoutRequest = { readonly target: SsoTargetName; readonly keepsSessions: boolean };

export type SsoLogoutResult = SsoSessionName & {
  /** Whether there was a login to end. */
  readonly wasSignedIn: boolean;
  /** Why AWS could not be told; the token is forgotten all the same. */
  readonly notTold?: string;
  /** How many cached sessions of its profiles were removed. */
  readonly sessions: number;
};

/**
 * Ends a login: AWS ends the session behind it, so that nothing can be refreshed any more, and its tokens and the cached
 * sessions of its profiles are removed. A copy of a token in the AWS CLI's cache goes too, and where that is shared, so does the
 * AWS CLI's own login.
 * @throws VaultError CONFIG_INVALID, PROFILE_NOT_FOUND, KEYRING_*
 */
export async function ssoLogout(
  access: VaultAccess,
  request: SsoLogoutRequest,
  { signal, onWait }: CallOptions,
): Promise<SsoLogoutResult> {
  const entry = await findSsoEntry(access, request.target);
  const name = nameOf(entry, await profilesByStartUrl(access));
  return access.withKeyring(async (keyring) => {
    const call = ssoCall(access, entry, { keyring, signal, onWait });
    const found = await heldTokens(entry.instance, call.context);
    const notTold = found.length === 0 ? undefined : await whyNotTold(entry, call, found);
    const wasSignedIn = await forgetAll(await sameLogin(access, entry), call, awsSsoCacheDir(access.settings));
    const sessions = request.keepsSessions ? 0 : await removeSessionsOf(name.profiles, keyring);
    return { ...name, wasSignedIn: wasSignedIn || found.length > 0, sessions, ...(notTold && { notTold }) };
  });
}

/** Ends the session of each token at AWS, for which it has to be open: where all have expired, one is refreshed once more. */
async function whyNotTold(
  { instance }: SsoEntry,
  call: SsoCall,
  found: readonly HeldToken[],
): Promise<string | undefined> {
  const alive = found.filter(({ expiresAt }) => expiresAt > call.context.now()).map(({ accessToken }) => accessToken);
  try {
    for (const accessToken of alive.length > 0 ? alive : [await silentToken(instance, call)]) {
      await logout({ ...call.service, accessToken });
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof VaultError) || error.code === 'CANCELLED' || error.code.startsWith('KEYRING_')) throw error;
    // It has ended already, or nobody can tell.
    if (isRefused(error) || error.code === 'SSO_LOGIN_REQUIRED') return undefined;
    return error.message;
  }
}

/** The instances that share the login of this one: sessions, and profiles, with the same start URL. */
async function sameLogin(access: VaultAccess, { instance }: SsoEntry): Promise<readonly SsoInstance[]> {
  const startUrl = bareStartUrl(instance.startUrl);
  const others = (await ssoEntries(access)).map((entry) => entry.instance);
  return [instance, ...others.filter((other) => bareStartUrl(other.startUrl) === startUrl)];
}

async function forgetAll(instances: readonly SsoInstance[], call: SsoCall, cacheDir: string): Promise<boolean> {
  const { context, locks, onWait } = call;
  const [first] = instances;
  if (first === undefined) return false;
  const release = await locks.acquire(ssoLock(first), { signal: context.signal, ...(onWait && { onWait }) });
  try {
    const found = await Promise.all(instances.map((instance) => heldTokens(instance, context)));
    const tokens = new Set(found.flat().map(({ accessToken }) => accessToken));
    // What was offered to a program lies there too, although it is not shared.
    for (const instance of instances) {
      for (const token of tokens) await forgetToken(instance, token, { ...context, ssoCacheDir: cacheDir });
    }
    return tokens.size > 0;
  } finally {
    release();
  }
}

async function removeSessionsOf(profiles: readonly string[], keyring: Keyring): Promise<number> {
  const meant = new Set(profiles);
  let count = 0;
  for (const key of await keyring.keys()) {
    const profile = parseSessionKey(key)?.profile;
    if (profile !== undefined && meant.has(profile) && (await keyring.remove(key))) count += 1;
  }
  return count;
}
