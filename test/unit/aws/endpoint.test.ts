import { expect, test } from 'vitest';
import { checkRegion, configuredEndpoint } from '../../../native-host/aws/endpoint.ts';

const ALL = {
  AWS_ENDPOINT_URL_STS: 'http://sts.example',
  AWS_ENDPOINT_URL_IAM: 'http://iam.example/',
  AWS_ENDPOINT_URL: 'https://all.example:4566/base/',
};

test('a service has its own variable before the common one, and both before the profile', () => {
  expect(configuredEndpoint('STS', ALL, { endpoint: 'http://profile.example' })).toBe('http://sts.example');
  expect(configuredEndpoint('IAM', ALL, { endpoint: 'http://profile.example' })).toBe('http://iam.example');
  const { AWS_ENDPOINT_URL } = ALL;
  expect(configuredEndpoint('STS', { AWS_ENDPOINT_URL }, { endpoint: 'http://profile.example' })).toBe(
    'https://all.example:4566/base',
  );
  expect(configuredEndpoint('STS', {}, { endpoint: 'http://profile.example' })).toBe('http://profile.example');
  expect(configuredEndpoint('STS', {})).toBeUndefined();
});

test('an empty variable is one that is not set', () => {
  expect(
    configuredEndpoint('STS', { AWS_ENDPOINT_URL_STS: '', AWS_ENDPOINT_URL: '' }, { endpoint: '' }),
  ).toBeUndefined();
});

test('the sign-in endpoint moves by its own variable only', () => {
  expect(configuredEndpoint('SIGNIN', ALL)).toBeUndefined();
  expect(configuredEndpoint('SIGNIN', { AWS_ENDPOINT_URL_SIGNIN: 'http://127.0.0.1:4566' })).toBe(
    'http://127.0.0.1:4566',
  );
});

test.each(['true', 'TRUE'])('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=%s turns every one off', (value) => {
  const env = { ...ALL, AWS_ENDPOINT_URL_SIGNIN: 'http://x', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: value };
  expect(configuredEndpoint('STS', env, { endpoint: 'http://profile.example' })).toBeUndefined();
  expect(configuredEndpoint('SIGNIN', env)).toBeUndefined();
});

test.each([
  '127.0.0.1:4566',
  'localhost:4566',
  'ftp://example.com',
  'http://',
  'not a url',
  'http://a?b=c',
  'http://a#b',
  'file:///etc/passwd',
])('%j is refused by the name of its variable', (text) => {
  const refusal = expect.objectContaining({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('AWS_ENDPOINT_URL_STS must be an http or https URL'),
    details: { flag: 'AWS_ENDPOINT_URL_STS' },
  });
  expect(() => configuredEndpoint('STS', { AWS_ENDPOINT_URL_STS: text })).toThrow(refusal);
  expect(() => configuredEndpoint('STS', {}, { endpoint: text })).toThrow(/^endpoint_url must be/);
});

test('the password of a refused endpoint is not in the message', () => {
  const endpoint = () => configuredEndpoint('STS', { AWS_ENDPOINT_URL: 'https://ann:hunter2@example.com' });
  expect(endpoint).toThrow(/^AWS_ENDPOINT_URL must be/);
  expect(endpoint).not.toThrow(/hunter2/);
});

test.each(['eu-west-1', 'us-gov-west-1', 'xy-new-12'])('%s may be a region', (region) => {
  expect(checkRegion(region)).toBe(region);
});

test.each(['', 'eu west 1', 'evil.example/', 'eu-west-1.evil.example', '-a', 'a-', 'EU-WEST-1', 'a'.repeat(64)])(
  '%j cannot be a region',
  (region) => {
    expect(() => checkRegion(region)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  },
);
