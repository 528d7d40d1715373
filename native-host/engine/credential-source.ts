import { containerCredentials } from '../aws/container-credentials.ts';
import type { Credentials } from '../aws/credentials.ts';
import { instanceCredentials } from '../aws/instance-metadata.ts';
import type { CredentialSource, Env } from '../aws/profile.ts';
import { VaultError } from '../errors.ts';
import type { Source } from './credentials.ts';

const SOURCES: { readonly [S in CredentialSource]: (env: Env, signal: AbortSignal) => Promise<Credentials> } = {
  Environment: async (env) => environmentCredentials(env),
  EcsContainer: containerCredentials,
  Ec2InstanceMetadata: instanceCredentials,
};

/**
 * The credentials that a role with `credential_source` is assumed with. They belong to where this process runs and not to
 * the profile, so they are never kept: they come without an expiry.
 * @throws VaultError CREDENTIALS_NOT_FOUND, CONFIG_INVALID, AWS_UNREACHABLE, AWS_REJECTED, naming the profile
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
 */
export const credentialSource: Source<'credential-source'> = async ({ profile, source }, { context }) => {
  try {
    return await SOURCES[source](context.env, context.signal);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code === 'CANCELLED') throw error;
    const message = `profile ${JSON.stringify(profile.name)} has credential_source ${source}, but ${error.message}`;
    throw new VaultError(error.code, message, { details: { ...error.details, profile: profile.name }, cause: error });
  }
};

function environmentCredentials(env: Env): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(token && { sessionToken: token }) };
  const missing = accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
  throw new VaultError('CREDENTIALS_NOT_FOUND', `${missing} is not set; set it, or choose another credential_source`);
}
