import type { Credentials } from '../aws/credentials.ts';
import { defaultRegion, partitionOfArn } from '../aws/partition.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import type { ServiceOptions, ServiceReach } from '../aws/sts.ts';
import type { Context } from './context.ts';

type CallContext = Pick<Context, 'env' | 'signal'>;

/** How a profile's calls reach AWS, signed with the credentials of the step before. */
export function serviceOptions(
  profile: ResolvedProfile,
  credentials: Credentials,
  context: CallContext,
): ServiceOptions {
  return { ...serviceReach(profile, context), credentials };
}

/** How a profile's calls reach AWS: its own region, endpoints and CA. */
export function serviceReach(profile: ResolvedProfile, context: CallContext): ServiceReach {
  return {
    region: profile.region ?? regionWithoutSetting(profile),
    usesLegacySts: profile.usesLegacySts,
    endpoint: profile.endpointUrl,
    serviceEndpoints: profile.serviceEndpoints,
    ignoresEndpoints: profile.ignoresEndpoints,
    usesFips: profile.usesFips,
    usesDualstack: profile.usesDualstack,
    caBundle: profile.caBundle,
    env: context.env,
    signal: context.signal,
  };
}

/** Where no region is set, STS is asked where the partition of the profile's own ARNs has it; the child gets no region. */
function regionWithoutSetting(profile: ResolvedProfile): string {
  const arn = profile.roleArn ?? profile.mfaSerial;
  return defaultRegion(arn === undefined ? 'aws' : partitionOfArn(arn));
}
