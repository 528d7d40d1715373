import type { ResolvedProfile, SsoSource } from '../aws/profile.ts';
import type { OidcOptions } from '../aws/sso-oidc.ts';
import type { Context } from './context.ts';
import { serviceReach } from './service-options.ts';

/** How the services of an instance of IAM Identity Center are reached: in its own region, else as the profile says. */
export function ssoReach(
  profile: ResolvedProfile,
  { region }: Pick<SsoSource, 'region'>,
  context: Pick<Context, 'env' | 'signal'>,
): OidcOptions {
  const { usesLegacySts: _sts, ...reach } = serviceReach(profile, context);
  return { ...reach, region };
}
