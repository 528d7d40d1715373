import type { ConfigSection } from '../aws/config-file.ts';
import { type ResolvedProfile, resolveProfile } from '../aws/profile.ts';
import type { Origin, Setting } from '../aws/setting-lookup.ts';
import { type ChainOptions, planChain, type Step } from '../engine/chain.ts';
import { checkRoleChaining } from '../engine/role-chaining.ts';
import { findSession, isStoredKey, sessionKeyPrefix } from '../engine/session-cache.ts';
import { type ErrorCode, VaultError } from '../errors.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { CredentialsRequest, VaultAccess } from '../vault-access.ts';

/**
 * How a profile's credentials would be got. Its JSON is what `explain --json` prints: fields are added, never renamed or taken
 * away; what does not apply is left out.
 */
export type Explanation = {
  readonly profile: string;
  /** What the program that is run gets as AWS_REGION. */
  readonly region?: string;
  /** Why there are no credentials; the rest is then what could be found out. */
  readonly problem?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly file?: string;
    readonly line?: number;
  };
  /** The profile, then the ones it has its credentials from. */
  readonly profiles: readonly ExplainedProfile[];
  /** In the order they are run. */
  readonly steps: readonly ExplainedStep[];
  /** Absent where there is a problem. `answeredBy`: `mfa_process`, or the prompt, which asks a person. */
  readonly mfa?: {
    readonly isAsked: boolean;
    readonly reason: string;
    readonly serials: readonly string[];
    readonly answeredBy?: 'mfa_process' | 'prompt';
  };
};

/** `noSessionOrigin`: where `noSession` was set. */
export type ExplainRequest = CredentialsRequest & { readonly noSessionOrigin?: Origin | undefined };

export type ExplainedProfile = {
  readonly name: string;
  /** Where its section begins; absent for a stored key without one. */
  readonly file?: string;
  readonly line?: number;
  /** Every setting that counts, and where it comes from: flag, environment, file (1-based line, section) or default. */
  readonly settings: readonly Setting[];
  /** Keys of its own section that nothing is done with. */
  readonly unused: readonly { readonly key: string; readonly line: number }[];
};

export type ExplainedStep = {
  readonly type: Step['type'];
  readonly profile: string;
  readonly reason: string;
  /** Whether it would be run now. What lies before a cached step is not. */
  readonly isRun: boolean;
  /** `hit`: used. `expiring`: there is one, but with less than AWS_MIN_TTL left. `none`: this kind of step is not cached. */
  readonly cache: {
    readonly state: 'hit' | 'expiring' | 'miss' | 'none';
    /** RFC 3339, UTC. */
    readonly expiresAt?: string;
    readonly secondsLeft?: number;
  };
  readonly region?: string;
  readonly roleArn?: string;
  readonly mfaSerial?: string;
  readonly durationSeconds?: number;
  /** The longer duration that was asked for, where AWS allows less. */
  readonly cappedFromSeconds?: number;
  readonly roleSessionName?: string;
  readonly externalId?: string;
  readonly sourceIdentity?: string;
  readonly sessionTags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly startUrl?: string;
  readonly accountId?: string;
  readonly roleName?: string;
  /** The SAML provider in IAM, where it is set. */
  readonly principalArn?: string;
  /** The command line of a credential_process, web_identity_token_process or saml_process. */
  readonly command?: string;
  readonly tokenFile?: string;
  /** The ARN of who has logged in with `aws login`. */
  readonly loginSession?: string;
  /** The value of credential_source. */
  readonly source?: string;
};

/**
 * Explains a profile without a call to AWS and without opening anything that needs a passphrase.
 * @throws VaultError PROFILE_NOT_FOUND for a name that is nowhere, KEYRING_* when the vault cannot be listed
 */
