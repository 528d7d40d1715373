export type Partition =
  | 'aws'
  | 'aws-cn'
  | 'aws-us-gov'
  | 'aws-eusc'
  | 'aws-iso'
  | 'aws-iso-b'
  | 'aws-iso-e'
  | 'aws-iso-f';
export type ApiService = 'sts' | 'iam' | 's3';

/** Where a request was sent, told from its Host header. */
export type Place =
  | { readonly kind: 'api'; readonly service: ApiService; readonly region: string }
  | { readonly kind: 'sso'; readonly service: 'oidc' | 'portal'; readonly region: string }
  | { readonly kind: 'signin'; readonly partition: Partition }
  | { readonly kind: 'console'; readonly partition: Partition }
  | { readonly kind: 'access-portal' }
  | { readonly kind: 'loopback' }
  | { readonly kind: 'elsewhere' };

type PartitionHosts = {
  readonly regions: readonly string[];
  readonly dnsSuffix: string;
  readonly signinHost: string;
  readonly consoleHosts: readonly string[];
  /** The one region that signs calls to IAM, which has no others. */
  readonly iamRegion: string;
  readonly iamHost: string;
};

const AWS_REGIONS =
  'us-east-1 us-east-2 us-west-1 us-west-2 af-south-1 ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1';

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
const PARTITIONS: { readonly [name in Partition]: PartitionHosts } = {
  aws: {
    regions: AWS_REGIONS.split(' '),
    dnsSuffix: 'amazonaws.com',
    signinHost: 'signin.aws.amazon.com',
    consoleHosts: ['console.aws.amazon.com'],
    iamRegion: 'us-east-1',
    iamHost: 'iam.amazonaws.com',
  },
  'aws-cn': {
    regions: ['cn-north-1', 'cn-northwest-1'],
    dnsSuffix: 'amazonaws.com.cn',
    signinHost: 'signin.amazonaws.cn',
    consoleHosts: ['console.amazonaws.cn'],
    iamRegion: 'cn-north-1',
    iamHost: 'iam.cn-north-1.amazonaws.com.cn',
  },
  'aws-us-gov': {
    regions: ['us-gov-east-1', 'us-gov-west-1'],
    dnsSuffix: 'amazonaws.com',
    signinHost: 'signin.amazonaws-us-gov.com',
    consoleHosts: ['console.amazonaws-us-gov.com'],
    iamRegion: 'us-gov-west-1',
    iamHost: 'iam.us-gov.amazonaws.com',
  },
  'aws-eusc': {
    regions: ['eusc-de-east-1'],
    dnsSuffix: 'amazonaws.eu',
    signinHost: 'signin.amazonaws-eusc.eu',
    consoleHosts: ['console.amazonaws-eusc.eu', 'console.aws.eu'],
    iamRegion: 'eusc-de-east-1',
    iamHost: 'iam.eusc-de-east-1.amazonaws.eu',
  },
  'aws-iso': {
    regions: ['us-iso-east-1', 'us-iso-west-1'],
    dnsSuffix: 'c2s.ic.gov',
    signinHost: 'signin.c2shome.ic.gov',
    consoleHosts: ['console.c2shome.ic.gov'],
    iamRegion: 'us-iso-east-1',
    iamHost: 'iam.us-iso-east-1.c2s.ic.gov',
  },
  'aws-iso-b': {
    regions: ['us-isob-east-1', 'us-isob-west-1'],
    dnsSuffix: 'sc2s.sgov.gov',
    signinHost: 'signin.sc2shome.sgov.gov',
    consoleHosts: ['console.sc2shome.sgov.gov'],
    iamRegion: 'us-isob-east-1',
    iamHost: 'iam.us-isob-east-1.sc2s.sgov.gov',
  },
  'aws-iso-e': {
    regions: ['eu-isoe-west-1'],
    dnsSuffix: 'cloud.adc-e.uk',
    signinHost: 'signin.csphome.adc-e.uk',
    consoleHosts: ['console.csphome.adc-e.uk'],
    iamRegion: 'eu-isoe-west-1',
    iamHost: 'iam.eu-isoe-west-1.cloud.adc-e.uk',
  },
  'aws-iso-f': {
    regions: ['us-isof-east-1', 'us-isof-south-1'],
    dnsSuffix: 'csp.hci.ic.gov',
    signinHost: 'signin.csphome.hci.ic.gov',
    consoleHosts: ['console.csphome.hci.ic.gov'],
    iamRegion: 'us-isof-south-1',
    iamHost: 'iam.us-isof-south-1.csp.hci.ic.gov',
  },
};

