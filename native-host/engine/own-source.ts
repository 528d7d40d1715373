import type { ResolvedProfile } from '../aws/profile.ts';
import type { ChainOptions, Step } from './chain.ts';
import { inRange, missingCredentials, unusable } from './plan-errors.ts';

/**
 * Where a profile without stored key and source profile has its credentials from, in aws-vault's order; what aws-vault does
 * not know comes after what it knows of the same kind.
 * @throws VaultError CREDENTIALS_NOT_FOUND, CONFIG_INVALID
 */
export function ownSource(profile: ResolvedProfile, plainTextFile: ChainOptions['plainTextFile']): Step {
  const { sso, credentialProcess: command, loginSession, credentialSource: source, roleArn } = profile;
  if (sso !== undefined)
    return { type: 'sso-role', profile, sso, reason: 'the profile is a role of IAM Identity Center' };
  const ofToken = roleOfToken(profile);
  if (ofToken !== undefined) return ofToken;
  if (command !== undefined) {
    return { type: 'credential-process', profile, command, reason: 'credential_process is set' };
  }
  if (loginSession !== undefined) {
    return { type: 'login-session', profile, loginSession, reason: 'login_session is set' };
  }
  if (source !== undefined && roleArn === undefined) {
    throw unusable(profile, 'credential_source is the source of a role, and role_arn is missing');
  }
  if (source !== undefined) {
    return { type: 'credential-source', profile, source, reason: `credential_source = ${source}` };
  }
  if (profile.ssoProblem !== undefined) throw unusable(profile, profile.ssoProblem);
  throw missingCredentials(profile, plainTextFile?.(profile.name));
}

/** A role that is assumed with what an identity provider says. */
function roleOfToken(profile: ResolvedProfile): Step | undefined {
  const { webIdentityToken: token, saml } = profile;
  if (token !== undefined) {
    const setting = 'file' in token ? 'web_identity_token_file' : 'web_identity_token_process';
    const role = roleBy(profile, setting, 'AssumeRoleWithWebIdentity');
    return { type: 'web-identity', profile, token, ...role, reason: `${setting} is set` };
  }
  if (saml === undefined) return undefined;
  const role = roleBy(profile, 'saml_process', 'AssumeRoleWithSAML');
  return { type: 'saml', profile, saml, ...role, reason: 'saml_process is set' };
}

function roleBy(profile: ResolvedProfile, setting: string, what: string) {
  const { roleArn, durations } = profile;
  if (roleArn === undefined) throw unusable(profile, `${setting} is the way to a role, and role_arn is missing`);
  return { roleArn, duration: inRange(durations.assumeRole, { max: 43_200, profile, what }) };
}
