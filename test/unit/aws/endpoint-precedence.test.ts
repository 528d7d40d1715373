import { describe, expect, test } from 'vitest';
import { configuredEndpoint, endpointSettings } from '../../../native-host/aws/endpoint.ts';

const STS = { AWS_ENDPOINT_URL_STS: 'http://1.example' };
const ALL = { AWS_ENDPOINT_URL: 'http://2.example' };
const SERVICES = { serviceEndpoints: { sts: 'http://3.example', s3: 'http://s3.example' } };
const PROFILE = { endpoint: 'http://4.example' };

describe('of all places where an endpoint can be set', () => {
  test.each([
    ["the service's own variable", { ...STS, ...ALL }, { ...SERVICES, ...PROFILE }, 'http://1.example'],
    ['the variable for all services', ALL, { ...SERVICES, ...PROFILE }, 'http://2.example'],
    ['the services section', {}, { ...SERVICES, ...PROFILE }, 'http://3.example'],
    ["the profile's endpoint_url", {}, PROFILE, 'http://4.example'],
    ['none of them', {}, {}, undefined],
  ])('%s comes first', (_place, env, profile, url) => {
    expect(configuredEndpoint('STS', env, profile)).toBe(url);
  });

  test('a services section without the service leaves it to endpoint_url', () => {
    expect(configuredEndpoint('IAM', {}, { ...SERVICES, ...PROFILE })).toBe('http://4.example');
  });

  test('none moves the sign-in endpoint but its own', () => {
    expect(configuredEndpoint('SIGNIN', ALL, { ...SERVICES, ...PROFILE })).toBeUndefined();
  });
});

describe('configured endpoints are ignored', () => {
  const profile = { ...SERVICES, ...PROFILE, ignoresEndpoints: true };

  test('where the profile says so, in the environment too', () => {
    expect(configuredEndpoint('STS', { ...STS, ...ALL }, profile)).toBeUndefined();
  });

  test('but the variable has the last word', () => {
    const env = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' };
    expect(configuredEndpoint('STS', env, profile)).toBe('http://3.example');
  });

  test('not by a value that is neither true nor false', () => {
    expect(() => configuredEndpoint('STS', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'yes' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS must be true or false, not "yes"',
      }),
    );
  });
});

test('a wrong URL in a services section is named by its place', () => {
  expect(() => configuredEndpoint('STS', {}, { serviceEndpoints: { sts: 'localhost:4566' } })).toThrow(
    /^the endpoint_url of sts in the \[services\] section must be an http or https URL/,
  );
});

test('IAM has FIPS for every region of its partition, since it is in one place', () => {
  expect(endpointSettings('IAM', {}, { region: 'eu-west-1', usesFips: true })).toEqual({
    useFipsEndpoint: true,
    useDualstackEndpoint: false,
  });
});
