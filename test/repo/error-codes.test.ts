import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../native-host/errors.ts';

it('keeps every error code ever shipped: scripts and older extensions match on them', () => {
  expect(ERROR_CODES).toEqual(expect.arrayContaining(SHIPPED));
});

// Append new codes here in the release that ships them. DO NOT rename or remove one.
const SHIPPED = [
  'INTERNAL',
  'USAGE',
  'BAD_MESSAGE',
  'VERSION_MISMATCH',
  'CONFIG_INVALID',
  'PROFILE_NOT_FOUND',
  'PROFILE_LOOP',
  'CREDENTIALS_NOT_FOUND',
  'KEYRING_UNAVAILABLE',
  'KEYRING_LOCKED',
  'KEYRING_DENIED',
  'KEYRING_CORRUPT',
  'MFA_REQUIRED',
  'MFA_REJECTED',
  'AWS_ACCESS_DENIED',
  'AWS_REJECTED',
  'AWS_THROTTLED',
  'AWS_UNREACHABLE',
  'AWS_CREDENTIALS_INVALID',
  'AWS_CLOCK_SKEW',
  'PROCESS_FAILED',
  'TIMEOUT',
  'HOST_NOT_FOUND',
  'HOST_FORBIDDEN',
  'HOST_GONE',
  'BROWSER_NOT_CONNECTED',
  'CONTAINERS_DISABLED',
  'CANCELLED',
  'SSO_LOGIN_REQUIRED',
  'SSO_LOGIN_DENIED',
  'SSO_LOGIN_EXPIRED',
  'LOGIN_REQUIRED',
  'LOGIN_DENIED',
  'LOGIN_EXPIRED',
];
