import type {
  CredentialSource,
  Duration,
  ResolvedProfile,
  SamlSource,
  SsoSource,
  WebIdentityToken,
} from '../aws/profile.ts';
import { formatRemaining } from '../duration.ts';
import { ownSource } from './own-source.ts';
import { inRange, notFound, sourceLoop, sourceNotFound } from './plan-errors.ts';
import { isRole, MAX_CHAINED_SECONDS } from './role-chaining.ts';

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
  | {
      readonly type: 'saml';
      readonly roleArn: string;
      readonly duration: Duration;
      readonly saml: SamlSource;
    }
  | { readonly type: 'credential-process'; readonly command: string }
  | { readonly type: 'login-session'; readonly loginSession: string }
  | { readonly type: 'credential-source'; readonly source: CredentialSource }
  | { readonly type: 'session-token'; readonly duration: Duration; readonly mfaSerial?: string }
  | {
      readonly type: 'assume-role';
      readonly roleArn: string;
      readonly duration: Duration;
      /** The seconds that were asked for, where AWS gives less. */
      readonly cappedFrom?: number;
      readonly mfaSerial?: string;
    }
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
  /** Where a profile's key lies in plain text, if it does; asked only when the vault has none. */
  readonly plainTextFile?: (name: string) => string | undefined;
  /** `--no-session`: no GetSessionToken anywhere in the chain. */
  readonly noSession?: boolean;
  /** For a console sign-in the target itself gets no GetSessionToken: AWS's federation endpoint does not take one. */
  readonly isForConsole?: boolean;
};

/**
 * The steps from a source of credentials to `profileName`'s, first step first. A profile's own stored key wins over its
 * `source_profile`, that over its other sources; one MFA session of the source serves every role with the same serial.
 * @throws VaultError PROFILE_NOT_FOUND, PROFILE_LOOP, CREDENTIALS_NOT_FOUND, CONFIG_INVALID
 */
export function planChain(profileName: string, options: ChainOptions): Step[] {
  const profile = options.resolve(profileName, true);
  if (!profile.isConfigured && !options.hasStoredKey(profileName)) {
    throw notFound(profileName, options.plainTextFile?.(profileName));
  }
  return new Planner(options).stepsTo(profile, []);
}

class Planner {
  private readonly options: ChainOptions;
  /** The serial that a GetSessionToken of this chain has been authenticated with. */
  private authenticatedSerial: string | undefined;

  constructor(options: ChainOptions) {
    this.options = options;
  }

  /** `after`: the profiles whose source this one is, the target first, the nearest last. */
  stepsTo(profile: ResolvedProfile, after: readonly ResolvedProfile[]): Step[] {
    const source = this.stepsToSource(profile, after);
    const last = source.at(-1);
    // The role of a web identity or an assertion is assumed with the token itself.
    const isRoleOfToken = last?.type === 'web-identity' || last?.type === 'saml';
    if (profile.roleArn !== undefined && !(isRoleOfToken && last.profile === profile)) {
      return [...source, this.assumeRole({ profile, roleArn: profile.roleArn, last, after })];
    }
    if (source.length > 1 || source[0]?.type !== 'stored-key') return source;
    const refusal = this.whyNoSession(profile, after);
    if (refusal !== undefined) return source.map((step) => ({ ...step, reason: `${step.reason}; ${refusal}` }));
    return [...source, this.sessionToken(profile, after.at(-1))];
  }

  private stepsToSource(profile: ResolvedProfile, after: readonly ResolvedProfile[]): Step[] {
    if (this.options.hasStoredKey(profile.name)) {
      return [{ type: 'stored-key', profile, reason: `profile '${profile.name}' has its own stored key` }];
    }
    if (profile.sourceProfile === undefined) return [ownSource(profile, this.options.plainTextFile)];
    const here = [...after, profile];
    const names = here.map(({ name }) => name);
    if (names.includes(profile.sourceProfile)) throw sourceLoop([...names, profile.sourceProfile]);
    const source = this.options.resolve(profile.sourceProfile, false);
    if (!source.isConfigured && !this.options.hasStoredKey(source.name)) {
      throw sourceNotFound(profile, source.name, this.options.plainTextFile?.(source.name));
    }
    return this.stepsTo(source, here);
  }

  private assumeRole(to: {
    readonly profile: ResolvedProfile;
    readonly roleArn: string;
    readonly last: Step | undefined;
    readonly after: readonly ResolvedProfile[];
  }): Step {
    const { profile, roleArn, last, after } = to;
    const isCovered = profile.mfaSerial !== undefined && profile.mfaSerial === this.authenticatedSerial;
    const wanted = inRange(profile.durations.assumeRole, { max: 43_200, profile, what: 'AssumeRole' });
    const isChained = last !== undefined && isRole(last);
    // On the way to another role, which gets an hour at most, more than that would only cost the shared MFA session.
    const isCapped = wanted.seconds > MAX_CHAINED_SECONDS && (isChained || (isCovered && leadsToRole(after)));
    const step = {
      type: 'assume-role',
      profile,
      roleArn,
      // Nobody asked for just this long, so the session is the one that a default length gives.
      duration: isCapped ? { seconds: MAX_CHAINED_SECONDS, isDefault: true } : wanted,
      ...(isCapped && { cappedFrom: wanted.seconds }),
      reason: isCovered ? 'the source session already carries this MFA' : 'role_arn is set',
    } as const;
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
  private whyNoSession(profile: ResolvedProfile, after: readonly ResolvedProfile[]): string | undefined {
    const child = after.at(-1);
    if (this.options.noSession) return 'sessions are disabled';
    if (child === undefined) return this.options.isForConsole ? 'sessions are disabled for this profile' : undefined;
    if (child.mfaSerial === undefined) return `profile '${child.name}' has no MFA serial defined`;
    if (profile.mfaSerial === undefined) return `profile '${profile.name}' has no MFA serial defined`;
    if (profile.mfaSerial !== child.mfaSerial) return `MFA serial doesn't match profile '${child.name}'`;
    // A role on the way to another one is shortened instead.
    if (child.durations.assumeRole.seconds > MAX_CHAINED_SECONDS && !leadsToRole(after.slice(0, -1))) {
      const duration = formatRemaining(child.durations.assumeRole.seconds);
      return `duration ${duration} in profile '${child.name}' is greater than the AWS maximum 1h0m0s for chaining MFA`;
    }
    return undefined;
  }
}

function leadsToRole(after: readonly ResolvedProfile[]): boolean {
  return after.some(({ roleArn }) => roleArn !== undefined);
}
