import { describe, expect, test } from 'vitest';
import { reachEnvironment } from '../../../cli/reach-environment.ts';

const ENDPOINTS = {
  endpointUrl: 'http://localhost:4566',
  serviceEndpoints: { s3: 'http://localhost:9000', elastic_beanstalk: 'http://localhost:9001' },
};
const ENDPOINT_VARIABLES = {
  AWS_ENDPOINT_URL: 'http://localhost:4566',
  AWS_ENDPOINT_URL_S3: 'http://localhost:9000',
  AWS_ENDPOINT_URL_ELASTIC_BEANSTALK: 'http://localhost:9001',
};

test('of a profile without such settings there is nothing to tell', () => {
  expect(reachEnvironment({ AWS_ENDPOINT_URL: 'http://x' }, {})).toEqual({});
});

test('what the profile says is told', () => {
  const profile = { ...ENDPOINTS, caBundle: '/ca.pem', usesFips: true, usesDualstack: true, output: 'table' } as const;
  expect(reachEnvironment({}, profile)).toEqual({
    ...ENDPOINT_VARIABLES,
    AWS_CA_BUNDLE: '/ca.pem',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_USE_DUALSTACK_ENDPOINT: 'true',
    AWS_DEFAULT_OUTPUT: 'table',
  });
});

test('what the environment says already stands', () => {
  const parent = { AWS_CA_BUNDLE: '/mine.pem', AWS_DEFAULT_OUTPUT: 'json', AWS_ENDPOINT_URL_S3: 'http://mine' };
  const env = reachEnvironment(parent, { ...ENDPOINTS, caBundle: '/ca.pem', output: 'table' });
  const { AWS_ENDPOINT_URL_S3: _mine, ...others } = ENDPOINT_VARIABLES;
  expect(env).toEqual(others);
});

describe('no endpoint of the profile is told', () => {
  test('where the environment has one for all services, which is above the services section', () => {
    expect(reachEnvironment({ AWS_ENDPOINT_URL: 'http://mine' }, ENDPOINTS)).toEqual({});
  });

  test('where configured endpoints are to be ignored', () => {
    expect(reachEnvironment({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'True' }, ENDPOINTS)).toEqual({});
    expect(reachEnvironment({}, { ...ENDPOINTS, ignoresEndpoints: true })).toEqual({
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    });
  });
});
