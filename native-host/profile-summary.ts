import { arnResource, isAssumedRole, readArn } from './aws/arn.ts';
import type { ResolvedProfile } from './aws/profile.ts';
import { type ChainOptions, planChain, type Step } from './engine/chain.ts';
import { asVaultError } from './errors.ts';
import type { ProfileSummary } from './protocol.ts';

/** The profiles of these names as a list shows them. */
export function profileSummaries(names: Iterable<string>, chain: ChainOptions): ProfileSummary[] {
  const profiles = [...names].map((name) => profileSummary(name, chain));
  // A `[default]` that only holds settings for the others is no profile to open a console of.
  return profiles.filter(({ name, kind }) => name !== 'default' || kind !== 'none');
}

/**
 * A profile as a list shows it. What cannot give credentials is listed with the reason, so one broken profile never hides
 * the others.
 */
function profileSummary(name: string, chain: ChainOptions): ProfileSummary {
  try {
    const profile = chain.resolve(name, false);
    // A key or a source profile comes before IAM Identity Center and logins (chain.ts), and then their settings are not used.
    const { lastStep, ...problem } = wayOf(name, chain);
    const { accountId, roleName } = identityOf(profile, lastStep);
    return {
      name,
      kind: roleName === undefined ? kindOf(lastStep) : 'role',
      ...(profile.region !== undefined && { region: profile.region }),
      ...(accountId !== undefined && { accountId }),
      ...(roleName !== undefined && { roleName }),
      ...(profile.mfaSerial !== undefined && { mfaSerial: profile.mfaSerial }),
      ...problem,
    };
  } catch (error) {
    return { name, kind: 'none', problem: asVaultError(error).message };
  }
}

type Identity = { readonly accountId?: string | undefined; readonly roleName?: string | undefined };

/** The account and the role that a profile's settings tell. */
function identityOf({ roleArn, sso, loginSession, mfaSerial }: ResolvedProfile, lastStep: LastStep): Identity {
  if (roleArn !== undefined) return { accountId: readArn(roleArn)?.accountId, roleName: roleArn.split('/').at(-1) };
  if (lastStep === 'sso-role') return { accountId: sso?.accountId, roleName: sso?.roleName };
  const isLogin = lastStep === 'login-session';
  const arn = readArn((isLogin ? loginSession : mfaSerial) ?? '');
  if (arn === undefined) return {};
  const { accountId } = arn;
  // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
  return isLogin && isAssumedRole(arn)
    ? { accountId, roleName: arnResource(arn).path.split('/').at(-2) }
    : { accountId };
}

type LastStep = Step['type'] | undefined;

function kindOf(lastStep: Step['type'] | undefined): ProfileSummary['kind'] {
  if (lastStep === undefined) return 'none';
  return lastStep === 'credential-process' ? 'process' : 'user';
}

/** How the way to its credentials ends, or why there is none. */
function wayOf(name: string, chain: ChainOptions): { lastStep?: Step['type'] | undefined; problem?: string } {
  try {
    return { lastStep: planChain(name, chain).at(-1)?.type };
  } catch (error) {
    return { problem: asVaultError(error).message };
  }
}
