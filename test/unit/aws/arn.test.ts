import { expect, test } from 'vitest';
import { arnResource, isAssumedRole, parseArn, readArn } from '../../../native-host/aws/arn.ts';

const ROLE = 'arn:aws:iam::012345678901:role/team/admin';

test('an ARN is read into its parts, with the leading zero of the account', () => {
  expect(parseArn(ROLE)).toEqual({
    partition: 'aws',
    service: 'iam',
    region: '',
    accountId: '012345678901',
    resource: 'role/team/admin',
  });
});

test.each([
  ROLE,
  'arn:aws-cn:iam::123456789012:mfa/ann@example.com',
  'arn:aws:sts::123456789012:assumed-role/admin/1795254532000000000',
  'arn:aws:iam::123456789012:root',
  'arn:aws:iam::aws:policy/AdministratorAccess',
  'arn:aws:s3:::bucket/key:with:colons',
  'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:name:1',
])('%s is read part by part', (text) => {
  const { partition, service, region, accountId, resource } = parseArn(text);
  expect(['arn', partition, service, region, accountId, resource].join(':')).toBe(text);
});

test.each([
  '',
  'admin',
  'arn:aws:iam::123456789012',
  'arn:aws:iam::123456789012:',
  'arn:aws:iam::12345:role/x',
  'arn:aws:iam::1234567890123:role/x',
  'arn:gcp:iam::123456789012:role/x',
  ' arn:aws:iam::123456789012:role/x',
  'arn:aws:iam::123456789012:role/x y',
  'arn:aws:iam::123456789012:role/x\n',
])('%j is not an ARN', (text) => {
  expect(readArn(text)).toBeUndefined();
  expect(() => parseArn(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test.each([
  [ROLE, { type: 'role', path: '/team/', name: 'admin' }],
  ['arn:aws:iam::123456789012:role/a/b/c', { type: 'role', path: '/a/b/', name: 'c' }],
  ['arn:aws:iam::123456789012:user/ann', { type: 'user', path: '/', name: 'ann' }],
  ['arn:aws:iam::123456789012:root', { type: 'root', path: '/', name: '' }],
])('the resource of %s has type, path and name', (text, resource) => {
  expect(arnResource(parseArn(text))).toEqual(resource);
});

test('a role session is told from a user and from a federated user', () => {
  expect(isAssumedRole(parseArn('arn:aws:sts::123456789012:assumed-role/admin/session'))).toBe(true);
  expect(isAssumedRole(parseArn('arn:aws:iam::123456789012:user/assumed-role/x'))).toBe(false);
  expect(isAssumedRole(parseArn('arn:aws:sts::123456789012:federated-user/ann'))).toBe(false);
});
