import { createHash } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import type { Answer, Operation, Request } from './request.ts';
import { type JsonBody, jsonBody, jsonOperation, optionalTexts, requiredString } from './sso-json.ts';
import { newSsoSecret, newUserCode, type SsoClient, type SsoInstance, type SsoToken } from './sso-state.ts';
import type { State } from './state.ts';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const GRANTS: readonly string[] = ['authorization_code', 'refresh_token', DEVICE_GRANT];
const CLIENT_LIFETIME_MS = 90 * 24 * 3_600_000;
const DEVICE_LIFETIME_SECONDS = 600;
const LOOPBACK_REDIRECT = /^http:\/\/127\.0\.0\.1(?::\d+)?\/[\w/-]+$/;

/** OAuth's name for each refusal, as the service writes it beside its own. */
const OAUTH_ERRORS: { readonly [code: string]: string } = {
  AccessDeniedException: 'access_denied',
  AuthorizationPendingException: 'authorization_pending',
  ExpiredTokenException: 'expired_token',
  InternalServerException: 'server_error',
  InvalidClientException: 'invalid_client',
  InvalidClientMetadataException: 'invalid_client_metadata',
  InvalidGrantException: 'invalid_grant',
  InvalidRedirectUriException: 'invalid_redirect_uri',
  InvalidRequestException: 'invalid_request',
  InvalidScopeException: 'invalid_scope',
  SlowDownException: 'slow_down',
  UnauthorizedClientException: 'unauthorized_client',
  UnsupportedGrantTypeException: 'unsupported_grant_type',
};

function refusal(code: string, message: string): AwsError {
  return new AwsError(code === 'InvalidClientException' ? 401 : 400, code, message);
}

