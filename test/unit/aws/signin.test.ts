import { expect, test } from 'vitest';
import { PARTITION_NAMES } from '../../../native-host/aws/partition.ts';
import { signinUrl, signOutUrl } from '../../../native-host/aws/signin.ts';

const PARTS = {
  destination: 'https://eu-west-1.console.aws.amazon.com/?region=eu-west-1',
  signinToken: 'a+b/c=&d',
  issuer: 'keyturn',
};

test('the sign-in URL has its four parameters in order and encoded', () => {
  expect(signinUrl({ ...PARTS, partition: 'aws', env: {} })).toBe(
    'https://signin.aws.amazon.com/federation?Action=login&Issuer=keyturn' +
      '&Destination=https%3A%2F%2Feu-west-1.console.aws.amazon.com%2F%3Fregion%3Deu-west-1&SigninToken=a%2Bb%2Fc%3D%26d',
  );
});

const SIGNIN_HOSTS = {
  aws: 'signin.aws.amazon.com',
  'aws-cn': 'signin.amazonaws.cn',
  'aws-us-gov': 'signin.amazonaws-us-gov.com',
  'aws-eusc': 'signin.amazonaws-eusc.eu',
  'aws-iso': 'signin.c2shome.ic.gov',
  'aws-iso-b': 'signin.sc2shome.sgov.gov',
  'aws-iso-e': 'signin.csphome.adc-e.uk',
  'aws-iso-f': 'signin.csphome.hci.ic.gov',
} as const;
const REGIONS = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-eusc': 'eusc-de-east-1',
  'aws-iso': 'us-iso-east-1',
  'aws-iso-b': 'us-isob-east-1',
  'aws-iso-e': 'eu-isoe-west-1',
  'aws-iso-f': 'us-isof-south-1',
} as const;

test.each(PARTITION_NAMES)('%s signs in at its own host', (partition) => {
  expect(new URL(signinUrl({ ...PARTS, partition, env: {} })).origin).toBe(`https://${SIGNIN_HOSTS[partition]}`);
});

test.each(PARTITION_NAMES)('%s signs out first at its regional host, and goes on to the sign-in there', (partition) => {
  const host = `${REGIONS[partition]}.${SIGNIN_HOSTS[partition]}`;
  const url = new URL(signinUrl({ ...PARTS, partition, env: {}, signsOutFirst: true }));
  expect(url.origin + url.pathname).toBe(`https://${host}/oauth`);
  expect([...url.searchParams.keys()]).toEqual(['Action', 'redirect_uri']);
  const next = new URL(url.searchParams.get('redirect_uri') ?? '');
  expect(next.origin + next.pathname).toBe(`https://${host}/federation`);
  expect(next.searchParams.get('SigninToken')).toBe(PARTS.signinToken);
});

test('the page that only signs out holds nothing else', () => {
  expect(signOutUrl({ partition: 'aws', env: {} })).toBe('https://us-east-1.signin.aws.amazon.com/oauth?Action=logout');
});

test('AWS_ENDPOINT_URL_SIGNIN takes the place of scheme and host', () => {
  const env = { AWS_ENDPOINT_URL_SIGNIN: 'http://127.0.0.1:4566' };
  expect(signinUrl({ ...PARTS, partition: 'aws-cn', env })).toMatch(
    /^http:\/\/127\.0\.0\.1:4566\/federation\?Action=login&/,
  );
});
