import { VaultError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import type { CallOptions, ServiceOptions, UnsignedOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

export type { ServiceOptions } from './service-client.ts';

/** How to reach STS for a call that nobody signs. */
export type ServiceReach = Omit<ServiceOptions, 'credentials'>;

/** An MFA device and the six digits it shows now; each code is good for one call. */
export type Mfa = { readonly serial: string; readonly tokenCode: string };

/** Seconds: 900-129600 (3600 for the root user). */
export type SessionTokenRequest = { readonly durationSeconds: number; readonly mfa?: Mfa | undefined };

/** Seconds: 900-43200 and the role's own limit, but at most 3600 with the credentials of another role. */
export type AssumeRoleRequest = {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly durationSeconds: number;
  readonly externalId?: string | undefined;
  readonly mfa?: Mfa | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly transitiveTagKeys?: readonly string[] | undefined;
  readonly sourceIdentity?: string | undefined;
};

/** Seconds: 900-43200 and the role's own limit. */
export type WebIdentityRequest = {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly durationSeconds: number;
  /** The token of the identity provider: as secret as credentials. */
  readonly webIdentityToken: string;
};

/** Seconds: 900-43200 and the role's own limit. */
export type SamlRequest = {
  readonly roleArn: string;
  /** The SAML provider in IAM. */
  readonly principalArn: string;
  readonly durationSeconds: number;
  /** The SAML response in base64: as secret as credentials. */
  readonly samlAssertion: string;
};

/** Seconds: 900-129600. `name`: 2-32 characters of letters, digits and `+=,.@-_`. */
export type FederationTokenRequest = { readonly name: string; readonly durationSeconds: number };

export type CallerIdentity = { readonly accountId: string; readonly arn: string; readonly userId: string };

/** What the user may do is the intersection of this and the user's own policies: allowing all leaves the user's. */
const ALLOW_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
type Client = InstanceType<Sdk['STSClient']>;
type SendOptions = { readonly abortSignal: AbortSignal };

/** Named one by one, so that a bundle holds these operations and not the whole client. */
async function loadSdk() {
  const {
    STSClient,
    AssumeRoleCommand,
    AssumeRoleWithSAMLCommand,
    AssumeRoleWithWebIdentityCommand,
    GetCallerIdentityCommand,
    GetFederationTokenCommand,
    GetSessionTokenCommand,
  } = await import('@aws-sdk/client-sts');
  const roles = { AssumeRoleCommand, AssumeRoleWithSAMLCommand, AssumeRoleWithWebIdentityCommand };
  return { STSClient, ...roles, GetCallerIdentityCommand, GetFederationTokenCommand, GetSessionTokenCommand };
}

/** Starts loading the SDK, some 40 ms of work, while the user types a code or a passphrase. */
export function preloadSts(): void {
  // A failure comes back in the call itself, which loads the same modules.
  Promise.all([loadSdk(), import('./service-client.ts'), import('./connection.ts')]).catch(() => undefined);
}

/**
 * Temporary credentials of a stored key.
 * @throws VaultError MFA_REJECTED, CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
export async function getSessionToken(
  options: ServiceOptions,
  request: SessionTokenRequest,
): Promise<Required<Credentials>> {
  const input = { DurationSeconds: request.durationSeconds, ...mfaInput(request.mfa) };
  const { Credentials: issued } = await call('GetSessionToken', options, (client, sdk, sending) =>
    client.send(new sdk.GetSessionTokenCommand(input), sending),
  );
  return credentialsOf('GetSessionToken', issued);
}

/**
 * Temporary credentials of a role.
 * @throws VaultError MFA_REJECTED, CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export async function assumeRole(options: ServiceOptions, request: AssumeRoleRequest): Promise<Required<Credentials>> {
  const { externalId, tags, transitiveTagKeys, sourceIdentity } = request;
  const input = {
    RoleArn: request.roleArn,
    RoleSessionName: request.roleSessionName,
    DurationSeconds: request.durationSeconds,
    ...(externalId !== undefined && { ExternalId: externalId }),
    ...(tags && { Tags: Object.entries(tags).map(([key, value]) => ({ Key: key, Value: value })) }),
    ...(transitiveTagKeys && { TransitiveTagKeys: [...transitiveTagKeys] }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
    ...mfaInput(request.mfa),
  };
  const { Credentials: issued } = await call('AssumeRole', options, (client, sdk, sending) =>
    client.send(new sdk.AssumeRoleCommand(input), sending),
  );
  return credentialsOf('AssumeRole', issued);
}

/**
 * Temporary credentials of a role for the bearer of a web identity token. The call is not signed.
 * @throws VaultError AWS_CREDENTIALS_INVALID for a token that AWS does not take, CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function assumeRoleWithWebIdentity(
  reach: ServiceReach,
  request: WebIdentityRequest,
): Promise<Required<Credentials>> {
  const input = {
    RoleArn: request.roleArn,
    RoleSessionName: request.roleSessionName,
    DurationSeconds: request.durationSeconds,
    WebIdentityToken: request.webIdentityToken,
  };
  const options: UnsignedOptions = { ...reach, secrets: [request.webIdentityToken] };
  const { Credentials: issued } = await call('AssumeRoleWithWebIdentity', options, (client, sdk, sending) =>
    client.send(new sdk.AssumeRoleWithWebIdentityCommand(input), sending),
  );
  return credentialsOf('AssumeRoleWithWebIdentity', issued);
}

/**
 * Temporary credentials of a role for the bearer of a SAML assertion. The call is not signed.
 * @throws VaultError AWS_CREDENTIALS_INVALID for an assertion that AWS does not take, CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
 */
export async function assumeRoleWithSaml(reach: ServiceReach, request: SamlRequest): Promise<Required<Credentials>> {
  const input = {
    RoleArn: request.roleArn,
    PrincipalArn: request.principalArn,
    DurationSeconds: request.durationSeconds,
    SAMLAssertion: request.samlAssertion,
  };
  const options: UnsignedOptions = { ...reach, secrets: [request.samlAssertion] };
  const { Credentials: issued } = await call('AssumeRoleWithSAML', options, (client, sdk, sending) =>
    client.send(new sdk.AssumeRoleWithSAMLCommand(input), sending),
  );
  return credentialsOf('AssumeRoleWithSAML', issued);
}

/**
 * Temporary credentials of a user for the console, with all that the user may do. Needs the user's stored key.
 * @throws VaultError CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
 */
export async function getFederationToken(
  options: ServiceOptions,
  request: FederationTokenRequest,
): Promise<Required<Credentials>> {
  const input = { Name: request.name, DurationSeconds: request.durationSeconds, Policy: ALLOW_ALL };
  const { Credentials: issued } = await call('GetFederationToken', options, (client, sdk, sending) =>
    client.send(new sdk.GetFederationTokenCommand(input), sending),
  );
  return credentialsOf('GetFederationToken', issued);
}

/**
 * Whose credentials these are; needs no permission.
 * @throws VaultError CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function getCallerIdentity(options: ServiceOptions): Promise<CallerIdentity> {
  const { Account, Arn, UserId } = await call('GetCallerIdentity', options, (client, sdk, sending) =>
    client.send(new sdk.GetCallerIdentityCommand({}), sending),
  );
  if (!Account || !Arn || !UserId) throw incomplete('GetCallerIdentity');
  return { accountId: Account, arn: Arn, userId: UserId };
}

async function call<Output>(
  operation: string,
  options: CallOptions,
  send: (client: Client, sdk: Sdk, sending: SendOptions) => Promise<Output>,
): Promise<Output> {
  const [sdk, { callService }] = await Promise.all([loadSdk(), import('./service-client.ts')]);
  return callService({ service: 'STS', operation }, options, {
    client: (settings) => new sdk.STSClient({ ...settings, useGlobalEndpoint: options.usesLegacySts ?? false }),
    send: (client, sending) => send(client, sdk, sending),
  });
}

/** A code that cannot be one is refused here: AWS would answer ValidationError, and repeat it. */
function mfaInput(mfa: Mfa | undefined): { SerialNumber?: string; TokenCode?: string } {
  if (mfa === undefined) return {};
  if (/^\d{6}$/.test(mfa.tokenCode)) return { SerialNumber: mfa.serial, TokenCode: mfa.tokenCode };
  throw new VaultError(
    'MFA_REJECTED',
    `the MFA code for ${mfa.serial} must be six digits; enter the code the device shows`,
    {
      details: { mfaSerial: mfa.serial },
    },
  );
}

type IssuedCredentials = {
  AccessKeyId?: string | undefined;
  SecretAccessKey?: string | undefined;
  SessionToken?: string | undefined;
  Expiration?: Date | undefined;
};

function credentialsOf(operation: string, issued: IssuedCredentials | undefined): Required<Credentials> {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = issued ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration || Number.isNaN(Expiration.getTime())) {
    throw incomplete(operation);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt: Expiration,
  };
}

/** A 200 without what the operation answers with. */
function incomplete(operation: string): VaultError {
  return notAwsAnswer({ service: 'STS', operation });
}
