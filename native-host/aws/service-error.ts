import { type ErrorCode, type ErrorDetails, VaultError } from '../errors.ts';

export type ServiceCall = {
  readonly service: 'STS' | 'IAM' | 'SSO' | 'SSO OIDC' | 'Signin';
  readonly operation: string;
};

export type FailedCall = ServiceCall & {
  /** What must not come back in AWS's words. */
  readonly secrets: readonly string[];
  /** What to think of when there is no such host. */
  readonly hint?: string | undefined;
  /** How far AWS's clock is ahead of this machine's; NaN if not known. */
  readonly skewMs: number;
  readonly isCancelled: boolean;
};

/** What an AWS error means here, and the way out that follows AWS's own words. */
type Meaning = { readonly code: ErrorCode; readonly remedy: string };

const DENIED: Meaning = { code: 'AWS_ACCESS_DENIED', remedy: 'check your policies, and for a role its trust policy' };
const NOT_ASSIGNED: Meaning = {
  code: 'AWS_ACCESS_DENIED',
  remedy: 'check sso_account_id and sso_role_name, and that this permission set is assigned to you',
};
const LOGGED_OUT: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy: 'the login to IAM Identity Center is no longer valid: log in again',
};
const UNKNOWN_KEY: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy: 'this access key was deleted or deactivated, or its session was revoked: add a valid one with `keyturn add`',
};
const EXPIRED: Meaning = { code: 'AWS_CREDENTIALS_INVALID', remedy: 'the session has expired: run the command again' };
const WRONG_SECRET: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy: 'the secret access key does not belong to this access key ID: enter both again with `keyturn add`',
};
const WRONG_REGION: Meaning = {
  code: 'CONFIG_INVALID',
  remedy: 'the endpoint that was asked is in another region: correct region, AWS_REGION or the endpoint_url',
};
const SKEWED: Meaning = { code: 'AWS_CLOCK_SKEW', remedy: "set this machine's clock" };
const THROTTLED: Meaning = { code: 'AWS_THROTTLED', remedy: 'wait a moment and try again' };
const UNAVAILABLE: Meaning = {
  code: 'AWS_UNREACHABLE',
  remedy: 'AWS has a problem there: try again, or use another region',
};
const REJECTED: Meaning = { code: 'AWS_REJECTED', remedy: '' };
const EXPIRED_IDENTITY: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy: 'the web identity token has expired: get a new one',
};
const REFUSED_IDENTITY: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy:
    "AWS does not take this web identity token: check where it comes from, and the role's identity provider in IAM",
};
const EXPIRED_ASSERTION: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy: "the SAML assertion has expired, it is good for a few minutes: get a new one, and check this machine's clock",
};
const REFUSED_ASSERTION: Meaning = {
  code: 'AWS_CREDENTIALS_INVALID',
  remedy:
    "AWS does not take this SAML assertion: check saml_process, principal_arn, and the role's SAML provider in IAM",
};
const WRONG_MFA_CODE: Meaning = {
  code: 'MFA_REJECTED',
  remedy: 'enter the next code of the device (each works once), and check mfa_serial',
};

const MAY_NOT_LOG_IN: Meaning = {
  code: 'AWS_ACCESS_DENIED',
  remedy: 'ask for signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token, as in SignInLocalDevelopmentAccess',
};
const WRONG_MFA_CODES: Meaning = {
  code: 'MFA_REJECTED',
  remedy: 'give two codes that the device shows one after the other, each as soon as it appears',
};

/** AWS error code -> meaning. A code that is not here is AWS_REJECTED: AWS's own words are then all there is to say. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AccessDenied: DENIED,
  AccessDeniedException: DENIED,
  UnauthorizedOperation: DENIED,
  NotAuthorized: DENIED,
  OptInRequired: DENIED,
  ForbiddenException: NOT_ASSIGNED,
  UnauthorizedException: LOGGED_OUT,
  InvalidClientTokenId: UNKNOWN_KEY,
  UnrecognizedClientException: UNKNOWN_KEY,
  InvalidAccessKeyId: UNKNOWN_KEY,
  AuthFailure: UNKNOWN_KEY,
  MissingAuthenticationToken: UNKNOWN_KEY,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  SignatureDoesNotMatch: WRONG_SECRET,
  InvalidIdentityToken: REFUSED_IDENTITY,
  IDPRejectedClaim: REFUSED_IDENTITY,
  IncompleteSignature: WRONG_SECRET,
  InvalidSignatureException: WRONG_SECRET,
  InvalidAuthenticationCode: WRONG_MFA_CODES,
  InvalidAuthenticationCodeException: WRONG_MFA_CODES,
  RequestTimeTooSkewed: SKEWED,
  RequestExpired: SKEWED,
  RequestInTheFuture: SKEWED,
  INSUFFICIENT_PERMISSIONS: MAY_NOT_LOG_IN,
  AUTHCODE_EXPIRED: { code: 'LOGIN_EXPIRED', remedy: 'log in again' },
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  RequestThrottled: THROTTLED,
  RequestThrottledException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  TooManyRequestsException: THROTTLED,
  SlowDown: THROTTLED,
  IDPCommunicationError: UNAVAILABLE,
  InternalFailure: UNAVAILABLE,
  InternalError: UNAVAILABLE,
  ServiceUnavailable: UNAVAILABLE,
  ServiceUnavailableException: UNAVAILABLE,
};

/** The fields the SDK gives an error that AWS answered with. */
type AwsAnswer = {
  readonly status: number;
  readonly requestId: string;
  readonly awsCode: string;
  readonly text: string;
};

