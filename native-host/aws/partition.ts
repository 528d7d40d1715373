/** A set of AWS regions that share accounts, IAM and a console. */
export type Partition =
  | 'aws'
  | 'aws-cn'
  | 'aws-us-gov'
  | 'aws-eusc'
  | 'aws-iso'
  | 'aws-iso-b'
  | 'aws-iso-e'
  | 'aws-iso-f';

type PartitionHosts = {
  /** How its region names begin; the commercial partition takes what no other one claims. */
  readonly regionPrefix: string;
  readonly signinHost: string;
  /** What follows `SERVICE.REGION.` in the host of a service. */
  readonly dnsSuffix: string;
  /** The same for its hosts that speak IPv6 too. */
  readonly dualstackSuffix: string;
  readonly consoleHost: string;
  /** Where STS is asked, and the console opened, when no region is set. */
  readonly defaultRegion: string;
};

/**
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
const PARTITIONS: { readonly [name in Partition]: PartitionHosts } = {
  aws: {
    regionPrefix: '',
    signinHost: 'signin.aws.amazon.com',
    dnsSuffix: 'amazonaws.com',
    dualstackSuffix: 'api.aws',
    consoleHost: 'console.aws.amazon.com',
    defaultRegion: 'us-east-1',
  },
  'aws-cn': {
    regionPrefix: 'cn-',
    signinHost: 'signin.amazonaws.cn',
    dnsSuffix: 'amazonaws.com.cn',
    dualstackSuffix: 'api.amazonwebservices.com.cn',
    consoleHost: 'console.amazonaws.cn',
    defaultRegion: 'cn-north-1',
  },
  'aws-us-gov': {
    regionPrefix: 'us-gov-',
    signinHost: 'signin.amazonaws-us-gov.com',
    dnsSuffix: 'amazonaws.com',
    dualstackSuffix: 'api.aws',
    consoleHost: 'console.amazonaws-us-gov.com',
    defaultRegion: 'us-gov-west-1',
  },
  'aws-eusc': {
    regionPrefix: 'eusc-',
    signinHost: 'signin.amazonaws-eusc.eu',
    dnsSuffix: 'amazonaws.eu',
    dualstackSuffix: 'api.amazonwebservices.eu',
    consoleHost: 'console.amazonaws-eusc.eu',
    defaultRegion: 'eusc-de-east-1',
  },
  'aws-iso': {
    regionPrefix: 'us-iso-',
    signinHost: 'signin.c2shome.ic.gov',
    dnsSuffix: 'c2s.ic.gov',
    dualstackSuffix: 'api.aws.ic.gov',
    consoleHost: 'console.c2shome.ic.gov',
    defaultRegion: 'us-iso-east-1',
  },
  'aws-iso-b': {
    regionPrefix: 'us-isob-',
    signinHost: 'signin.sc2shome.sgov.gov',
    dnsSuffix: 'sc2s.sgov.gov',
    dualstackSuffix: 'api.aws.scloud',
    consoleHost: 'console.sc2shome.sgov.gov',
    defaultRegion: 'us-isob-east-1',
  },
  'aws-iso-e': {
    regionPrefix: 'eu-isoe-',
    signinHost: 'signin.csphome.adc-e.uk',
    dnsSuffix: 'cloud.adc-e.uk',
    dualstackSuffix: 'api.cloud-aws.adc-e.uk',
    consoleHost: 'console.csphome.adc-e.uk',
    defaultRegion: 'eu-isoe-west-1',
  },
  'aws-iso-f': {
    regionPrefix: 'us-isof-',
    signinHost: 'signin.csphome.hci.ic.gov',
    dnsSuffix: 'csp.hci.ic.gov',
    dualstackSuffix: 'api.aws.hci.ic.gov',
    consoleHost: 'console.csphome.hci.ic.gov',
    defaultRegion: 'us-isof-south-1',
  },
};

export const PARTITION_NAMES: readonly Partition[] = [
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-eusc',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
];

/** A region no other partition claims is in `aws`, where new regions appear most; without a region: `aws`. */
export function partitionOfRegion(region: string | undefined): Partition {
  const named = PARTITION_NAMES.find((name) => name !== 'aws' && region?.startsWith(PARTITIONS[name].regionPrefix));
  return named ?? 'aws';
}

/** The partition an ARN names; of anything that is not an ARN of a known partition: `aws`. */
export function partitionOfArn(arn: string): Partition {
  const [prefix, name] = arn.split(':', 2);
  return PARTITION_NAMES.find((known) => prefix === 'arn' && known === name) ?? 'aws';
}

/** Host of the federation endpoint (`/federation`). */
export function signinHost(partition: Partition): string {
  return PARTITIONS[partition].signinHost;
}

/**
 * Whether a console of this partition answers at `host`: the console's own host or one below it, such as a region's, a
 * service's (`s3.console...`) or, with multi-session, an account's. The sovereign cloud's console has a second site.
 */
export function isConsoleHost(host: string, partition: Partition): boolean {
  const sites = [PARTITIONS[partition].consoleHost, ...(partition === 'aws-eusc' ? ['console.aws.eu'] : [])];
  return sites.some((site) => host === site || host.endsWith(`.${site}`));
}

/** Host of the console without a region; with one it is `REGION.` before it. */
export function consoleHost(partition: Partition): string {
  return PARTITIONS[partition].consoleHost;
}

/** What follows `SERVICE.REGION.` in the host of a service. @see the partitions of the AWS SDKs' endpoint rules */
export function dnsSuffix(partition: Partition, isDualstack: boolean): string {
  return isDualstack ? PARTITIONS[partition].dualstackSuffix : PARTITIONS[partition].dnsSuffix;
}

/** The region whose STS is asked when the user set none. */
export function defaultRegion(partition: Partition): string {
  return PARTITIONS[partition].defaultRegion;
}
