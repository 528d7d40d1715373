import type { CredentialSource, Duration, ResolvedProfile, SsoSource, WebIdentityToken } from '../aws/profile.ts';
import { VaultError } from '../errors.ts';

/** One thing to do on the way to a profile's credentials, and why it is done this way (aws-vault's --debug reasons). */
export type Step = { readonly profile: ResolvedProfile; readonly reason: string } & (
  | { readonly type: 'stored-key' }
  | { readonly type: 'sso-role'; readonly sso: SsoSource }
  | {
      readonly type: 'web-identity';
      readonly roleArn: string;
      readonly duration: Duration;
      readonly token: WebIdentityToken;
    }
  | { readonly type: 'credential-process'; readonly command: string }
  | { readonly type: 'credential-source'; readonly source: CredentialSource }
  | { readonly type: 'session-token'; readonly duration: Duration; readonly mfaSerial?: string }
  | { readonly type: 'assume-role'; readonly roleArn: string; readonly duration: Duration; readonly mfaSerial?: string }
);

/** The steps that start from another step's credentials. A chain begins with one of the others. */
export type DerivedType = 'session-token' | 'assume-role';
export type SourceType = Exclude<Step['type'], DerivedType>;

export function isDerived(step: Step): step is Extract<Step, { type: DerivedType }> {
  return step.type === 'session-token' || step.type === 'assume-role';
}

export type ChainOptions = {
  /** The settings of a profile of the chain. Called once per profile. */
  readonly resolve: (name: string, isTarget: boolean) => ResolvedProfile;
  readonly hasStoredKey: (name: string) => boolean;
  /** `--no-session`: no GetSessionToken anywhere in the chain. */
  readonly noSession?: boolean;
  /** For a console sign-in the target itself gets no GetSessionToken: AWS's federation endpoint does not take one. */
  readonly isForConsole?: boolean;
};

/** Roles reached through an MFA session of GetSessionToken live at most this long. @see AWS STS, role chaining */
const MAX_CHAINED_SECONDS = 3600;

/**
 * The steps from a stored key to `profileName`'s credentials, first step first. A profile's own stored key wins over its
 * `source_profile`; one MFA session of the source serves every role with the same serial.
 * @throws VaultError PROFILE_NOT_FOUND, PROFILE_LOOP, CREDENTIALS_NOT_FOUND, CONFIG_INVALID
 */
export function planChain(profileName: string, options: ChainOptions): Step[] {
  const profile = options.resolve(profileName, true);
  if (!profile.isConfigured && !options.hasStoredKey(profileName)) throw notFound(profileName);
  return new Planner(options).stepsTo(profile, undefined, []);
}

class Planner {
  private readonly options: ChainOptions;
  /** The serial that a GetSessionToken of this chain has been authenticated with. */
  private authenticatedSerial: string | undefined;

  constructor(options: ChainOptions) {
    this.options = options;
  }

  stepsTo(profile: ResolvedProfile, child: ResolvedProfile | undefined, path: readonly string[]): Step[] {
    const source = this.stepsToSource(profile, path);
    if (profile.roleArn !== undefined) return [...source, this.assumeRole(profile, profile.roleArn)];
    if (source.length > 1 || source[0]?.type !== 'stored-key') return source;
    const refusal = this.whyNoSession(profile, child);
    if (refusal !== undefined) return source.map((step) => ({ ...step, reason: `${step.reason}; ${refusal}` }));
    return [...source, this.sessionToken(profile, child)];
  }

  private stepsToSource(profile: ResolvedProfile, path: readonly string[]): Step[] {
    if (this.options.hasStoredKey(profile.name)) {
      return [{ type: 'stored-key', profile, reason: `profile '${profile.name}' has its own stored key` }];
    }
    if (profile.sourceProfile === undefined) throw missingCredentials(profile);
    const here = [...path, profile.name];
    if (here.includes(profile.sourceProfile)) throw sourceLoop([...here, profile.sourceProfile]);
    const source = this.options.resolve(profile.sourceProfile, false);
    if (!source.isConfigured && !this.options.hasStoredKey(source.name)) throw sourceNotFound(profile, source.name);
    return this.stepsTo(source, profile, here);
  }

  private assumeRole(profile: ResolvedProfile, roleArn: string): Step {
    const isCovered = profile.mfaSerial !== undefined && profile.mfaSerial === this.authenticatedSerial;
    const duration = inRange(profile.durations.assumeRole, { max: 43_200, profile, what: 'AssumeRole' });
    const reason = isCovered ? 'the source session already carries this MFA' : 'role_arn is set';
    const step = { type: 'assume-role', profile, roleArn, duration, reason } as const;
    return isCovered || profile.mfaSerial === undefined ? step : { ...step, mfaSerial: profile.mfaSerial };
  }