export async function explain(access: VaultAccess, request: ExplainRequest): Promise<Explanation> {
  const config = await access.config();
  const keys = await access.withKeyring((keyring) => keyring.keys());
  const seen = new Map<string, { readonly settings: Setting[]; profile?: ResolvedProfile }>();
  const { env } = access;
  const resolve: ChainOptions['resolve'] = (name, isTarget) => {
    const settings: Setting[] = [];
    seen.set(name, { settings });
    const onSetting = (setting: Setting): void => void settings.push(setting);
    const profile = resolveProfile(name, { config, env, flags: request.flags, isTarget, onSetting });
    seen.set(name, { settings, profile });
    return profile;
  };
  const chain = { ...access.chainOptions(config, new Set(keys.filter(isStoredKey)), request), resolve };
  const planned = attempt(() => planChain(request.profile, chain));
  const isNowhere = !config.profiles.has(request.profile) && planned instanceof VaultError;
  if (isNowhere) throw planned;
  const steps = planned instanceof VaultError ? [] : explainedSteps(planned, { access, keys });
  const problem = planned instanceof VaultError ? planned : attempt(() => refused(planned, steps));
  const target = seen.get(request.profile)?.profile;
  return {
    profile: request.profile,
    ...(target?.region !== undefined && { region: target.region }),
    ...(problem instanceof VaultError && { problem: problemOf(problem) }),
    profiles: [...seen].map(([name, { settings, profile }], index) => {
      const section = config.profiles.get(name);
      const place = section && { file: config.path, line: section.line };
      const all = index === 0 ? [...settings, ...settingsOfTheRun(env, request)] : settings;
      return {
        name,
        ...place,
        settings: all,
        unused: unusedKeys(section, { settings, isRead: profile !== undefined }),
      };
    }),
    steps,
    ...(!(problem instanceof VaultError || planned instanceof VaultError) && { mfa: mfaOf(planned, steps) }),
  };
}

function attempt<T>(work: () => T): T | VaultError {
  try {
    return work();
  } catch (error) {
    // To tell what is wrong is what this is for.
    if (error instanceof VaultError) return error;
    throw error;
  }
}

function problemOf({ code, message, details: { file, line } }: VaultError): NonNullable<Explanation['problem']> {
  return { code, message, ...(file !== undefined && { file }), ...(line !== undefined && { line }) };
}

/** What would be refused on the way, before AWS is asked. */
function refused(steps: readonly Step[], explained: readonly ExplainedStep[]): void {
  for (const [index, { isRun }] of explained.entries()) if (isRun) checkRoleChaining(steps.slice(0, index + 1));
}

/** What no profile has a say in: `--no-session`, and variables. */
function settingsOfTheRun(env: VaultAccess['env'], { noSession, noSessionOrigin: origin }: ExplainRequest): Setting[] {
  const names = Object.keys(env).filter((name) =>
    /^AWS_(ENDPOINT_URL|ENDPOINT_URL_(STS|IAM|SSO|SSO_OIDC|SIGNIN)|IGNORE_CONFIGURED_ENDPOINT_URLS|MIN_TTL)$/.test(
      name,
    ),
  );
  const flag = noSession === true && origin !== undefined ? [{ key: 'no-session', value: 'true', origin }] : [];
  const variables = names.sort().flatMap((name): Setting[] => {
    const value = env[name];
    if (!value) return [];
    // A URL may have a password in it.
    return [{ key: name, value: value.includes('@') ? '(not shown)' : value, origin: { type: 'environment', name } }];
  });
  return [...flag, ...variables];
}

/** Keys that Keyturn reads. Of a profile that cannot be read to its end, the others are the ones nobody will ever look at. */
export const READ_KEYS: readonly string[] = [
  ...['region', 'mfa_serial', 'mfa_process', 'role_arn', 'external_id', 'role_session_name', 'duration_seconds'],
  ...['source_profile', 'include_profile', 'credential_source', 'credential_process', 'source_identity'],
  ...['session_tags', 'transitive_session_tags', 'web_identity_token_file', 'web_identity_token_process'],
  ...['saml_process', 'principal_arn'],
  ...['sso_session', 'sso_start_url', 'sso_region', 'sso_account_id', 'sso_role_name', 'sso_registration_scopes'],
  ...['endpoint_url', 'services', 'ignore_configured_endpoint_urls', 'sts_regional_endpoints', 'ca_bundle'],
  ...['use_fips_endpoint', 'use_dualstack_endpoint', 'output', 'login_session'],
];

type ReadSettings = { readonly settings: readonly Setting[]; readonly isRead: boolean };

function unusedKeys(
  section: ConfigSection | undefined,
  { settings, isRead }: ReadSettings,
): ExplainedProfile['unused'] {
  const used = new Set([...settings.map(({ key }) => key), ...(isRead ? [] : READ_KEYS)]);
  return [...(section?.keyLines ?? [])]
    .filter(([key]) => !used.has(key) && !key.includes('.'))
    .map(([key, line]) => ({ key, line }));
}

type Surroundings = { readonly access: VaultAccess; readonly keys: readonly string[] };

function explainedSteps(steps: readonly Step[], { access, keys }: Surroundings): ExplainedStep[] {
  const caches = steps.map((_, index) => cacheOf(steps.slice(0, index + 1), { access, keys }));
  const start = caches.findLastIndex(({ state }) => state === 'hit');
  return steps.map((step, index) => ({
    type: step.type,
    profile: step.profile.name,
    reason: step.reason,
    isRun: index > start,
    cache: caches[index] ?? { state: 'none' },
    ...detailsOf(step),
  }));
}

