import { partition as sdkPartition } from '@aws-sdk/core/client';
import { expect, test } from 'vitest';
import { defaultRegion, PARTITION_NAMES, partitionOfRegion } from '../../../native-host/aws/partition.ts';

// The SDK's own table, by which its clients find their hosts.
test.each([
  ...['us-east-1', 'ap-southeast-7', 'ca-west-1', 'il-central-1', 'me-central-1', 'mx-central-1', 'sa-east-1'],
  ...['af-south-1', 'aws-global', 'cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1', 'eusc-de-east-1'],
  ...['us-iso-east-1', 'us-iso-west-1', 'us-isob-east-1', 'us-isob-west-1', 'eu-isoe-west-1', 'us-isof-south-1'],
  ...['us-isof-east-1', 'xy-new-1'],
])("%s is in the partition in which AWS's SDK has it", (region) => {
  expect(partitionOfRegion(region)).toBe(sdkPartition(region).name);
});

test("every partition of ours is one of the SDK's, and its default region lies in it", () => {
  for (const name of PARTITION_NAMES) expect(sdkPartition(defaultRegion(name)).name).toBe(name);
});
