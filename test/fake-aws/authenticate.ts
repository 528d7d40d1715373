import { AwsError } from './aws-error.ts';
import { type ApiService, partitionOfRegion } from './hosts.ts';
import type { Request } from './request.ts';
import {
  type Authorization,
  formatAmzDate,
  isSignedWith,
  parseAmzDate,
  parseAuthorization,
  unsignedHeaders,
} from './sigv4.ts';
import { type Caller, isSourceGone, partitionAndAccountOf, type State } from './state.ts';

/** The same refusal has other names in S3 than in the query services. */
type Dialect = {
  readonly missing: AwsError;
  readonly unknownKey: AwsError;
  readonly badToken: AwsError;
  readonly expired: AwsError;
  readonly badSignature: AwsError;
  readonly skewSeconds: number;
};

const INVALID_TOKEN = new AwsError(
  403,
  'InvalidClientTokenId',
  'The security token included in the request is invalid.',
);
const QUERY_DIALECT: Dialect = {
  missing: new AwsError(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token'),
  unknownKey: INVALID_TOKEN,
  badToken: INVALID_TOKEN,
  expired: new AwsError(403, 'ExpiredToken', 'The security token included in the request is expired'),
  badSignature: new AwsError(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ),
  skewSeconds: 5 * 60,
};
const S3_DIALECT: Dialect = {
  missing: new AwsError(403, 'AccessDenied', 'Access Denied'),
  unknownKey: new AwsError(
    403,
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
  ),
  badToken: new AwsError(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'),
  expired: new AwsError(400, 'ExpiredToken', 'The provided token has expired.'),
  badSignature: new AwsError(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ),
  skewSeconds: 15 * 60,
};

function mismatch(message: string): AwsError {
  return new AwsError(403, 'SignatureDoesNotMatch', message);
}

function checkScope(request: Request, service: ApiService, authorization: Authorization): void {
  if (authorization.service !== service) {
    throw mismatch(`Credential should be scoped to correct service: '${service}'.`);
  }
  const { place } = request;
  const isRightRegion =
    place.kind === 'api'
      ? place.region === authorization.region
      : partitionOfRegion(authorization.region) !== undefined;
  if (!isRightRegion) throw mismatch(`Credential should be scoped to a valid region, not '${authorization.region}'.`);
}

function checkDate(
  request: Request,
  service: ApiService,
  authorization: Authorization,
  now: Date,
  limit: number,
): void {
  const text = request.headers['x-amz-date'] ?? '';
  const signedAt = parseAmzDate(text);
  if (signedAt === undefined) {
    throw new AwsError(400, 'IncompleteSignature', "Date must be in ISO-8601 'basic format'.");
  }
  if (!text.startsWith(authorization.date)) {
    throw mismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${authorization.date}' != '${text.slice(0, 8)}', from '${text}'.`,
    );
  }
  const lateSeconds = Math.round((now.getTime() - signedAt.getTime()) / 1000);
  if (Math.abs(lateSeconds) <= limit) return;
  if (service === 's3') {
    throw new AwsError(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
  const sign = lateSeconds > 0 ? '-' : '+';
  const bound = new Date(now.getTime() - Math.sign(lateSeconds) * limit * 1000);
  const window = `${formatAmzDate(bound)} (${formatAmzDate(now)} ${sign} ${limit / 60} min.)`;
  throw mismatch(
    lateSeconds > 0
      ? `Signature expired: ${text} is now earlier than ${window}`
      : `Signature not yet current: ${text} is still later than ${window}`,
  );
}

function findCaller(state: State, accessKeyId: string): Caller | undefined {
  const key = state.keys.get(accessKeyId);
  if (key !== undefined) {
    if (key.callsUntilKnown > 0) {
      key.callsUntilKnown -= 1;
      return undefined;
    }
    return key.isActive ? { type: 'key', key } : undefined;
  }
  const session = state.sessions.get(accessKeyId);
  if (session === undefined || isSourceGone(state, session)) return undefined;
  return { type: 'session', session };
}

function checkToken(caller: Caller, token: string | undefined, now: Date, dialect: Dialect): void {
  const expected = caller.type === 'session' ? caller.session.sessionToken : undefined;
  if (token !== expected) throw dialect.badToken;
  if (caller.type === 'session' && caller.session.expiresAt <= now) throw dialect.expired;
}

/**
 * Who signed this request, after every check AWS makes: scope, key, partition, clock, signature, session token, expiry.
 * @throws AwsError in the words of the service
 */
export function authenticate(state: State, request: Request, service: ApiService): Caller {
  const dialect = service === 's3' ? S3_DIALECT : QUERY_DIALECT;
  const header = request.headers.authorization;
  if (header === undefined) throw dialect.missing;
  const authorization = parseAuthorization(header);
  if (authorization === undefined) {
    throw new AwsError(400, 'IncompleteSignature', 'Authorization header is incomplete or malformed.');
  }
  checkScope(request, service, authorization);
  const caller = findCaller(state, authorization.accessKeyId);
  const partition = partitionOfRegion(authorization.region);
  if (caller === undefined || partitionAndAccountOf(caller).partition !== partition) throw dialect.unknownKey;
  checkDate(request, service, authorization, state.now(), dialect.skewSeconds);
  const unsigned = unsignedHeaders(request, authorization);
  if (unsigned.length > 0) {
    throw mismatch(`'${unsigned.join("', '")}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
  const secret = caller.type === 'key' ? caller.key.secretAccessKey : caller.session.secretAccessKey;
  if (!isSignedWith(request, authorization, secret)) throw dialect.badSignature;
  checkToken(caller, request.headers['x-amz-security-token'], state.now(), dialect);
  if (caller.type === 'key') caller.key.lastUsed = { at: state.now(), service, region: authorization.region };
  return caller;
}
