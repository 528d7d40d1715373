import type { ResolvedProfile, SsoSource } from '../aws/profile.ts';
import { type LoginOptions, ssoLogin as login } from '../engine/sso-login.ts';
import { ssoReach } from '../engine/sso-service.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';

export type { SsoFlow, SsoPage } from '../engine/sso-login.ts';

/** `show` is described at the engine's LoginOptions. */
export type SsoLoginOptions = Pick<LoginOptions, 'flow' | 'show' | 'isForced' | 'onWait'> & {
  readonly signal: AbortSignal;
};

/**
 * Has a person log in to the IAM Identity Center of a profile, unless there is a token already.
 * @throws VaultError CONFIG_INVALID for a profile without it; else as the engine's ssoLogin
 */
export async function ssoLogin(access: VaultAccess, name: string, options: SsoLoginOptions): Promise<void> {
  const { env, now, log, locks } = access;
  const { signal, ...how } = options;
  const { profile, sso } = await ssoProfile(access, name);
  await access.withKeyring(async (keyring) => {
    const context = { env, now, log, keyring, signal };
    await login(sso, { ...how, context, locks, service: ssoReach(profile, sso, context) });
  });
}

async function ssoProfile(access: VaultAccess, name: string): Promise<{ profile: ResolvedProfile; sso: SsoSource }> {
  const config = await access.config();
  const profile = access.chainOptions(config, new Set(), { profile: name, flags: {} }).resolve(name, false);
  if (profile.sso !== undefined) return { profile, sso: profile.sso };
  const message = `profile ${JSON.stringify(name)} has no settings of IAM Identity Center; give it an sso_session or an sso_start_url`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile: name } });
}
