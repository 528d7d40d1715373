import { expect, test } from 'vitest';
import { childEnvironment } from '../../../cli/child.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };

test('what could contradict the credentials is removed, the rest is copied', () => {
  const contradicting = [
    ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_CREDENTIAL_FILE'],
    ...['AWS_DEFAULT_PROFILE', 'AWS_PROFILE', 'AWS_SDK_LOAD_CONFIG', 'AWS_CREDENTIAL_EXPIRATION', 'AWS_ROLE_ARN'],
    ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
    ...['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_VAULT_FILE_PASSPHRASE'],
    ...['KEYTURN_BACKUP_PASSPHRASE', 'KEYTURN_IMPORT_PASSPHRASE'],
    ...['AWS_ACCESS_KEY', 'AWS_SECRET_KEY'],
  ];
  const parent = Object.fromEntries(contradicting.map((name) => [name, 'stale']));
  const kept = { PATH: '/bin', AWS_CONFIG_FILE: '/config', AWS_VAULT_BACKEND: 'file', AWS_CA_BUNDLE: '/ca', EMPTY: '' };
  const env = childEnvironment(
    { ...parent, ...kept, UNSET: undefined },
    { profile: 'p', credentials, region: undefined },
  );
  expect(env).toEqual({ ...kept, AWS_VAULT: 'p', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' });
});

test('region, session token and expiration are set where there are any', () => {
  const expiresAt = new Date('2026-11-21T03:07:33.500Z');
  const session = { ...credentials, sessionToken: 'token', expiresAt };
  const parent = { AWS_REGION: 'old', AWS_DEFAULT_REGION: 'old' };
  expect(childEnvironment(parent, { profile: 'p', credentials: session, region: 'eu-west-1' })).toEqual({
    AWS_VAULT: 'p',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_CREDENTIAL_EXPIRATION: '2026-11-21T03:07:33Z',
  });
});
