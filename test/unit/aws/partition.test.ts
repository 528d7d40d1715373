import { expect, test } from 'vitest';
import {
  consoleHost,
  defaultRegion,
  PARTITION_NAMES,
  partitionOfArn,
  partitionOfRegion,
  signinHost,
} from '../../../native-host/aws/partition.ts';

test.each([
  ['us-east-1', 'aws'],
  ['eu-west-1', 'aws'],
  ['eu-central-2', 'aws'],
  ['us-west-2', 'aws'],
  ['mx-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['cn-northwest-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-gov-east-1', 'aws-us-gov'],
  ['eusc-de-east-1', 'aws-eusc'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-iso-west-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['xy-new-1', 'aws'],
  [undefined, 'aws'],
])('region %s is in partition %s', (region, partition) => {
  expect(partitionOfRegion(region)).toBe(partition);
});

test.each([
  ['arn:aws:iam::123456789012:role/admin', 'aws'],
  ['arn:aws-cn:iam::123456789012:mfa/ann', 'aws-cn'],
  ['arn:aws-us-gov:iam::123456789012:role/admin', 'aws-us-gov'],
  ['arn:aws-iso-b:iam::123456789012:role/admin', 'aws-iso-b'],
  ['arn:aws-eusc:iam::123456789012:role/admin', 'aws-eusc'],
  ['GAHT12345678', 'aws'],
  ['arn:elsewhere:iam::123456789012:role/admin', 'aws'],
])('%s is in partition %s', (arn, partition) => {
  expect(partitionOfArn(arn)).toBe(partition);
});

test.each([
  ['aws', 'signin.aws.amazon.com', 'console.aws.amazon.com'],
  ['aws-cn', 'signin.amazonaws.cn', 'console.amazonaws.cn'],
  ['aws-us-gov', 'signin.amazonaws-us-gov.com', 'console.amazonaws-us-gov.com'],
  ['aws-eusc', 'signin.amazonaws-eusc.eu', 'console.amazonaws-eusc.eu'],
  ['aws-iso', 'signin.c2shome.ic.gov', 'console.c2shome.ic.gov'],
  ['aws-iso-b', 'signin.sc2shome.sgov.gov', 'console.sc2shome.sgov.gov'],
  ['aws-iso-e', 'signin.csphome.adc-e.uk', 'console.csphome.adc-e.uk'],
  ['aws-iso-f', 'signin.csphome.hci.ic.gov', 'console.csphome.hci.ic.gov'],
] as const)('%s signs in at %s and has its console at %s', (partition, signin, console) => {
  expect(signinHost(partition)).toBe(signin);
  expect(consoleHost(partition)).toBe(console);
});

test('the default region of a partition is in that partition', () => {
  for (const partition of PARTITION_NAMES) expect(partitionOfRegion(defaultRegion(partition))).toBe(partition);
});
