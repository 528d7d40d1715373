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
    const { roleArn, sso } = profile;
    // A key or a source profile comes before IAM Identity Center (chain.ts), and then its settings are not used.
    const { lastStep, ...problem } = wayOf(name, chain);
    const ssoRole = lastStep === 'sso-role' ? sso : undefined;
    const arn = roleArn ?? (ssoRole === undefined ? profile.mfaSerial : undefined);
    const accountId = arn === undefined ? ssoRole?.accountId : /^arn:[^:]+:iam::(\d{12}):/.exec(arn)?.[1];
    const roleName = roleArn?.split('/').at(-1) ?? ssoRole?.roleName;
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
