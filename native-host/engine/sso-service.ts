import type { ResolvedProfile, SsoSource } from '../aws/profile.ts';
import type { PortalOptions } from '../aws/sso.ts';
import type { OidcOptions } from '../aws/sso-oidc.ts';
import type { Context } from './context.ts';

type Instance = Pick<SsoSource, 'region'>;
type CallContext = Pick<Context, 'env' | 'signal'>;

/** How an instance's portal is reached: in its own region, else as the profile says. */
export function portalOptions(
  profile: ResolvedProfile,
  instance: Instance,
  context: CallContext,
): Omit<PortalOptions, 'accessToken'> {
  return options('sso', profile, instance, context);
}

/** The same for the service that gives out tokens. */
export function oidcOptions(profile: ResolvedProfile, instance: Instance, context: CallContext): OidcOptions {
  return options('sso_oidc', profile, instance, context);
}

function options(
  service: 'sso' | 'sso_oidc',
  { serviceEndpoints, endpointUrl, ignoresEndpoints, caBundle, usesFips, usesDualstack }: ResolvedProfile,
  { region }: Instance,
  { env, signal }: CallContext,
): OidcOptions {
  return {
    ...{ region, caBundle, usesFips, usesDualstack, signal },
    endpoint: serviceEndpoints?.[service] ?? endpointUrl,
    // The setting means the variables too.
    env: ignoresEndpoints ? { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' } : env,
  };
}
