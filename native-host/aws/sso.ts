import type { Credentials } from './credentials.ts';
import type { UnsignedOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** How to reach the portal of an IAM Identity Center instance: `region` is the instance's. It takes a token, no signature. */
export type PortalOptions = Omit<UnsignedOptions, 'secrets' | 'usesLegacySts'> & {
  readonly accessToken: string;
};

export type SsoRole = { readonly accountId: string; readonly roleName: string };

export type SsoAccount = { readonly accountId: string; readonly accountName: string; readonly emailAddress: string };

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
type Client = InstanceType<Sdk['SSOClient']>;
type SendOptions = { readonly abortSignal: AbortSignal };

/** Named one by one, so that a bundle holds these operations and not the whole client. */
async function loadSdk() {
  const { SSOClient, GetRoleCredentialsCommand, ListAccountsCommand, ListAccountRolesCommand, LogoutCommand } =
    await import('@aws-sdk/client-sso');
  return { SSOClient, GetRoleCredentialsCommand, ListAccountsCommand, ListAccountRolesCommand, LogoutCommand };
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

/** One answer of several; `nextToken` asks for the next. */
export type Page<T> = { readonly items: readonly T[]; readonly nextToken?: string };

/** As many as an answer can hold. */
const PAGE_SIZE = 100;
/** What AWS lets a permission set be called. It goes into the config file, where a line break would be another setting. */
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;

/**
 * The accounts in which the person has a role.
 * @throws VaultError as getRoleCredentials
 * @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_ListAccounts.html
 */
export async function listAccounts(options: PortalOptions, nextToken?: string): Promise<Page<SsoAccount>> {
  const { accessToken } = options;
  const input = { accessToken, maxResults: PAGE_SIZE, ...(nextToken !== undefined && { nextToken }) };
  const answer = await call('ListAccounts', options, (client, sdk, sending) =>
    client.send(new sdk.ListAccountsCommand(input), sending),
  );
  const items = (answer.accountList ?? []).map(({ accountId = '', accountName = '', emailAddress = '' }) => {
    if (!/^\d{12}$/.test(accountId)) throw notAwsAnswer({ service: 'SSO', operation: 'ListAccounts' });
    return { accountId, accountName, emailAddress };
  });
  return { items, ...(answer.nextToken && { nextToken: answer.nextToken }) };
}

/**
 * The names of the roles (permission sets) that the person has in an account.
 * @throws VaultError as getRoleCredentials
 * @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_ListAccountRoles.html
 */
export async function listAccountRoles(
  options: PortalOptions,
  accountId: string,
  nextToken?: string,
): Promise<Page<string>> {
  const { accessToken } = options;
  const input = { accessToken, accountId, maxResults: PAGE_SIZE, ...(nextToken !== undefined && { nextToken }) };
  const answer = await call('ListAccountRoles', options, (client, sdk, sending) =>
    client.send(new sdk.ListAccountRolesCommand(input), sending),
  );
  const items = (answer.roleList ?? []).map(({ roleName = '' }) => {
    if (!ROLE_NAME.test(roleName)) throw notAwsAnswer({ service: 'SSO', operation: 'ListAccountRoles' });
    return roleName;
  });
  return { items, ...(answer.nextToken && { nextToken: answer.nextToken }) };
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