const PARTITION_NAMES: readonly Partition[] = [
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-eusc',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
];
const SITES = [
  ...['aws.amazon.com', 'amazonaws.cn', 'amazonaws-us-gov.com', 'amazonaws-eusc.eu', 'aws.eu'],
  ...['c2shome.ic.gov', 'sc2shome.sgov.gov', 'csphome.adc-e.uk', 'csphome.hci.ic.gov'],
];
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The partition of a region AWS has; `undefined` for any other text. */
export function partitionOfRegion(region: string): Partition | undefined {
  return PARTITION_NAMES.find((name) => PARTITIONS[name].regions.includes(region));
}

/** Lower-case host without port. */
export function hostNameOf(hostHeader: string): string {
  return hostHeader.toLowerCase().replace(/:\d+$/, '');
}

function apiPlace(host: string): Place | undefined {
  const global = /^(sts|s3)\.amazonaws\.com$/.exec(host)?.[1];
  if (global === 'sts' || global === 's3') return { kind: 'api', service: global, region: 'us-east-1' };
  const iam = PARTITION_NAMES.find((name) => PARTITIONS[name].iamHost === host);
  if (iam !== undefined) return { kind: 'api', service: 'iam', region: PARTITIONS[iam].iamRegion };
  const match = /^(sts|s3)\.([a-z0-9-]+)\.(.+)$/.exec(host);
  const service = match?.[1] === 's3' ? 's3' : 'sts';
  const region = match?.[2] ?? '';
  const partition = partitionOfRegion(region);
  if (partition === undefined || match?.[3] !== PARTITIONS[partition].dnsSuffix) return undefined;
  return { kind: 'api', service, region };
}

/** `oidc.REGION.SUFFIX` and `portal.sso.REGION.SUFFIX`. */
function ssoPlace(host: string): Place | undefined {
  const [, prefix, region = '', suffix] = /^(oidc|portal\.sso)\.([a-z0-9-]+)\.(.+)$/.exec(host) ?? [];
  const partition = partitionOfRegion(region);
  if (partition === undefined || suffix !== PARTITIONS[partition].dnsSuffix) return undefined;
  return { kind: 'sso', service: prefix === 'oidc' ? 'oidc' : 'portal', region };
}

function isHostOrRegional(host: string, parent: string, partition: Partition): boolean {
  if (host === parent) return true;
  return host.endsWith(`.${parent}`) && PARTITIONS[partition].regions.includes(host.slice(0, -parent.length - 1));
}

/** The partition whose web console answers at this host, with or without a region in front. */
export function partitionOfConsoleHost(host: string): Partition | undefined {
  return PARTITION_NAMES.find((name) =>
    PARTITIONS[name].consoleHosts.some((parent) => isHostOrRegional(host, parent, name)),
  );
}

/** What a Host header stands for. Only hosts that AWS has are known; everything else is `elsewhere`. */
export function placeOf(hostHeader: string): Place {
  const host = hostNameOf(hostHeader);
  if (LOOPBACK.has(host)) return { kind: 'loopback' };
  const signin = PARTITION_NAMES.find((name) => isHostOrRegional(host, PARTITIONS[name].signinHost, name));
  if (signin !== undefined) return { kind: 'signin', partition: signin };
  const console = partitionOfConsoleHost(host);
  if (console !== undefined) return { kind: 'console', partition: console };
  if (/^[a-z0-9-]+\.awsapps\.com$/.test(host)) return { kind: 'access-portal' };
  return apiPlace(host) ?? ssoPlace(host) ?? { kind: 'elsewhere' };
}

/** Whether the sandbox stands in for this host: STS, IAM, S3, IAM Identity Center, sign-in and console of every partition, access portals. */
export function isAwsHost(host: string): boolean {
  const { kind } = placeOf(host);
  return kind !== 'loopback' && kind !== 'elsewhere';
}

/** The region a console host names, or the partition's first. */
export function regionOfConsoleHost(host: string): string {
  const partition = partitionOfConsoleHost(host);
  const first = host.split('.', 1)[0] ?? '';
  if (partitionOfRegion(first) !== undefined) return first;
  return partition === undefined ? 'us-east-1' : PARTITIONS[partition].iamRegion;
}

/**
 * The domain that carries the session cookie from the sign-in host to the console hosts of one site; `undefined` on
 * loopback, where the cookie belongs to the host alone.
 */
export function cookieDomainOf(host: string): string | undefined {
  return SITES.find((site) => host.endsWith(`.${site}`));
}

/** Every name a certificate for these hosts has to carry; a wildcard stands for one label only. */
export function certificateHostNames(): string[] {
  return PARTITION_NAMES.flatMap((name) => {
    const hosts = PARTITIONS[name];
    const sites = [hosts.signinHost, ...hosts.consoleHosts];
    return [
      ...sites.flatMap((site) => [site, `*.${site}`]),
      `*.${hosts.dnsSuffix}`,
      ...hosts.regions.flatMap((region) => [
        `*.${region}.${hosts.dnsSuffix}`,
        `portal.sso.${region}.${hosts.dnsSuffix}`,
      ]),
      ...(name === 'aws-us-gov' ? [hosts.iamHost] : []),
    ];
  });
}
