import { readCachedToken, writeCachedToken } from '../engine/sso-cache-file.ts';
import { ssoReach } from '../engine/sso-service.ts';
import { silentSsoToken } from '../engine/sso-token.ts';
import { isUsable } from '../engine/sso-usable.ts';
import { awsSsoCacheDir } from '../settings.ts';
import type { CallOptions, CredentialsRequest, VaultAccess } from '../vault-access.ts';

/** SDKs begin to look for another token when this much is left of one. */
const SPARE_SECONDS = 15 * 60;

/**
 * Puts the access tokens that a profile's credentials begin with where AWS's SDKs look for them, for a program that finds its
 * credentials itself. Where tokens are not shared it gets no refresh token of ours: whoever uses that first, takes it from the vault.
 * @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat: ask.ts), CONFIG_INVALID when the file cannot be written
 */
export function offerTokens(access: VaultAccess, request: CredentialsRequest, call: CallOptions): Promise<void> {
  return access.withKeyring(async (keyring) => {
    const { signal, onWait } = call;
    const { steps, context } = await access.plan(request, { keyring, signal });
    const dir = awsSsoCacheDir(access.settings);
    for (const step of steps) {
      if (step.type !== 'sso-role') continue;
      const { sso, profile } = step;
      const service = ssoReach(profile, sso, context);
      const ssoCall = { context, locks: access.locks, service, onWait, profile: profile.name };
      const token = await silentSsoToken(sso, ssoCall, { spareSeconds: SPARE_SECONDS });
      const cached = readCachedToken(dir, sso);
      if (cached !== undefined && isUsable(cached, sso, spared(context.now()))) continue;
      // What the AWS CLI can renew stays renewable.
      const { refreshToken, client } = cached ?? {};
      const { refreshToken: _own, ...offered } = token;
      writeCachedToken(dir, sso, { ...offered, ...(refreshToken !== undefined && { refreshToken }) }, client);
    }
  });
}

function spared(now: Date): Date {
  return new Date(now.getTime() + SPARE_SECONDS * 1000);
}
