import { assumeRole as callAssumeRole } from '../aws/sts.ts';
import type { Provider } from './credentials.ts';
import { serviceOptions } from './service-options.ts';

/**
 * Temporary credentials of a role from STS AssumeRole. `durationSeconds`: 900-43200, at most 3600 when `source` is itself a
 * role. Without `role_session_name` the session is named by the clock in nanoseconds, as aws-vault does.
 * @throws VaultError MFA_REJECTED, AWS_*
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export const assumeRole: Provider<'assume-role'> = (step, source, { context, tokenCode }) => {
  const { profile } = step;
  const { externalId, sessionTags, transitiveTagKeys, sourceIdentity } = profile;
  return callAssumeRole(serviceOptions(profile, source, context), {
    roleArn: step.roleArn,
    roleSessionName: profile.roleSessionName ?? String(BigInt(context.now().getTime()) * 1_000_000n),
    durationSeconds: step.duration.seconds,
    ...(externalId !== undefined && { externalId }),
    ...(step.mfaSerial !== undefined && tokenCode !== undefined && { mfa: { serial: step.mfaSerial, tokenCode } }),
    ...(sessionTags !== undefined && { tags: sessionTags }),
    ...(transitiveTagKeys !== undefined && { transitiveTagKeys }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  });
};