function cacheOf(steps: readonly Step[], { access, keys }: Surroundings): ExplainedStep['cache'] {
  const prefix = sessionKeyPrefix(steps, access.env);
  if (prefix === undefined || steps.at(-1)?.type === 'login-session') return { state: 'none' };
  const now = access.now();
  const left = findSession(keys, prefix)?.expiresAt;
  if (left === undefined || left <= now) return { state: 'miss' };
  const secondsLeft = Math.floor((left.getTime() - now.getTime()) / 1000);
  const state = left.getTime() >= now.getTime() + access.minTtlSeconds() * 1000 ? 'hit' : 'expiring';
  return { state, expiresAt: rfc3339(left), secondsLeft };
}

/** What the step sends to AWS, or where else it has its credentials from. */
function detailsOf(step: Step): Partial<ExplainedStep> {
  const { profile } = step;
  const region = profile.region === undefined ? {} : { region: profile.region };
  const roleSessionName = profile.roleSessionName === undefined ? {} : { roleSessionName: profile.roleSessionName };
  const duration = 'duration' in step ? { durationSeconds: step.duration.seconds } : {};
  const mfa = 'mfaSerial' in step && step.mfaSerial !== undefined ? { mfaSerial: step.mfaSerial } : {};
  switch (step.type) {
    case 'stored-key':
      return {};
    case 'session-token':
      return { ...region, ...duration, ...mfa };
    case 'sso-role': {
      const { startUrl, accountId, roleName } = step.sso;
      return { region: step.sso.region, startUrl, accountId, roleName };
    }
    case 'credential-process':
      return { command: step.command };
    case 'login-session':
      return { ...region, loginSession: step.loginSession };
    case 'credential-source':
      return { source: step.source };
    case 'web-identity': {
      const token = 'file' in step.token ? { tokenFile: step.token.file } : { command: step.token.process };
      return { ...region, roleArn: step.roleArn, ...duration, ...roleSessionName, ...token };
    }
    case 'saml': {
      const { process: command, principalArn } = step.saml;
      return { ...region, roleArn: step.roleArn, ...duration, command, ...(principalArn && { principalArn }) };
    }
    case 'assume-role': {
      const { externalId, sourceIdentity, sessionTags, transitiveTagKeys } = profile;
      return {
        ...{ ...region, roleArn: step.roleArn, ...duration, ...mfa, ...roleSessionName },
        ...(step.cappedFrom !== undefined && { cappedFromSeconds: step.cappedFrom }),
        ...(externalId !== undefined && { externalId }),
        ...(sourceIdentity !== undefined && { sourceIdentity }),
        ...(sessionTags !== undefined && { sessionTags }),
        ...(transitiveTagKeys !== undefined && { transitiveTagKeys }),
      };
    }
  }
}

function mfaOf(steps: readonly Step[], explained: readonly ExplainedStep[]): NonNullable<Explanation['mfa']> {
  const asking = explained.filter(({ isRun, mfaSerial }) => isRun && mfaSerial !== undefined);
  const serials = asking.flatMap(({ mfaSerial }) => mfaSerial ?? []);
  const [first] = asking;
  if (first !== undefined) {
    const call = first.type === 'session-token' ? 'GetSessionToken' : 'AssumeRole';
    const reason = `${call} of profile '${first.profile}' takes a code of ${first.mfaSerial}, and no session made with one is cached`;
    const asked = steps[explained.indexOf(first)];
    const hasProcess = [asked, steps.at(-1)].some((step) => {
      return step?.profile.mfaProcess !== undefined && step.profile.mfaSerial === first.mfaSerial;
    });
    return { isAsked: true, reason, serials, answeredBy: hasProcess ? 'mfa_process' : 'prompt' };
  }
  const withMfa = explained.find(({ mfaSerial }) => mfaSerial !== undefined);
  if (withMfa !== undefined) {
    return { isAsked: false, reason: 'a cached session already carries the MFA it needs', serials };
  }
  return { isAsked: false, reason: whyNoCode(steps), serials };
}

function whyNoCode(steps: readonly Step[]): string {
  const last = steps.at(-1);
  const named = steps.find(({ profile }) => profile.mfaSerial !== undefined)?.profile.name;
  if (named === undefined || last === undefined) return 'no profile on the way has an mfa_serial';
  if (last.type === 'stored-key') return 'the stored key is used as it is, without a session';
  if (last.profile.mfaSerial !== undefined) return `none of these steps takes the mfa_serial of profile '${named}'`;
  return `profile '${last.profile.name}' has no mfa_serial, and that of '${named}' does not count for it`;
}
