import type { Credentials } from './credentials.ts';
import type { UnsignedOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** How to reach the portal of an IAM Identity Center instance: `region` is the instance's. It takes a token, no signature. */
export type PortalOptions = Omit<UnsignedOptions, 'secrets' | 'usesLegacySts'> & {
  readonly accessToken: string;
};

export type SsoRole = { readonly accountId: string; readonly roleName: string };

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
type Client = InstanceType<Sdk['SSOClient']>;
type SendOptions = { readonly abortSignal: AbortSignal };

/** Named one by one, so that a bundle holds these operations and not the whole client. */
async function loadSdk() {
  const { SSOClient, GetRoleCredentialsCommand, LogoutCommand } = await import('@aws-sdk/client-sso');
  return { SSOClient, GetRoleCredentialsCommand, LogoutCommand };
}

/**
 * Temporary credentials of a permission set in an account; they last as long as the permission set says.
 * @throws VaultError AWS_CREDENTIALS_INVALID (`details.awsCode` UnauthorizedException) when the access token is no longer good,
 *   AWS_ACCESS_DENIED for a permission set that is not assigned, AWS_*, CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
 */
export async function getRoleCredentials(options: PortalOptions, role: SsoRole): Promise<Required<Credentials>> {
  const { accessToken } = options;
  const { roleCredentials } = await call('GetRoleCredentials', options, (client, sdk, sending) =>
    client.send(new sdk.GetRoleCredentialsCommand({ ...role, accessToken }), sending),
  );
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = roleCredentials ?? {};
  if (!accessKeyId || !secretAccessKey || !sessionToken || !expiration || !Number.isFinite(expiration)) {
    throw notAwsAnswer({ service: 'SSO', operation: 'GetRoleCredentials' });
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: new Date(expiration) };
}

/**
 * Ends the person's session at the portal; role credentials that were given out stay good until they expire.
 * @throws VaultError as getRoleCredentials
 * @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_Logout.html
 */
export async function logout(options: PortalOptions): Promise<void> {
  const { accessToken } = options;
  await call('Logout', options, (client, sdk, sending) => client.send(new sdk.LogoutCommand({ accessToken }), sending));
}

async function call<Output>(
  operation: string,
  { accessToken, ...options }: PortalOptions,
  send: (client: Client, sdk: Sdk, sending: SendOptions) => Promise<Output>,
): Promise<Output> {
  const [sdk, { callService }] = await Promise.all([loadSdk(), import('./service-client.ts')]);
  return callService(
    { service: 'SSO', operation },
    { ...options, secrets: [accessToken] },
    {
      client: (settings) => new sdk.SSOClient(settings),
      send: (client, sending) => send(client, sdk, sending),
    },
  );
}
