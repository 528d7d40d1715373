import type { SsoSource } from '../aws/profile.ts';
import type { SsoToken } from './sso-store.ts';

/** An instance of IAM Identity Center and what its tokens are to be good for. */
export type SsoInstance = Pick<SsoSource, 'startUrl' | 'region' | 'registrationScopes' | 'session'>;

/** What a `[sso-session]` without `sso_registration_scopes` asks for. @see the AWS CLI's configuration of SSO sessions */
export const DEFAULT_SCOPES: readonly string[] = ['sso:account:access'];

export function scopesOf({ registrationScopes }: SsoInstance): readonly string[] {
  return registrationScopes ?? DEFAULT_SCOPES;
}

/** Whether a token has all the scopes that are asked for; one of aws-vault's has none and gives access to accounts. */
export function hasScopes({ scopes = DEFAULT_SCOPES }: SsoToken, instance: SsoInstance): boolean {
  return scopesOf(instance).every((scope) => scopes.includes(scope));
}

/**
 * Whether a token can be used for this instance at this moment. It needs no time left over: one that ends on the way is refused
 * and replaced. Of two `[sso-session]`s with one start URL each takes the other's token only if that has all the scopes it asks for.
 */
export function isUsable(token: SsoToken, instance: SsoInstance, at: Date): boolean {
  return token.expiresAt > at && hasScopes(token, instance);
}
