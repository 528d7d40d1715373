import type { Credentials } from '../aws/credentials.ts';
import { defaultRegion, partitionOfArn } from '../aws/partition.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import type { ServiceOptions } from '../aws/sts.ts';
import type { Context } from './context.ts';

type CallContext = Pick<Context, 'env' | 'signal'>;

/** How a profile's calls reach AWS: its own region, endpoint and CA, signed with the credentials of the step before. */
export function serviceOptions(
  profile: ResolvedProfile,
  credentials: Credentials,
  context: CallContext,
): ServiceOptions {
  return {
    region: profile.region ?? regionWithoutSetting(profile),
    usesLegacySts: profile.usesLegacySts,
    endpoint: profile.endpointUrl,
    caBundle: profile.caBundle,
    credentials,
    env: context.env,
    signal: context.signal,
  };
}

/** Where no region is set, STS is asked where the partition of the profile's own ARNs has it; the child gets no region. */
function regionWithoutSetting(profile: ResolvedProfile): string {
  const arn = profile.roleArn ?? profile.mfaSerial;
  return defaultRegion(arn === undefined ? 'aws' : partitionOfArn(arn));
}
