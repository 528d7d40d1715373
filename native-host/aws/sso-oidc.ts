import { checkRegion, endpointSettings } from './endpoint.ts';
import { dnsSuffix, partitionOfRegion } from './partition.ts';
import type { UnsignedOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** How to reach the OIDC service of an IAM Identity Center instance: `region` is the instance's. Nothing is signed. */
export type OidcOptions = Omit<UnsignedOptions, 'secrets' | 'usesLegacySts'>;

/** A public client, registered by anybody without a login. */
export type OidcClient = { readonly clientId: string; readonly clientSecret: string; readonly expiresAt: Date };

export type RegisterClientRequest = {
  readonly clientName: string;
  readonly scopes: readonly string[];
  /** For the authorization code: the instance, and where its answer goes. Absent: a client for device codes. */
  readonly authorizationCode?: { readonly issuerUrl: string; readonly redirectUri: string };
};

export type DeviceAuthorization = {
  readonly deviceCode: string;
  readonly userCode: string;
  /** The page with the code in it, for the person. */
  readonly url: string;
  readonly expiresInSeconds: number;
  /** How long to wait between two polls. */
  readonly intervalSeconds: number;
};

/** What an access token is got for. */
export type TokenGrant =
  | { readonly type: 'device-code'; readonly deviceCode: string }
  | {
      readonly type: 'authorization-code';
      readonly code: string;
      readonly redirectUri: string;
      readonly codeVerifier: string;
    }
  | { readonly type: 'refresh-token'; readonly refreshToken: string };

export type OidcToken = {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresInSeconds: number;
  readonly refreshToken?: string;
  readonly idToken?: string;
};

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628: what counts when the service does not say. */
const DEFAULT_INTERVAL_SECONDS = 5;

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
type Client = InstanceType<Sdk['SSOOIDCClient']>;
type SendOptions = { readonly abortSignal: AbortSignal };

/** Named one by one, so that a bundle holds these operations and not the whole client. */
async function loadSdk() {
  const { SSOOIDCClient, RegisterClientCommand, StartDeviceAuthorizationCommand, CreateTokenCommand } = await import(
    '@aws-sdk/client-sso-oidc'
  );
  return { SSOOIDCClient, RegisterClientCommand, StartDeviceAuthorizationCommand, CreateTokenCommand };
}

/**
 * A registered client, good for some weeks.
 * @throws VaultError AWS_*, CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_RegisterClient.html
 */
export async function registerClient(options: OidcOptions, request: RegisterClientRequest): Promise<OidcClient> {
  const { clientName, scopes, authorizationCode } = request;
  const input = {
    clientName,
    clientType: 'public',
    scopes: [...scopes],
    ...(authorizationCode && {
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [authorizationCode.redirectUri],
      issuerUrl: authorizationCode.issuerUrl,
    }),
  };
  const operation = 'RegisterClient';
  const answer = await call({ operation, secrets: [] }, options, (client, sdk, sending) =>
    client.send(new sdk.RegisterClientCommand(input), sending),
  );
  const { clientId, clientSecret, clientSecretExpiresAt } = answer;
  if (!clientId || !clientSecret || !clientSecretExpiresAt) throw incomplete(operation);
  return { clientId, clientSecret, expiresAt: new Date(clientSecretExpiresAt * 1000) };
}

/**
 * A device code, and the page on which the person allows it.
 * @throws VaultError AWS_* (`details.awsCode` InvalidClientException, UnauthorizedClientException: register anew),
 *   CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_StartDeviceAuthorization.html
 */
export async function startDeviceAuthorization(
  options: OidcOptions,
  { clientId, clientSecret }: OidcClient,
  startUrl: string,
): Promise<DeviceAuthorization> {
  const operation = 'StartDeviceAuthorization';
  const answer = await call({ operation, secrets: [clientSecret] }, options, (client, sdk, sending) =>
    client.send(new sdk.StartDeviceAuthorizationCommand({ clientId, clientSecret, startUrl }), sending),
  );
  const { deviceCode, userCode, verificationUriComplete, verificationUri, expiresIn, interval } = answer;
  const url = verificationUriComplete ?? verificationUri;
  if (!deviceCode || !userCode || !url || !expiresIn) throw incomplete(operation);
  const intervalSeconds = interval || DEFAULT_INTERVAL_SECONDS;
  return { deviceCode, userCode, url, expiresInSeconds: expiresIn, intervalSeconds };
}

/**
 * An access token.
 * @throws VaultError whose `details.awsCode` says why not: AuthorizationPendingException and SlowDownException (poll again),
 *   ExpiredTokenException, AccessDeniedException, InvalidGrantException, InvalidClientException, ...; AWS_UNREACHABLE, CANCELLED
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
 */
export async function createToken(options: OidcOptions, client: OidcClient, grant: TokenGrant): Promise<OidcToken> {
  const { clientId, clientSecret } = client;
  const operation = 'CreateToken';
  const secrets = [clientSecret, ...secretsOf(grant)];
  const answer = await call({ operation, secrets }, options, (sdkClient, sdk, sending) =>
    sdkClient.send(new sdk.CreateTokenCommand({ clientId, clientSecret, ...grantInput(grant) }), sending),
  );
  const { accessToken, tokenType = 'Bearer', expiresIn, refreshToken, idToken } = answer;
  if (!accessToken || !expiresIn) throw incomplete(operation);
  return {
    ...{ accessToken, tokenType, expiresInSeconds: expiresIn },
    ...(refreshToken && { refreshToken }),
    ...(idToken && { idToken }),
  };
}

/**
 * The page on which the person allows an authorization code, at the endpoint the other calls go to.
 * @throws VaultError CONFIG_INVALID
 * @see https://www.rfc-editor.org/rfc/rfc7636
 */
export function authorizationUrl(options: OidcOptions, parameters: Readonly<Record<string, string>>): string {
  const region = checkRegion(options.region);
  const { endpoint, useFipsEndpoint, useDualstackEndpoint } = endpointSettings('SSO_OIDC', options.env, options);
  const partition = partitionOfRegion(region);
  // In GovCloud the ordinary host is the FIPS one.
  const isFips = useFipsEndpoint && (useDualstackEndpoint || partition !== 'aws-us-gov');
  const host = `oidc${isFips ? '-fips' : ''}.${region}.${dnsSuffix(partition, useDualstackEndpoint)}`;
  const url = new URL(`${endpoint ?? `https://${host}`}/authorize`);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function secretsOf(grant: TokenGrant): string[] {
  if (grant.type === 'device-code') return [grant.deviceCode];
  return grant.type === 'refresh-token' ? [grant.refreshToken] : [grant.code, grant.codeVerifier];
}

function grantInput(grant: TokenGrant) {
  switch (grant.type) {
    case 'device-code':
      return { grantType: DEVICE_GRANT, deviceCode: grant.deviceCode };
    case 'refresh-token':
      return { grantType: 'refresh_token', refreshToken: grant.refreshToken };
    case 'authorization-code': {
      const { code, redirectUri, codeVerifier } = grant;
      return { grantType: 'authorization_code', code, redirectUri, codeVerifier };
    }
  }
}

async function call<Output>(
  { operation, secrets }: { readonly operation: string; readonly secrets: readonly string[] },
  options: OidcOptions,
  send: (client: Client, sdk: Sdk, sending: SendOptions) => Promise<Output>,
): Promise<Output> {
  const [sdk, { callService }] = await Promise.all([loadSdk(), import('./service-client.ts')]);
  return callService(
    { service: 'SSO OIDC', operation },
    { ...options, secrets },
    {
      client: (settings) => new sdk.SSOOIDCClient(settings),
      send: (client, sending) => send(client, sdk, sending),
    },
  );
}

function incomplete(operation: string) {
  return notAwsAnswer({ service: 'SSO OIDC', operation });
}