  private sessionToken(profile: ResolvedProfile, child: ResolvedProfile | undefined): Step {
    this.authenticatedSerial = profile.mfaSerial;
    const { chainedSessionToken, sessionToken } = profile.durations;
    const wanted = child === undefined ? sessionToken : chainedSessionToken;
    const duration = inRange(wanted, { max: 129_600, profile, what: 'GetSessionToken' });
    const reason =
      child === undefined ? 'a session of the stored key' : `one session for every role of '${profile.name}'`;
    const step = { type: 'session-token', profile, duration, reason } as const;
    return profile.mfaSerial === undefined ? step : { ...step, mfaSerial: profile.mfaSerial };
  }

  /** Why the stored key is used as it is, in the order and words of aws-vault; `undefined` when a session is made of it. */
  private whyNoSession(profile: ResolvedProfile, child: ResolvedProfile | undefined): string | undefined {
    if (this.options.noSession) return 'sessions are disabled';
    if (child === undefined) return this.options.isForConsole ? 'sessions are disabled for this profile' : undefined;
    if (child.mfaSerial === undefined) return `profile '${child.name}' has no MFA serial defined`;
    if (profile.mfaSerial === undefined) return `profile '${profile.name}' has no MFA serial defined`;
    if (profile.mfaSerial !== child.mfaSerial) return `MFA serial doesn't match profile '${child.name}'`;
    if (child.durations.assumeRole.seconds > MAX_CHAINED_SECONDS) {
      return `duration ${child.durations.assumeRole.seconds}s in profile '${child.name}' is greater than the AWS maximum 1h0m0s for chaining MFA`;
    }
    return undefined;
  }
}

/**
 * Refuses what AWS never grants to a role that is assumed with another role's credentials, before anybody is asked for a code
 * or one is used up: an MFA code, because a role has no device, and more than an hour.
 * @throws VaultError CONFIG_INVALID
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
export function checkRoleChaining(steps: readonly Step[]): void {
  const [source, step] = steps.slice(-2);
  if (step?.type !== 'assume-role' || source?.type !== 'assume-role') return;
  const subject = `profile ${JSON.stringify(step.profile.name)} is assumed through the role of ${JSON.stringify(source.profile.name)}`;
  const details = { profile: step.profile.name };
  if (step.duration.seconds > MAX_CHAINED_SECONDS) {
    const message = `${subject}, and AWS gives such a role at most 1h, not ${step.duration.seconds} s; ask for less`;
    throw new VaultError('CONFIG_INVALID', message, { details });
  }
  if (step.mfaSerial === undefined) return;
  const message = `${subject}, and AWS takes the MFA code it needs from a user only; leave out --no-session and give every profile on the way the same mfa_serial`;
  throw new VaultError('CONFIG_INVALID', message, { details });
}

type Range = { readonly max: number; readonly profile: ResolvedProfile; readonly what: string };

function inRange(duration: Duration, { max, profile, what }: Range): Duration {
  const { seconds } = duration;
  if (seconds >= 900 && seconds <= max) return duration;
  const message = `the ${what} duration of profile ${JSON.stringify(profile.name)} is ${seconds} s, but AWS takes 900 s (15m) to ${max} s (${max / 3600}h); change --duration, duration_seconds or the AWS_*_TTL variable`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile: profile.name } });
}

function notFound(profile: string): VaultError {
  const message = `profile ${JSON.stringify(profile)} is neither in the AWS config file nor in the vault; see 'keyturn list', or 'keyturn add' it`;
  return new VaultError('PROFILE_NOT_FOUND', message, { details: { profile } });
}

function sourceNotFound(profile: ResolvedProfile, source: string): VaultError {
  const message = `profile ${JSON.stringify(profile.name)} has source_profile ${JSON.stringify(source)}, which is neither in the AWS config file nor in the vault; correct it or add that profile`;
  return new VaultError('PROFILE_NOT_FOUND', message, { details: { profile: source } });
}

function sourceLoop(path: readonly string[]): VaultError {
  const profile = path[0] ?? '';
  const message = `the source_profile lines run in a circle: ${path.join(' -> ')}; change one of them or add a key to one of these profiles`;
  return new VaultError('PROFILE_LOOP', message, { details: { profile } });
}

function missingCredentials(profile: ResolvedProfile): VaultError {
  const { name, otherSource } = profile;
  const message =
    otherSource === undefined
      ? `profile ${name}: credentials missing; store its key with 'keyturn add ${name}' or name a source_profile`
      : `profile ${name}: credentials missing; its ${otherSource} setting is a source of credentials that this version does not read`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile: name } });
}
