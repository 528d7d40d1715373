import type { ConfigFile } from '../aws/config-file.ts';
import type { Credentials } from '../aws/credentials.ts';
import { type ProfileFlags, resolveProfile } from '../aws/profile.ts';
import { consoleUrl as signInUrl } from '../engine/console-url.ts';
import { serviceOptions } from '../engine/service-options.ts';
import { type CallOptions, type CredentialsRequest, targetOf, type VaultAccess } from '../vault-access.ts';

export type ConsoleRequest = CredentialsRequest & { readonly path?: string | undefined };

export type EnvironmentConsoleRequest = {
  readonly credentials: Credentials;
  readonly flags: ProfileFlags;
  readonly path?: string | undefined;
};

/** The steps whose credentials AWS's federation endpoint takes as they are. */
const ROLES: readonly (string | undefined)[] = ['assume-role', 'sso-role', 'web-identity'];

/**
 * A console sign-in URL of a profile.
 * @throws VaultError as `Vault.credentials` does
 */
export function consoleUrl(access: VaultAccess, request: ConsoleRequest, call: CallOptions): Promise<{ url: string }> {
  return access.withKeyring(async (keyring) => {
    const plan = await access.plan(request, { keyring, signal: call.signal, isForConsole: true });
    const credentials = await access.run(plan, call);
    const profile = targetOf(plan.steps);
    const url = await signInUrl({
      service: serviceOptions(profile, credentials, plan.context),
      region: profile.region,
      path: request.path,
      isRole: ROLES.includes(plan.steps.at(-1)?.type),
      federationSeconds: profile.durations.federationToken.seconds,
    });
    return { url };
  });
}

/** A console sign-in URL made from credentials of the environment, for a login without a profile. */
export async function consoleUrlOf(
  access: VaultAccess,
  { credentials, flags, path }: EnvironmentConsoleRequest,
  signal: AbortSignal,
): Promise<{ url: string }> {
  const { env, settings } = access;
  const config: ConfigFile = {
    path: settings.configFile,
    profiles: new Map(),
    ssoSessions: new Map(),
    services: new Map(),
  };
  const profile = resolveProfile('default', { config, env, flags, isTarget: false });
  const url = await signInUrl({
    service: serviceOptions(profile, credentials, { env, signal }),
    region: profile.region,
    path,
    isRole: false,
    federationSeconds: profile.durations.federationToken.seconds,
  });
  return { url };
}
