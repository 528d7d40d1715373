import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { getUser } from '../../native-host/aws/iam.ts';
import { getCallerIdentity, type ServiceOptions } from '../../native-host/aws/sts.ts';
import { makeTestCertificates, type TestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { failureOf } from './aws-edge-sockets.ts';

let directory: string;
let certificates: TestCertificates;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyturn-aws-hosts-'));
  certificates = await makeTestCertificates(directory);
});
afterAll(async () => rm(directory, { recursive: true }));

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws({ tls: certificates });
});
afterEach(async () => {
  await aws.close();
});

let users = 0;

function options(changes: Partial<ServiceOptions>, env: Record<string, string> = {}): ServiceOptions {
  const user = aws.addUser({ account: '111122223333', name: `ann${++users}` });
  return {
    region: 'eu-west-1',
    credentials: aws.addAccessKey(user),
    env: { HTTPS_PROXY: aws.proxyUrl, AWS_CA_BUNDLE: certificates.caFile, ...env },
    signal: new AbortController().signal,
    ...changes,
  };
}

/** The host a call goes to, whether or not the sandbox stands in for it. */
async function hostOf(call: (options: ServiceOptions) => Promise<unknown>, changes: Partial<ServiceOptions>) {
  const [outcome] = await Promise.allSettled([call(options(changes))]);
  return aws.connects[0]?.target ?? outcome;
}

const fips = { usesFips: true };
const dual = { usesDualstack: true };
const both = { ...fips, ...dual };

// As AWS's own SDK for Python lists them (botocore's endpoints.json and the services' rule sets).
describe.each([
  ['us-east-1', {}, 'sts.us-east-1.amazonaws.com', 'iam.amazonaws.com'],
  ['us-east-1', fips, 'sts-fips.us-east-1.amazonaws.com', 'iam-fips.amazonaws.com'],
  ['us-west-2', dual, 'sts.us-west-2.api.aws', 'iam.global.api.aws'],
  ['us-west-2', both, 'sts-fips.us-west-2.api.aws', 'iam-fips.global.api.aws'],
  ['cn-northwest-1', {}, 'sts.cn-northwest-1.amazonaws.com.cn', 'iam.cn-north-1.amazonaws.com.cn'],
  ['cn-north-1', dual, 'sts.cn-north-1.api.amazonwebservices.com.cn', 'iam.global.api.amazonwebservices.com.cn'],
  ['us-gov-east-1', {}, 'sts.us-gov-east-1.amazonaws.com', 'iam.us-gov.amazonaws.com'],
  ['us-gov-east-1', fips, 'sts.us-gov-east-1.amazonaws.com', 'iam.us-gov.amazonaws.com'],
  ['us-gov-west-1', dual, 'sts.us-gov-west-1.api.aws', 'iam.us-gov.api.aws'],
  ['eusc-de-east-1', {}, 'sts.eusc-de-east-1.amazonaws.eu', 'iam.eusc-de-east-1.amazonaws.eu'],
  ['us-iso-east-1', {}, 'sts.us-iso-east-1.c2s.ic.gov', 'iam.us-iso-east-1.c2s.ic.gov'],
  ['us-isob-east-1', {}, 'sts.us-isob-east-1.sc2s.sgov.gov', 'iam.us-isob-east-1.sc2s.sgov.gov'],
  ['eu-isoe-west-1', {}, 'sts.eu-isoe-west-1.cloud.adc-e.uk', 'iam.eu-isoe-west-1.cloud.adc-e.uk'],
  ['us-isof-south-1', {}, 'sts.us-isof-south-1.csp.hci.ic.gov', 'iam.us-isof-south-1.csp.hci.ic.gov'],
] as const)('in %s with %o', (region, kind, sts, iam) => {
  test(`STS is ${sts}`, async () => {
    expect(await hostOf(getCallerIdentity, { region, ...kind })).toBe(`${sts}:443`);
  });

  test(`IAM is ${iam}`, async () => {
    expect(await hostOf(getUser, { region, ...kind })).toBe(`${iam}:443`);
  });
});

const LEGACY_REGIONS =
  'ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 aws-global ca-central-1 eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2';

test.each(LEGACY_REGIONS.split(' '))(
  'legacy STS of %s is the global one, which takes its signature',
  async (region) => {
    const { arn } = await getCallerIdentity(options({ region, usesLegacySts: true }));
    expect(arn).toMatch(/:user\/ann\d+$/);
    expect(aws.calls.map(({ host }) => host)).toEqual(['sts.amazonaws.com']);
  },
);

test.each(['ap-northeast-2', 'eu-south-1', 'me-central-1'])('legacy STS of %s is the regional one', async (region) => {
  await getCallerIdentity(options({ region, usesLegacySts: true }));
  expect(aws.calls.map(({ host }) => host)).toEqual([`sts.${region}.amazonaws.com`]);
});

test('legacy STS gives way to FIPS', async () => {
  const host = await hostOf(getCallerIdentity, { region: 'us-east-1', usesLegacySts: true, ...fips });
  expect(host).toBe('sts-fips.us-east-1.amazonaws.com:443');
});

describe('nothing is sent', () => {
  afterEach(() => {
    expect(aws.connects).toEqual([]);
    expect(aws.calls).toEqual([]);
  });

  test.each(['eu-west-1', 'ap-south-1', 'aws-global', 'cn-north-1'])(
    'for FIPS in %s, where AWS has none',
    async (region) => {
      const error = await failureOf(getCallerIdentity(options({ region, ...fips })));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toMatch(new RegExp(`^AWS has no FIPS endpoint of STS in ${region}; .*use_fips_endpoint`));
    },
  );

  test.each([
    ['the profile', { endpoint: 'https://sts.corp.example/aws' }, {}],
    ['its services section', { serviceEndpoints: { sts: 'https://sts.corp.example' } }, {}],
    ['the environment', {}, { AWS_ENDPOINT_URL: 'https://sts.corp.example' }],
  ])('to an endpoint of %s for somebody who asked for FIPS or dual-stack', async (_where, changes, env) => {
    for (const kind of [fips, dual]) {
      const error = await failureOf(getCallerIdentity(options({ region: 'us-east-1', ...kind, ...changes }, env)));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toContain('sts.corp.example is set as the endpoint of STS; unset one of the two');
    }
  });
});

test('a FIPS or dual-stack host that is not there is told for what it is', async () => {
  const { env, ...rest } = options({ region: 'ca-west-1', ...fips });
  const error = await failureOf(getCallerIdentity({ ...rest, env }));
  expect(error.code).toBe('AWS_UNREACHABLE');
  expect(error.message).toMatch(
    /^cannot reach sts-fips\.ca-west-1\.amazonaws\.com .*; AWS may have no FIPS endpoint of STS in ca-west-1: choose another region, or turn use_fips_endpoint/,
  );
});
