import { describe, expect, it } from 'vitest';
import { isAwsHost, partitionOfConsoleHost, placeOf, regionOfConsoleHost } from './hosts.ts';

describe('host names', () => {
  it.each([
    ['sts.amazonaws.com', { kind: 'api', service: 'sts', region: 'us-east-1' }],
    ['sts.eu-west-1.amazonaws.com:443', { kind: 'api', service: 'sts', region: 'eu-west-1' }],
    ['sts.cn-north-1.amazonaws.com.cn', { kind: 'api', service: 'sts', region: 'cn-north-1' }],
    ['sts.us-gov-west-1.amazonaws.com', { kind: 'api', service: 'sts', region: 'us-gov-west-1' }],
    ['sts.eusc-de-east-1.amazonaws.eu', { kind: 'api', service: 'sts', region: 'eusc-de-east-1' }],
    ['iam.amazonaws.com', { kind: 'api', service: 'iam', region: 'us-east-1' }],
    ['iam.us-gov.amazonaws.com', { kind: 'api', service: 'iam', region: 'us-gov-west-1' }],
    ['s3.eu-west-1.amazonaws.com', { kind: 'api', service: 's3', region: 'eu-west-1' }],
    ['signin.aws.amazon.com', { kind: 'signin', partition: 'aws' }],
    ['eu-west-1.signin.aws.amazon.com', { kind: 'signin', partition: 'aws' }],
    ['signin.amazonaws.cn', { kind: 'signin', partition: 'aws-cn' }],
    ['signin.amazonaws-us-gov.com', { kind: 'signin', partition: 'aws-us-gov' }],
    ['signin.amazonaws-eusc.eu', { kind: 'signin', partition: 'aws-eusc' }],
    ['EU-WEST-1.console.aws.amazon.com', { kind: 'console', partition: 'aws' }],
    ['127.0.0.1:8000', { kind: 'loopback' }],
    ['localhost:8000', { kind: 'loopback' }],
  ])('%s is told for what it is', (host, place) => {
    expect(placeOf(host)).toEqual(place);
  });

  it.each([
    'sts.mars-north-1.amazonaws.com',
    'sts.cn-north-1.amazonaws.com',
    'sts.eu-west-1.amazonaws.com.evil.example',
    'evil-sts.amazonaws.com',
    'cn-north-1.console.aws.amazon.com',
    'evilconsole.aws.amazon.com',
    'ec2.amazonaws.com',
    'example.com',
    '',
  ])('%s is not a host of AWS that the sandbox stands in for', (host) => {
    expect(placeOf(host)).toEqual({ kind: 'elsewhere' });
    expect(isAwsHost(host)).toBe(false);
  });

  it('tells partition and region of a console host', () => {
    expect(partitionOfConsoleHost('console.aws.eu')).toBe('aws-eusc');
    expect(partitionOfConsoleHost('cn-northwest-1.console.amazonaws.cn')).toBe('aws-cn');
    expect(partitionOfConsoleHost('signin.aws.amazon.com')).toBeUndefined();
    expect(regionOfConsoleHost('eu-west-3.console.aws.amazon.com')).toBe('eu-west-3');
    expect(regionOfConsoleHost('console.amazonaws-us-gov.com')).toBe('us-gov-west-1');
  });
});