/**
 * Any failure of a call as a VaultError, in the words aws-vault's users search for: `operation error STS: AssumeRole, https
 * response error StatusCode: 403, RequestID: ..., api error AccessDenied: ...; way out`. The SDK's error itself is not kept as
 * cause: it holds the request, with its token, and the answer.
 */
export function serviceError(error: unknown, call: FailedCall): VaultError {
  if (call.isCancelled) return new VaultError('CANCELLED', `the call of ${call.operation} was cancelled`);
  if (error instanceof VaultError) return withOperation(error, call);
  if (error instanceof Error && error.name === 'EndpointError') return noEndpoint(error, call);
  const answer = answerOf(error, call);
  if (answer === undefined) return notAwsAnswer(call, statusOf(error));
  const { code, remedy } = meaningOf(answer, call.operation);
  const { status, requestId, awsCode, text } = answer;
  const said = `https response error StatusCode: ${status}, RequestID: ${requestId}, api error ${awsCode}: ${text}`;
  const clock = code === 'AWS_CLOCK_SKEW' ? clockDifference(call.skewMs) : '';
  const tail = remedy && `; ${clock}${remedy}`;
  return new VaultError(code, `operation error ${call.service}: ${call.operation}, ${said}${tail}`, {
    details: { operation: call.operation, awsCode, ...(requestId && { requestId }) },
  });
}

function meaningOf({ awsCode, text, status }: AwsAnswer, operation: string): Meaning {
  // The three facts AWS tells in the message only. The texts have been the same since these services exist.
  if (awsCode === 'AccessDenied' && text.startsWith('MultiFactorAuthentication failed')) return WRONG_MFA_CODE;
  if (/^Signature (expired|not yet current)/.test(text)) return SKEWED;
  if (/^Credential should be scoped to a valid region/.test(text)) return WRONG_REGION;
  const isExpired = awsCode.startsWith('ExpiredToken');
  if (isExpired && operation === 'AssumeRoleWithWebIdentity') return EXPIRED_IDENTITY;
  if (operation === 'AssumeRoleWithSAML') {
    if (isExpired) return EXPIRED_ASSERTION;
    if (MEANINGS[awsCode.replace(/Exception$/, '')] === REFUSED_IDENTITY) return REFUSED_ASSERTION;
  }
  // The SDK's names of the errors it knows end so, where AWS's own do not.
  const known = MEANINGS[awsCode] ?? MEANINGS[awsCode.replace(/Exception$/, '')];
  return known ?? (status === 429 ? THROTTLED : status >= 500 ? UNAVAILABLE : REJECTED);
}

function answerOf(error: unknown, { secrets, service }: FailedCall): AwsAnswer | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  // The SDK puts its $metadata on every error of a call; both fields are checked before use.
  const { httpStatusCode, requestId } = error.$metadata as { httpStatusCode?: number; requestId?: string };
  const hasAwsCode = error.name !== 'Unknown' && error.name !== 'Error' && error.name !== 'SyntaxError';
  if (httpStatusCode === undefined || !hasAwsCode) return undefined;
  return {
    status: httpStatusCode,
    requestId: requestId ?? '',
    awsCode: service === 'Signin' ? signinCode(error) : error.name,
    text: plainText(saidBy(error), secrets),
  };
}

/** AWS Sign-In tells more in a field of its errors than by their names. */
function signinCode(error: Error): string {
  return 'error' in error && typeof error.error === 'string' && error.error !== '' ? error.error : error.name;
}

/** IAM Identity Center's OIDC service speaks OAuth, where the words are in a field of their own. */
function saidBy(error: Error): string {
  const description = 'error_description' in error ? error.error_description : undefined;
  return typeof description === 'string' ? description : error.message;
}

/** AWS's words on one line, without the canonical request it quotes after a wrong signature: that has the session token. */
function plainText(message: string, secrets: readonly string[]): string {
  const [told = ''] = message.split(/\s*The Canonical String for this request/);
  const withoutSecrets = secrets.reduce((text, secret) => (secret ? text.replaceAll(secret, '***') : text), told);
  return withoutSecrets.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 2000);
}

/** The SDK's own rules know no host for these settings. */
function noEndpoint({ message }: Error, { service, operation }: FailedCall): VaultError {
  return new VaultError(
    'CONFIG_INVALID',
    `${service} has no endpoint for the region and the endpoint settings: ${message}`,
    {
      details: { operation },
    },
  );
}

/** An answer that is not AWS's: the page of a captive portal or of a proxy. Its text says nothing to the user. */
export function notAwsAnswer({ service, operation }: ServiceCall, status = ''): VaultError {
  const message = `operation error ${service}: ${operation}, ${status}the answer is not one of AWS: check the network, the proxy and the endpoint`;
  return new VaultError('AWS_UNREACHABLE', message, { details: { operation } });
}

function statusOf(error: unknown): string {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const hasStatus = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  return hasStatus ? `https response error StatusCode: ${String(metadata.httpStatusCode)}, ` : '';
}

function withOperation(error: VaultError, { operation, hint }: FailedCall): VaultError {
  const details: ErrorDetails = { ...error.details, operation };
  const message = hint !== undefined && isNoSuchHost(error) ? `${error.message}; ${hint}` : error.message;
  return new VaultError(error.code, message, { details, cause: error.cause });
}

/** A proxy looks the name up itself, and says only that it did not connect. */
function isNoSuchHost({ cause }: VaultError): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ERR_PROXY_TUNNEL';
}

function clockDifference(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (!(seconds > 0)) return '';
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} minutes`
        : `${Math.round(seconds / 3600)} hours`;
  return `the clock here is ${amount} ${skewMs > 0 ? 'behind' : 'ahead of'} that of AWS: `;
}
