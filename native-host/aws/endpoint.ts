import { VaultError } from '../errors.ts';
import { partitionOfRegion } from './partition.ts';
import type { Env } from './profile.ts';

export type EndpointService = 'STS' | 'IAM' | 'SIGNIN' | 'SIGNIN_OAUTH' | 'SSO' | 'SSO_OIDC';

/** What a profile says about where AWS is reached. */
export type ProfileEndpoints = {
  /** `endpoint_url` */
  readonly endpoint?: string | undefined;
  /** Its `[services]` section: lower-case service id, such as `sts` or `sso_oidc`, -> URL. */
  readonly serviceEndpoints?: Readonly<Record<string, string>> | undefined;
  /** `ignore_configured_endpoint_urls` */
  readonly ignoresEndpoints?: boolean | undefined;
};

/** Which of AWS's own hosts are wanted. */
export type HostKind = {
  readonly region: string;
  readonly usesFips?: boolean | undefined;
  readonly usesDualstack?: boolean | undefined;
};

/** In the words of the SDK's clients. Without `endpoint` they know AWS's own hosts by region, FIPS and dual-stack. */
export type EndpointSettings = {
  readonly endpoint?: string;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
};

const FIPS = 'use_fips_endpoint (or AWS_USE_FIPS_ENDPOINT)';
const DUALSTACK = 'use_dualstack_endpoint (or AWS_USE_DUALSTACK_ENDPOINT)';
const IGNORE = 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS';

/**
 * Where a client of a service is to go. An endpoint of the user's own says nothing about FIPS, so nobody who asked for FIPS
 * is sent there; AWS's SDKs refuse the two together as well.
 * @throws VaultError CONFIG_INVALID also where AWS has no such host
 */
export function endpointSettings(
  service: EndpointService,
  env: Env,
  reach: ProfileEndpoints & HostKind,
): EndpointSettings {
  const endpoint = configuredEndpoint(service, env, reach);
  const useFipsEndpoint = reach.usesFips ?? false;
  const useDualstackEndpoint = reach.usesDualstack ?? false;
  if (useFipsEndpoint) checkFips(service, reach.region);
  const kind = useFipsEndpoint ? FIPS : useDualstackEndpoint ? DUALSTACK : undefined;
  if (endpoint === undefined) return { useFipsEndpoint, useDualstackEndpoint };
  if (kind === undefined) return { endpoint, useFipsEndpoint, useDualstackEndpoint };
  const message = `${kind} chooses among AWS's own hosts, but ${new URL(endpoint).host} is set as the endpoint of ${service}; unset one of the two`;
  throw new VaultError('CONFIG_INVALID', message);
}

/**
 * Refuses FIPS where AWS has it nowhere near: outside the United States and Canada the commercial regions have no such host,
 * and China has none at all. IAM is one service for the whole partition, and has one.
 * @see https://aws.amazon.com/compliance/fips/
 */
function checkFips(service: EndpointService, region: string): void {
  const partition = partitionOfRegion(region);
  const hasNone = partition === 'aws-cn' || (partition === 'aws' && service !== 'IAM' && !/^(us|ca)-/.test(region));
  if (!hasNone) return;
  const message = `AWS has no FIPS endpoint of ${service} in ${region}; choose a region in the United States or Canada, or turn ${FIPS} off`;
  throw new VaultError('CONFIG_INVALID', message);
}

/** What to think of when a host of this kind is not there: nothing, where it is the plain one. */
export function missingHostHint(service: string, { region, usesFips, usesDualstack }: HostKind): string | undefined {
  if (!usesFips && !usesDualstack) return undefined;
  const kind = [usesDualstack ? 'dual-stack' : '', usesFips ? 'FIPS' : ''].filter(Boolean).join(' ');
  const settings = [usesDualstack ? DUALSTACK : '', usesFips ? FIPS : ''].filter(Boolean).join(' and ');
  return `AWS may have no ${kind} endpoint of ${service} in ${region}: choose another region, or turn ${settings} off`;
}

/**
 * The endpoint the user configured for a service in place of AWS's own, without a trailing slash: AWS_ENDPOINT_URL_STS (or
 * _IAM, _SSO, _SSO_OIDC), then AWS_ENDPOINT_URL, then the profile's `[services]` section, then its `endpoint_url`.
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or else the profile's key of that name, turns all of them off. The sign-in endpoint of the
 * console (SIGNIN) is no service of the SDKs: it moves by its own variable only. That of `aws login` (SIGNIN_OAUTH) is one.
 * @throws VaultError CONFIG_INVALID for what is no http or https URL, naming where it was set
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function configuredEndpoint(
  service: EndpointService,
  env: Env,
  { endpoint, serviceEndpoints, ignoresEndpoints }: ProfileEndpoints = {},
): string | undefined {
  if (isIgnored(env, ignoresEndpoints)) return undefined;
  const id = service === 'SIGNIN_OAUTH' ? 'signin' : service.toLowerCase();
  const own = `AWS_ENDPOINT_URL_${id.toUpperCase()}`;
  const variables = service === 'SIGNIN' ? [own] : [own, 'AWS_ENDPOINT_URL'];
  for (const variable of variables) {
    const text = env[variable];
    if (text) return httpUrl(text, variable);
  }
  const ofService = serviceEndpoints?.[id];
  if (ofService) return httpUrl(ofService, `the endpoint_url of ${id} in the [services] section`);
  return endpoint && service !== 'SIGNIN' ? httpUrl(endpoint, 'endpoint_url') : undefined;
}

function isIgnored(env: Env, ignoresEndpoints = false): boolean {
  const text = env[IGNORE]?.toLowerCase();
  if (!text) return ignoresEndpoints;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new VaultError('CONFIG_INVALID', `${IGNORE} must be true or false, not ${JSON.stringify(text.slice(0, 40))}`, {
    details: { flag: IGNORE },
  });
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

/** An http or https URL as a base for paths: no user, no query, no trailing slash. @throws VaultError CONFIG_INVALID naming `setting` */
export function httpUrl(text: string, setting: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain) return url.href.replace(/\/+$/, '');
  // A URL with a password in it is refused like any other; its text is never repeated.
  const shown = /[@?]/.test(text) ? 'what it is set to' : JSON.stringify(text.slice(0, 120));
  const message = `${setting} must be an http or https URL such as http://127.0.0.1:4566, not ${shown}`;
  throw new VaultError('CONFIG_INVALID', message, { details: { flag: setting } });
}
