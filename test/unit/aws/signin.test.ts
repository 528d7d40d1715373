import { expect, test } from 'vitest';
import { consoleDestination, signinUrl } from '../../../native-host/aws/signin.ts';

const IN_EUROPE = 'https://eu-west-1.console.aws.amazon.com';

test.each([
  [{}, 'https://console.aws.amazon.com/'],
  [{ region: '' }, 'https://console.aws.amazon.com/'],
  [{ path: 's3/buckets' }, 'https://console.aws.amazon.com/s3/buckets'],
  [{ partitionRegion: 'cn-north-1' }, 'https://console.amazonaws.cn/'],
  [{ region: 'eu-west-1' }, `${IN_EUROPE}/console/home?region=eu-west-1`],
  [{ region: 'eu-west-1', path: '' }, `${IN_EUROPE}/console/home?region=eu-west-1`],
  [{ region: 'eu-west-1', path: 's3/buckets' }, `${IN_EUROPE}/s3/buckets?region=eu-west-1`],
  [{ region: 'eu-west-1', path: '/s3/buckets' }, `${IN_EUROPE}/s3/buckets?region=eu-west-1`],
  [{ region: 'eu-west-1', path: 's3/home?a=b%20c' }, `${IN_EUROPE}/s3/home?a=b%20c&region=eu-west-1`],
  [{ region: 'eu-west-1', path: 'ec2?region=us-east-1' }, `${IN_EUROPE}/ec2?region=us-east-1`],
  [
    { region: 'eu-west-1', path: 'ec2/v2/home#Instances:x=1?y' },
    `${IN_EUROPE}/ec2/v2/home?region=eu-west-1#Instances:x=1?y`,
  ],
  [{ region: 'eu-west-1', path: 'cw/home?#logs' }, `${IN_EUROPE}/cw/home?region=eu-west-1#logs`],
  [{ region: 'cn-north-1' }, 'https://cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1'],
  [{ region: 'us-gov-west-1' }, 'https://us-gov-west-1.console.amazonaws-us-gov.com/console/home?region=us-gov-west-1'],
  [{ region: 'eusc-de-east-1' }, 'https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1'],
  [{ region: 'eu-west-1', partitionRegion: 'cn-north-1' }, `${IN_EUROPE}/console/home?region=eu-west-1`],
])('the console page of %j', (place, destination) => {
  expect(consoleDestination(place)).toBe(destination);
});

test.each([
  '//evil.example/x',
  '\\\\evil.example',
  '/\t/evil.example',
  '@evil.example',
  'https://evil.example/',
  '../../x',
])('the path %j stays on the console host', (path) => {
  expect(new URL(consoleDestination({ path })).host).toBe('console.aws.amazon.com');
  expect(new URL(consoleDestination({ path, region: 'eu-west-1' })).host).toBe('eu-west-1.console.aws.amazon.com');
});

test('a region that is none cannot choose the host', () => {
  const place = { region: 'evil.example/x' };
  expect(() => consoleDestination(place)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

const PARTS = { destination: `${IN_EUROPE}/?region=eu-west-1`, signinToken: 'a+b/c=&d', issuer: 'keyturn' };

test('the sign-in URL has its four parameters in order and encoded', () => {
  expect(signinUrl({ ...PARTS, region: 'eu-west-1', env: {} })).toBe(
    'https://signin.aws.amazon.com/federation?Action=login&Issuer=keyturn' +
      '&Destination=https%3A%2F%2Feu-west-1.console.aws.amazon.com%2F%3Fregion%3Deu-west-1&SigninToken=a%2Bb%2Fc%3D%26d',
  );
});

test.each([
  [undefined, 'https://signin.aws.amazon.com'],
  ['cn-northwest-1', 'https://signin.amazonaws.cn'],
  ['us-gov-east-1', 'https://signin.amazonaws-us-gov.com'],
  ['eusc-de-east-1', 'https://signin.amazonaws-eusc.eu'],
])('a profile in region %s signs in at %s', (region, origin) => {
  expect(new URL(signinUrl({ ...PARTS, region, env: {} })).origin).toBe(origin);
});

test('AWS_ENDPOINT_URL_SIGNIN takes the place of scheme and host', () => {
  const env = { AWS_ENDPOINT_URL_SIGNIN: 'http://127.0.0.1:4566' };
  expect(signinUrl({ ...PARTS, region: 'cn-north-1', env })).toMatch(
    /^http:\/\/127\.0\.0\.1:4566\/federation\?Action=login&/,
  );
});
