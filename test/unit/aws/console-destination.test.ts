import { describe, expect, test } from 'vitest';
import { consoleDestination } from '../../../native-host/aws/console-destination.ts';

const IN_EUROPE = 'https://eu-west-1.console.aws.amazon.com';

test.each([
  [{}, 'https://console.aws.amazon.com/'],
  [{ region: '' }, 'https://console.aws.amazon.com/'],
  [{ path: 's3/buckets' }, 'https://console.aws.amazon.com/s3/buckets'],
  [{ partition: 'aws-cn' }, 'https://console.amazonaws.cn/'],
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
  [{ region: 'eu-west-1', path: '?a=b' }, `${IN_EUROPE}/console/home?a=b&region=eu-west-1`],
  [{ path: '/s3/home?a=b#c' }, 'https://console.aws.amazon.com/s3/home?a=b#c'],
  [{ region: 'us-iso-east-1' }, 'https://us-iso-east-1.console.c2shome.ic.gov/console/home?region=us-iso-east-1'],
  [{ partition: 'aws-us-gov', path: 's3/home' }, 'https://console.amazonaws-us-gov.com/s3/home'],
  [{ region: 'cn-north-1' }, 'https://cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1'],
  [{ region: 'us-gov-west-1' }, 'https://us-gov-west-1.console.amazonaws-us-gov.com/console/home?region=us-gov-west-1'],
  [{ region: 'eusc-de-east-1' }, 'https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1'],
  [{ region: 'eu-west-1', partition: 'aws-cn' }, `${IN_EUROPE}/console/home?region=eu-west-1`],
] as const)('the console page of %j', (place, destination) => {
  expect(consoleDestination(place)).toBe(destination);
});

test.each(['//evil.example/x', '\\\\evil.example', '/\t/evil.example', '@evil.example', '../../x'])(
  'the path %j stays on the console host',
  (path) => {
    expect(new URL(consoleDestination({ path })).host).toBe('console.aws.amazon.com');
    expect(new URL(consoleDestination({ path, region: 'eu-west-1' })).host).toBe('eu-west-1.console.aws.amazon.com');
  },
);

test('a region that is none cannot choose the host', () => {
  const place = { region: 'evil.example/x' };
  expect(() => consoleDestination(place)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

describe('the whole address of a page', () => {
  const region = 'eu-west-1';

  test.each([
    ['https://us-west-2.console.aws.amazon.com/s3/home?region=us-west-2&a=b%20c#d', region],
    ['https://console.aws.amazon.com/iam/home', undefined],
    ['https://health.console.aws.amazon.com/health/home#/a?b', region],
    ['https://cn-north-1.console.amazonaws.cn/s3/home', 'cn-northwest-1'],
    ['https://eusc-de-east-1.console.aws.eu/s3/home', 'eusc-de-east-1'],
  ])('%s is opened as it is', (path, own) => {
    expect(consoleDestination({ region: own, path })).toBe(path);
  });

  test('loses the account of the session it was copied from', () => {
    const path = 'https://111122223333-ab12cd34.eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1';
    expect(consoleDestination({ region, path })).toBe(`${IN_EUROPE}/s3/home?region=eu-west-1`);
  });

  test.each([
    'https://evil.example/',
    'https://console.aws.amazon.com.evil.example/',
    'https://evilconsole.aws.amazon.com/',
    'http://console.aws.amazon.com/s3/home',
    'https://user@console.aws.amazon.com/s3/home',
    'https://console.aws.amazon.com:8443/s3/home',
    'https://signin.aws.amazon.com/oauth',
    'https://cn-north-1.console.amazonaws.cn/s3/home',
    'file:///etc/passwd',
    'https://',
  ])('%s is refused', (path) => {
    const refused = expect.objectContaining({ code: 'USAGE', details: { flag: 'path' } });
    expect(() => consoleDestination({ region, path })).toThrow(refused);
  });
});
