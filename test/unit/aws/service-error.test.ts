import { expect, test } from 'vitest';
import { serviceError } from '../../../native-host/aws/service-error.ts';
import { VaultError } from '../../../native-host/errors.ts';

const CALL = {
  service: 'STS',
  operation: 'AssumeRole',
  secrets: ['canary-secret', 'canary-token'],
  skewMs: Number.NaN,
  isCancelled: false,
} as const;

function awsError(code: string, message: string, httpStatusCode = 403): Error {
  return Object.assign(new Error(message), { name: code, $metadata: { httpStatusCode, requestId: 'req-1' } });
}

test('an error keeps the shape, the code and the words of AWS, on one line', () => {
  const error = serviceError(
    awsError('AccessDenied', 'User: arn:x is not\n authorized to perform: sts:AssumeRole'),
    CALL,
  );
  expect(error.message).toBe(
    'operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: req-1, api error AccessDenied: User: arn:x is not authorized to perform: sts:AssumeRole; check your policies, and for a role its trust policy',
  );
  expect(error.details).toEqual({ operation: 'AssumeRole', requestId: 'req-1', awsCode: 'AccessDenied' });
});

const EXPIRED = 'Signature expired: 20261121T030000Z is now earlier than 20261121T035500Z (20261121T040000Z - 5 min.)';
test.each([
  ['AccessDenied', 'Cannot call GetFederationToken with session credentials', 'AWS_ACCESS_DENIED'],
  ['AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code. ', 'MFA_REJECTED'],
  ['AccessDenied', 'MultiFactorAuthentication failed, unable to validate MFA code.', 'MFA_REJECTED'],
  ['ExpiredToken', 'The security token included in the request is expired', 'AWS_CREDENTIALS_INVALID'],
  ['InvalidClientTokenId', 'The security token included in the request is invalid.', 'AWS_CREDENTIALS_INVALID'],
  ['UnrecognizedClientException', 'The security token is invalid', 'AWS_CREDENTIALS_INVALID'],
  ['SignatureDoesNotMatch', 'The request signature we calculated does not match', 'AWS_CREDENTIALS_INVALID'],
  ['SignatureDoesNotMatch', EXPIRED, 'AWS_CLOCK_SKEW'],
  ['SignatureDoesNotMatch', 'Signature not yet current: 20261121T030000Z is still later than', 'AWS_CLOCK_SKEW'],
  ['SignatureDoesNotMatch', "Credential should be scoped to a valid region, not 'us-wst-1'. ", 'CONFIG_INVALID'],
  ['RequestTimeTooSkewed', 'The difference is too large', 'AWS_CLOCK_SKEW'],
  ['Throttling', 'Rate exceeded', 'AWS_THROTTLED'],
  ['ThrottlingException', 'Rate exceeded', 'AWS_THROTTLED'],
  ['ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration', 'AWS_REJECTED'],
  ['RegionDisabledException', 'STS is not activated in this region', 'AWS_REJECTED'],
  ['MalformedPolicyDocument', 'no', 'AWS_REJECTED'],
  ['NoSuchEntity', 'The user with name x cannot be found', 'AWS_REJECTED'],
  ['InternalFailure', 'oops', 'AWS_UNREACHABLE'],
])('%s "%s" is %s', (awsCode, message, code) => {
  expect(serviceError(awsError(awsCode, message), CALL).code).toBe(code);
});

test('an unknown code is told by its status: 429 is throttling, 5xx trouble at AWS', () => {
  expect(serviceError(awsError('Strange', 'x', 429), CALL).code).toBe('AWS_THROTTLED');
  expect(serviceError(awsError('Strange', 'x', 500), CALL).code).toBe('AWS_UNREACHABLE');
});

test.each([
  [7 * 60_000, 'the clock here is 7 minutes behind that of AWS'],
  [-3 * 3_600_000, 'the clock here is 3 hours ahead of that of AWS'],
])('a clock that is %d ms off is told by how much', (skewMs, words) => {
  const { message } = serviceError(awsError('SignatureDoesNotMatch', EXPIRED), { ...CALL, skewMs });
  expect(message).toContain(`${words}: set this machine's clock`);
});

test('a wrong clock of unknown size is told without a number', () => {
  const { message } = serviceError(awsError('SignatureDoesNotMatch', EXPIRED), CALL);
  expect(message).toMatch(/- 5 min\.\); set this machine's clock$/);
});

test("no secret comes back in AWS's words, not even in the canonical request it quotes", () => {
  const quoted = `does not match.\n\nThe Canonical String for this request should have been\n'POST\nx-amz-security-token:other-secret`;
  const error = serviceError(awsError('SignatureDoesNotMatch', `${quoted}\ncanary-token`), CALL);
  expect(JSON.stringify([error.message, error.details, error.cause])).not.toMatch(/canary|other-secret/);
  const echo = serviceError(awsError('ValidationError', 'Value canary-token or canary-secret is wrong'), CALL);
  expect(echo.message).toContain('Value *** or *** is wrong');
});

test('an answer without an AWS code is not taken for one of AWS', () => {
  const page = Object.assign(new Error('Unknown'), { name: 'Unknown', $metadata: { httpStatusCode: 502 } });
  const error = serviceError(page, CALL);
  expect(error.code).toBe('AWS_UNREACHABLE');
  expect(error.message).toContain('StatusCode: 502, the answer is not one of AWS');
});

test('an error of ours gets the operation, and an aborted call is CANCELLED whatever failed', () => {
  const cause = new Error('x');
  const ours = new VaultError('AWS_UNREACHABLE', 'cannot reach x', { cause });
  expect(serviceError(ours, CALL)).toMatchObject({
    message: 'cannot reach x',
    details: { operation: 'AssumeRole' },
    cause,
  });
  expect(serviceError(ours, { ...CALL, isCancelled: true }).code).toBe('CANCELLED');
});
