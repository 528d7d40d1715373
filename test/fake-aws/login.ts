import { createHash, randomBytes } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import { provenKey } from './dpop.ts';
import type { LoginPerson } from './login-state.ts';
import { type Answer, htmlAnswer, type Operation, type Request, redirectTo } from './request.ts';
import { type JsonBody, jsonBody } from './sso-json.ts';
import { newRequestId, type Session, type State } from './state.ts';
import { newSession } from './sts.ts';

export const LOGIN_CLIENT = 'arn:aws:signin:::devtools/same-device';
const LOOPBACK_REDIRECT = /^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/;
const ACCESS_SECONDS = 900;
const CODE_SECONDS = 60;

/** The service's two names for a refusal: that of the exception, and what it says. */
const EXCEPTIONS: { readonly [error: string]: string } = {
  AUTHCODE_EXPIRED: 'AccessDeniedException',
  INSUFFICIENT_PERMISSIONS: 'AccessDeniedException',
  TOKEN_EXPIRED: 'AccessDeniedException',
  USER_CREDENTIALS_CHANGED: 'AccessDeniedException',
  INVALID_REQUEST: 'ValidationException',
  server_error: 'InternalServerException',
  rate_exceeded: 'TooManyRequestsError',
};

const MALFORMED =
  'The request is missing a required parameter, includes an invalid parameter value, or is otherwise malformed.';

function refusal(error: string, message = MALFORMED): AwsError {
  return new AwsError(400, error, message);
}

/** The page where a person chooses one of the console sessions of the browser; here the choice is made at once. */
function authorize(state: State, { query }: Request): Answer {
  const [clientId, redirectUri, challenge] = ['client_id', 'redirect_uri', 'code_challenge'].map(
    (name) => query.get(name) ?? '',
  );
  const isRight =
    query.get('response_type') === 'code' &&
    query.get('scope') === 'openid' &&
    query.get('code_challenge_method') === 'SHA-256' &&
    clientId === LOGIN_CLIENT &&
    LOOPBACK_REDIRECT.test(redirectUri ?? '') &&
    /^[\w-]{43}$/.test(challenge ?? '') &&
    (query.get('state') ?? '') !== '';
  const person = state.logins.people.at(-1);
  if (!isRight || person === undefined || redirectUri === undefined || challenge === undefined) {
    return htmlAnswer(400, '<title>Bad request</title>');
  }
  const back = new URL(redirectUri);
  back.searchParams.set('state', query.get('state') ?? '');
  if (person.consent === 'deny') {
    back.searchParams.set('error', 'access_denied');
  } else {
    const code = randomBytes(32).toString('base64url');
    const expiresAt = new Date(state.now().getTime() + CODE_SECONDS * 1000);
    state.logins.codes.set(code, { person, redirectUri, codeChallenge: challenge, expiresAt });
    back.searchParams.set('code', code);
  }
  return redirectTo(back.href);
}

/** @see https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html */
function createToken(state: State, body: JsonBody, request: Request): object {
  const thumbprint = provenKey(state, request);
  if (thumbprint === undefined || body.clientId !== LOGIN_CLIENT) throw refusal('INVALID_REQUEST');
  if (body.grantType === 'refresh_token') return refreshed(state, String(body.refreshToken), thumbprint);
  if (body.grantType !== 'authorization_code') throw refusal('INVALID_REQUEST');
  const key = String(body.code);
  const code = state.logins.codes.get(key);
  state.logins.codes.delete(key);
  const challenge = createHash('sha256').update(String(body.codeVerifier)).digest('base64url');
  if (code === undefined || code.redirectUri !== body.redirectUri || code.codeChallenge !== challenge) {
    throw refusal('INVALID_REQUEST');
  }
  if (code.expiresAt <= state.now()) throw refusal('AUTHCODE_EXPIRED', 'The authorization code has expired.');
  const { person } = code;
  if (person.refusal === 'INSUFFICIENT_PERMISSIONS') throw refusal(person.refusal, 'You do not have permission.');
  const claims = { iss: 'https://signin.aws.amazon.com', sub: person.arn, aud: LOGIN_CLIENT };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const idToken = `${part({ alg: 'ES384', typ: 'JWT' })}.${part(claims)}.${randomBytes(96).toString('base64url')}`;
  return { ...issue(state, person, thumbprint), idToken };
}

/** A refresh token is good once, and with the key it was issued for. */
function refreshed(state: State, refreshToken: string, thumbprint: string): object {
  const found = state.logins.refreshTokens.get(refreshToken);
  if (found === undefined || found.thumbprint !== thumbprint) throw refusal('INVALID_REQUEST');
  if (found.person.refusal !== undefined) throw refusal(found.person.refusal, 'Sign in again.');
  state.logins.refreshTokens.delete(refreshToken);
  return issue(state, found.person, thumbprint);
}

export function issue(state: State, person: LoginPerson, thumbprint: string): object {
  const { accessKeyId, secretAccessKey, sessionToken } = sessionOf(state, person);
  const refreshToken = randomBytes(96).toString('base64url');
  state.logins.refreshTokens.set(refreshToken, { person, thumbprint });
  const accessToken = { accessKeyId, secretAccessKey, sessionToken };
  return { accessToken, tokenType: 'aws_sigv4', expiresIn: ACCESS_SECONDS, refreshToken };
}

function sessionOf(state: State, { identity, arn }: LoginPerson): Session {
  const common = {
    sourceAccessKeyId: '',
    tags: {},
    transitiveTagKeys: [],
    sourceIdentity: undefined,
    policy: undefined,
  };
  if ('user' in identity) {
    const { user } = identity;
    const { account, partition, userId } = user;
    return newSession(state, ACCESS_SECONDS, {
      ...{ type: 'session-token', user, isMfaAuthenticated: true, account, partition, arn, userId, ...common },
    });
  }
  const { role, sessionName } = identity;
  const { account, partition } = role;
  const userId = `${role.roleId}:${sessionName}`;
  return newSession(state, ACCESS_SECONDS, {
    ...{ type: 'role', role, isChained: false, account, partition, arn, userId, ...common },
  });
}

/** AWS Sign-In as `aws login` uses it: the authorization page and CreateOAuth2Token. */
export function loginOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path } = request;
  const isHere = place.kind === 'loopback' || place.kind === 'signin';
  if (!isHere) return undefined;
  const of = { service: 'signin', accessKeyId: undefined };
  if (method === 'GET' && path === '/v1/authorize') {
    const refuse: Operation['refuse'] = ({ status, message }) => htmlAnswer(status, message);
    return { ...of, name: 'AuthorizeOAuth2Access', parameters: {}, run: () => authorize(state, request), refuse };
  }
  if (method !== 'POST' || path !== '/v1/token') return undefined;
  const body = jsonBody(request) ?? {};
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return {
    ...of,
    name: 'CreateOAuth2Token',
    parameters: { grantType: String(body.grantType) },
    run: () => ({
      status: 200,
      headers: { ...headers, 'x-amzn-requestid': newRequestId() },
      body: JSON.stringify(createToken(state, body, request)),
    }),
    refuse: ({ status, code, message }) => ({
      status,
      headers: { ...headers, 'x-amzn-requestid': newRequestId(), 'x-amzn-errortype': EXCEPTIONS[code] ?? code },
      body: JSON.stringify({ error: code, message }),
    }),
  };
}
