import type { ResolvedProfile } from '../native-host/aws/profile.ts';

type Env = Readonly<Record<string, string | undefined>>;

type Reach = Pick<
  ResolvedProfile,
  'endpointUrl' | 'serviceEndpoints' | 'ignoresEndpoints' | 'caBundle' | 'usesFips' | 'usesDualstack' | 'output'
>;

/**
 * What a program has to be told of a profile, beside region and credentials, because it will not know the profile's name: how
 * AWS is reached, and how the AWS CLI is to print. What `parent` says already stands, as it does for the AWS CLI.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function reachEnvironment(parent: Env, profile: Reach): Record<string, string> {
  const wanted: Record<string, string | undefined> = {
    AWS_CA_BUNDLE: profile.caBundle,
    AWS_USE_FIPS_ENDPOINT: profile.usesFips && 'true',
    AWS_USE_DUALSTACK_ENDPOINT: profile.usesDualstack && 'true',
    AWS_DEFAULT_OUTPUT: profile.output,
    ...endpointVariables(parent, profile),
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined && !parent[name]) env[name] = value;
  }
  return env;
}

function endpointVariables(parent: Env, { endpointUrl, serviceEndpoints = {}, ignoresEndpoints }: Reach) {
  if (ignoresEndpoints) return { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
  // The variable for all services wins over a profile's section for one of them, so that must not come to stand above it.
  if (parent.AWS_ENDPOINT_URL || parent.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return {};
  const ofServices = Object.entries(serviceEndpoints).map(([id, url]) => [`AWS_ENDPOINT_URL_${id.toUpperCase()}`, url]);
  return { AWS_ENDPOINT_URL: endpointUrl, ...Object.fromEntries(ofServices) };
}
