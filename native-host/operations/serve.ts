import type { Credentials } from '../aws/credentials.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import { isDerived, type Step } from '../engine/chain.ts';
import { MAX_CHAINED_SECONDS } from '../engine/role-chaining.ts';
import type { CallOptions, CredentialsRequest, Plan, VaultAccess } from '../vault-access.ts';

export type RoleRequest = CredentialsRequest & { readonly roleArn: string };

/**
 * Credentials of a role that is assumed with a profile's: for as long as the profile's own, without its external ID, tags and
 * session name, which belong to its own role.
 * @throws VaultError as `Vault.credentials` does
 */
export function roleCredentials(
  access: VaultAccess,
  { roleArn, ...request }: RoleRequest,
  call: CallOptions,
): Promise<Credentials> {
  return access.withKeyring(async (keyring) => {
    const plan = await access.plan(request, { keyring, signal: call.signal });
    return access.run({ ...plan, steps: [...plan.steps, roleStep(roleArn, plan)] }, call);
  });
}

function roleStep(roleArn: string, { profile: target, steps }: Plan): Step {
  const { externalId, roleSessionName, sourceIdentity, sessionTags, transitiveTagKeys, ...profile } = target;
  const source = steps.at(-1);
  // What a program gives may be a role's as well.
  const isUser = source?.type === 'session-token' || source?.type === 'stored-key';
  const { seconds, isDefault } = target.durations.assumeRole;
  const duration = { seconds: isUser ? seconds : Math.min(seconds, MAX_CHAINED_SECONDS), isDefault };
  const reason = `${roleArn} was asked for at the credential server`;
  return { type: 'assume-role', profile, roleArn, duration, reason };
}

export type Prepared = {
  readonly profile: ResolvedProfile;
  /** What in the user's AWS files SDKs take before they ask any server, as a person would look for it. */
  readonly winsOverServer: string | undefined;
};

/**
 * Checks that there is a way to a profile's credentials, and opens the vault for it.
 * @throws VaultError KEYRING_LOCKED, PROFILE_NOT_FOUND, CONFIG_INVALID, CREDENTIALS_NOT_FOUND
 */
export function prepare(access: VaultAccess, request: CredentialsRequest, signal: AbortSignal): Promise<Prepared> {
  return access.withKeyring(async (keyring) => {
    const { steps, profile } = await access.plan(request, { keyring, signal });
    const [first] = steps;
    // Reading any item asks for what opens the vault; the names of items are no secret and need nothing.
    if (first !== undefined && !isDerived(first)) await keyring.get(first.profile.name);
    return { profile, winsOverServer: await winsOverServer(access) };
  });
}

const SOURCES = [
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
  'aws_access_key_id',
  'login_session',
];

/**
 * A program that is served has no AWS_PROFILE, so SDKs look at `[default]` before they ask a server.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
async function winsOverServer(access: VaultAccess): Promise<string | undefined> {
  const config = await access.config();
  const { path, profiles } = config;
  const values = profiles.get('default')?.values;
  const key = SOURCES.find((name) => values?.has(name));
  if (key !== undefined) return `${key} of [default] in ${path}`;
  return access.plainTextFile()('default') === undefined
    ? undefined
    : `the key of [default] in ${access.settings.credentialsFile}`;
}
