import { VaultError } from '../errors.ts';
import type { Env } from './profile.ts';

export type EndpointService = 'STS' | 'IAM' | 'SIGNIN' | 'SSO' | 'SSO_OIDC';

/**
 * The endpoint the user configured for a service in place of AWS's own, without a trailing slash: AWS_ENDPOINT_URL_STS (or
 * _IAM, _SSO, _SSO_OIDC, _SIGNIN), then AWS_ENDPOINT_URL, then the profile's `endpoint_url`. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true turns
 * all of them off. The sign-in endpoint is no service of the SDKs: it moves by its own variable only.
 * @throws VaultError CONFIG_INVALID for what is no http or https URL, naming where it was set
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function configuredEndpoint(
  service: EndpointService,
  env: Env,
  profileEndpoint?: string | undefined,
): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return undefined;
  const variables =
    service === 'SIGNIN' ? ['AWS_ENDPOINT_URL_SIGNIN'] : [`AWS_ENDPOINT_URL_${service}`, 'AWS_ENDPOINT_URL'];
  for (const variable of variables) {
    const text = env[variable];
    if (text) return endpointUrl(text, variable);
  }
  return profileEndpoint ? endpointUrl(profileEndpoint, 'endpoint_url') : undefined;
}

/**
 * A region that may be put into a host name, as it is: the SDK would otherwise build `sts.evil.example/.amazonaws.com`.
 * @throws VaultError CONFIG_INVALID
 */
export function checkRegion(region: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(region)) return region;
  const shown = JSON.stringify(region.slice(0, 60));
  throw new VaultError(
    'CONFIG_INVALID',
    `${shown} is not an AWS region; set region (or AWS_REGION) to one such as us-east-1`,
  );
}

function endpointUrl(text: string, setting: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain) return url.href.replace(/\/+$/, '');
  // A URL with a password in it is refused like any other; its text is never repeated.
  const shown = /[@?]/.test(text) ? 'what it is set to' : JSON.stringify(text.slice(0, 120));
  const message = `${setting} must be an http or https URL such as http://127.0.0.1:4566, not ${shown}`;
  throw new VaultError('CONFIG_INVALID', message, { details: { flag: setting } });
}
