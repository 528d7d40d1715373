import { type LoginOptions, ssoLogin as login } from '../engine/sso-login.ts';
import type { VaultAccess } from '../vault-access.ts';
import { findSsoEntry, type SsoTargetName, ssoCall } from './sso-instances.ts';

export type { SsoFlow, SsoPage } from '../engine/sso-login.ts';

/** `show` is described at the engine's LoginOptions. */
export type SsoLoginOptions = Pick<LoginOptions, 'flow' | 'show' | 'isForced' | 'onWait'> & {
  readonly signal: AbortSignal;
};

/**
 * Has a person log in to an IAM Identity Center, unless there is a token already.
 * @throws VaultError CONFIG_INVALID for a profile without it; else as the engine's ssoLogin
 */
export async function ssoLogin(access: VaultAccess, target: SsoTargetName, options: SsoLoginOptions): Promise<void> {
  const { signal, onWait, ...how } = options;
  const entry = await findSsoEntry(access, target);
  await access.withKeyring((keyring) =>
    login(entry.instance, { ...how, ...ssoCall(access, entry, { keyring, signal, onWait }) }),
  );
}