function errorBody({ code, message }: { readonly code: string; readonly message: string }): object {
  return { error: OAUTH_ERRORS[code] ?? code, error_description: message };
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_RegisterClient.html */
function registerClient(state: State, body: JsonBody): object {
  const clientName = requiredString(body, 'clientName', invalidRequest);
  if (requiredString(body, 'clientType', invalidRequest) !== 'public') {
    throw refusal('InvalidClientMetadataException', 'clientType must be public');
  }
  const grantTypes = optionalTexts(body, 'grantTypes', invalidRequest);
  const redirectUris = optionalTexts(body, 'redirectUris', invalidRequest);
  if (grantTypes.some((grant) => !GRANTS.includes(grant))) {
    throw refusal('UnsupportedGrantTypeException', 'a grant type is not supported');
  }
  if (redirectUris.some((uri) => !LOOPBACK_REDIRECT.test(uri))) {
    throw refusal('InvalidRedirectUriException', 'a redirect URI is not on the loopback interface');
  }
  const hasCode = grantTypes.includes('authorization_code');
  if (hasCode && redirectUris.length === 0) throw invalidRequest('redirectUris is missing');
  const issuerUrl = hasCode ? instanceOf(state, requiredString(body, 'issuerUrl', invalidRequest)).startUrl : undefined;
  const now = state.now();
  const client: SsoClient = {
    ...{ clientName, grantTypes, redirectUris, issuerUrl },
    clientId: newSsoSecret(24),
    clientSecret: newSsoSecret(600),
    expiresAt: new Date(now.getTime() + CLIENT_LIFETIME_MS),
    scopes: optionalTexts(body, 'scopes', invalidRequest),
  };
  state.sso.clients.set(client.clientId, client);
  return {
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    clientIdIssuedAt: seconds(now),
    clientSecretExpiresAt: seconds(client.expiresAt),
  };
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_StartDeviceAuthorization.html */
function startDeviceAuthorization(state: State, body: JsonBody, request: Request): object {
  const client = clientOf(state, body);
  checkGrant(client, DEVICE_GRANT);
  const instance = instanceOf(state, requiredString(body, 'startUrl', invalidRequest));
  const device = {
    deviceCode: newSsoSecret(48),
    userCode: newUserCode(),
    ...{ client, instance },
    expiresAt: new Date(state.now().getTime() + DEVICE_LIFETIME_SECONDS * 1000),
    pollSeconds: instance.pollSeconds,
    lastPoll: undefined,
    status: 'pending' as const, // a literal of the type
  };
  state.sso.devices.push(device);
  const own = `${request.isTls ? 'https' : 'http'}://${request.host}/device`;
  const page = instance.hasPortalPage ? `${instance.startUrl}/#/device` : own;
  return {
    ...{ deviceCode: device.deviceCode, userCode: device.userCode },
    verificationUri: page,
    verificationUriComplete: `${page}?user_code=${device.userCode}`,
    ...{ expiresIn: DEVICE_LIFETIME_SECONDS, interval: instance.pollSeconds },
  };
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html */
function createToken(state: State, body: JsonBody): object {
  const client = clientOf(state, body);
  const grantType = requiredString(body, 'grantType', invalidRequest);
  if (!GRANTS.includes(grantType)) {
    throw refusal('UnsupportedGrantTypeException', `${grantType} is not supported`);
  }
  checkGrant(client, grantType);
  if (grantType === DEVICE_GRANT) return tokenOfDevice(state, client, body);
  return grantType === 'refresh_token' ? refreshed(state, client, body) : tokenOfCode(state, client, body);
}

function tokenOfDevice(state: State, client: SsoClient, body: JsonBody): object {
  const deviceCode = requiredString(body, 'deviceCode', invalidRequest);
  const device = state.sso.devices.find((one) => one.deviceCode === deviceCode);
  if (device === undefined || device.client !== client || device.status === 'used') {
    throw refusal('InvalidGrantException', 'Invalid device code provided');
  }
  const now = state.now();
  if (device.expiresAt <= now) throw refusal('ExpiredTokenException', 'Device code has expired');
  const sinceLastPoll = now.getTime() - (device.lastPoll?.getTime() ?? 0);
  device.lastPoll = now;
  // A tenth is given: the clocks of a client and of a network are not finer.
  if (sinceLastPoll < device.pollSeconds * 900) {
    device.pollSeconds += 5;
    throw refusal('SlowDownException', 'Polling too fast: slow down');
  }
  if (device.status === 'pending') throw refusal('AuthorizationPendingException', 'Authorization is pending');
  if (device.status === 'denied') throw refusal('AccessDeniedException', 'The person denied the authorization');
  device.status = 'used';
  return newToken(state, { client, instance: device.instance, scopes: client.scopes });
}

function tokenOfCode(state: State, client: SsoClient, body: JsonBody): object {
  const code = state.sso.codes.get(requiredString(body, 'code', invalidRequest));
  const redirectUri = requiredString(body, 'redirectUri', invalidRequest);
  const verifier = requiredString(body, 'codeVerifier', invalidRequest);
  if (code === undefined) throw refusal('InvalidGrantException', 'Invalid authorization code provided');
  state.sso.codes.delete(code.code);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const isRight = code.client === client && code.redirectUri === redirectUri && code.codeChallenge === challenge;
  if (!isRight || verifier.length < 43 || code.expiresAt <= state.now()) {
    throw refusal('InvalidGrantException', 'The authorization code does not belong to this request');
  }
  return newToken(state, code);
}

function refreshed(state: State, client: SsoClient, body: JsonBody): object {
  const refreshToken = requiredString(body, 'refreshToken', invalidRequest);
  const token = [...state.sso.tokens.values()].find((one) => one.refreshToken === refreshToken);
  if (token === undefined || token.client !== client) {
    throw refusal('InvalidGrantException', 'Invalid refresh token provided');
  }
  token.refreshToken = undefined;
  return newToken(state, token);
}

/** A client that registered scopes gets a refresh token beside the access token. */
function newToken(state: State, from: Pick<SsoToken, 'client' | 'instance' | 'scopes'>): object {
  const { client, instance, scopes } = from;
  const token: SsoToken = {
    ...{ client, instance, scopes },
    accessToken: newSsoSecret(),
    expiresAt: new Date(state.now().getTime() + instance.accessTokenSeconds * 1000),
    refreshToken: scopes.length === 0 ? undefined : newSsoSecret(),
  };
  state.sso.tokens.set(token.accessToken, token);
  return {
    accessToken: token.accessToken,
    tokenType: 'Bearer',
    expiresIn: instance.accessTokenSeconds,
    ...(token.refreshToken !== undefined && { refreshToken: token.refreshToken }),
  };
}

function clientOf(state: State, body: JsonBody): SsoClient {
  const client = state.sso.clients.get(requiredString(body, 'clientId', invalidRequest));
  const secret = requiredString(body, 'clientSecret', invalidRequest);
  if (client === undefined || client.clientSecret !== secret || client.expiresAt <= state.now()) {
    throw refusal('InvalidClientException', 'Client ID or secret are wrong, or the registration has expired');
  }
  return client;
}

/** Without grant types a client is one for devices, and may refresh what it got. */
function checkGrant({ grantTypes }: SsoClient, grant: string): void {
  const allowed = grantTypes.length === 0 ? [DEVICE_GRANT, 'refresh_token'] : grantTypes;
  if (!allowed.includes(grant)) {
    throw refusal('UnauthorizedClientException', 'The client is not registered for this grant type');
  }
}

function instanceOf(state: State, startUrl: string): SsoInstance {
  // The fragment of a start URL, as the access portal shows it, names no other instance.
  const bare = (url: string): string => url.replace(/\/?#.*$/, '').replace(/\/$/, '');
  const instance = state.sso.instances.find((one) => bare(one.startUrl) === bare(startUrl));
  if (instance === undefined) throw refusal('InvalidRequestException', 'Invalid start url provided');
  return instance;
}

function invalidRequest(message: string): AwsError {
  return refusal('InvalidRequestException', message);
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}

type Call = { readonly name: string; readonly run: (state: State, body: JsonBody, request: Request) => object };

const CALLS: { readonly [path: string]: Call } = {
  '/client/register': { name: 'RegisterClient', run: registerClient },
  '/device_authorization': { name: 'StartDeviceAuthorization', run: startDeviceAuthorization },
  '/token': { name: 'CreateToken', run: createToken },
};

/** What is recorded of a call: never a secret of it. */
const RECORDED = [
  'clientName',
  'clientType',
  'scopes',
  'grantTypes',
  'grantType',
  'startUrl',
  'redirectUris',
  'issuerUrl',
];

/** RegisterClient, StartDeviceAuthorization and CreateToken of IAM Identity Center's OIDC service. */
export function oidcOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path } = request;
  const call = CALLS[path];
  const isHere = place.kind === 'loopback' || (place.kind === 'sso' && place.service === 'oidc');
  if (call === undefined || method !== 'POST' || !isHere) return undefined;
  const parameters = Object.fromEntries(
    Object.entries(jsonBody(request) ?? {})
      .filter(([key]) => RECORDED.includes(key))
      .map(([key, value]) => [key, Array.isArray(value) ? value.join(' ') : String(value)]),
  );
  const answer = (): Answer['body'] => {
    const body = jsonBody(request);
    if (body === undefined) throw invalidRequest('The body is not a JSON object');
    return JSON.stringify(call.run(state, body, request));
  };
  return jsonOperation({ service: 'sso-oidc', name: call.name, parameters, answer, errorBody });
}
