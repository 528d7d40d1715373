import { isAssumedRole, readArn } from '../aws/arn.ts';
import { shortDuration } from '../duration.ts';
import { VaultError } from '../errors.ts';
import type { Step } from './chain.ts';

/**
 * Seconds that a role assumed with a role's credentials lives at most, and what a role reached through an MFA session gets.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
export const MAX_CHAINED_SECONDS = 3600;

/** Whether a step's credentials are known to be a role's. What a program or the environment gives may be anybody's. */
export function isRole(step: Step): boolean {
  if (step.type === 'credential-source') return step.source !== 'Environment';
  if (step.type === 'login-session') {
    const arn = readArn(step.loginSession);
    return arn !== undefined && isAssumedRole(arn);
  }
  return ['assume-role', 'web-identity', 'saml', 'sso-role'].includes(step.type);
}

/**
 * Refuses what AWS never takes from a role's credentials, before anybody is asked for a code or one is used up: an MFA code,
 * because a role has no device.
 * @throws VaultError CONFIG_INVALID
 */
export function checkRoleChaining(steps: readonly Step[]): void {
  const [source, step] = steps.slice(-2);
  if (step?.type !== 'assume-role' || source === undefined || !isRole(source) || step.mfaSerial === undefined) return;
  const profile = step.profile.name;
  const remedy =
    source.type === 'assume-role'
      ? 'leave out --no-session and give every profile on the way the same mfa_serial'
      : 'take its mfa_serial away (one in [default] or AWS_MFA_SERIAL counts too)';
  const message = `${behind(step, source)}, and AWS takes the MFA code it needs from a user only; ${remedy}`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile } });
}

/** What to tell somebody whose role lives shorter than was asked for; none where it does not. */
export function cappedNotice(steps: readonly Step[]): string | undefined {
  const [source, step] = steps.slice(-2);
  if (step?.type !== 'assume-role' || step.cappedFrom === undefined || source === undefined) return undefined;
  return `${behind(step, source)}, which AWS allows for 1h at most: the credentials last 1h, not the ${shortDuration(step.cappedFrom)} asked for`;
}

function behind(step: Step, source: Step): string {
  return `profile ${JSON.stringify(step.profile.name)} is assumed through ${roleOf(source)}`;
}

function roleOf(source: Step): string {
  if (source.type === 'sso-role') return `the IAM Identity Center role ${JSON.stringify(source.sso.roleName)}`;
  if (source.type === 'login-session') return `${source.loginSession}, which has logged in`;
  if (source.type === 'credential-source') return `the role that ${source.source} gives`;
  return `the role of ${JSON.stringify(source.profile.name)}`;
}
