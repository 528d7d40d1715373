import type { ResolvedProfile, SsoSource } from '../aws/profile.ts';
import type { OidcOptions } from '../aws/sso-oidc.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import { serviceReach } from './service-options.ts';

/**
 * How the services of an instance of IAM Identity Center are reached: in its own region, else as the profile says.
 * @throws VaultError CONFIG_INVALID for an sso_region that is none
 */
export function ssoReach(
  profile: ResolvedProfile,
  { region }: Pick<SsoSource, 'region'>,
  context: Pick<Context, 'env' | 'signal'>,
): OidcOptions {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(region)) throw noRegion(profile.name, region);
  const { usesLegacySts: _sts, ...reach } = serviceReach(profile, context);
  return { ...reach, region };
}

function noRegion(profile: string, region: string): VaultError {
  const shown = JSON.stringify(region.slice(0, 60));
  const message = `the sso_region of profile ${JSON.stringify(profile)} is ${shown}, which is no AWS region; set it to one such as us-east-1`;
  return new VaultError('CONFIG_INVALID', message, { details: { profile } });
}
