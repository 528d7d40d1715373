import { parseGoDuration } from '../duration.ts';
import { VaultError } from '../errors.ts';
import type { ConfigFile, ConfigSection } from './config-file.ts';
import { parseSessionTags, parseTransitiveTagKeys } from './session-tags.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What the command line sets; it wins over environment and file, for every profile of the chain. */
export type ProfileFlags = {
  readonly region?: string | undefined;
  /** `--duration`: AssumeRole, unchained GetSessionToken and, for a console login, the federation token. */
  readonly durationSeconds?: number | undefined;
};

/** Every setting of one profile after flags, environment, its section, the included ones and `[default]`. */
export type ResolvedProfile = {
  readonly name: string;
  /** Whether the config file has a section for it. */
  readonly isConfigured: boolean;
  readonly region?: string;
  readonly mfaSerial?: string;
  readonly mfaProcess?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly roleSessionName?: string;
  /** Never the profile itself: naming oneself means "use my own stored key". */
  readonly sourceProfile?: string;
  readonly sourceIdentity?: string;
  readonly sessionTags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly endpointUrl?: string;
  readonly caBundle?: string;
  readonly usesLegacySts: boolean;
  readonly durations: Durations;
  /** A role of IAM Identity Center. */
  readonly sso?: SsoSource;
  /** Where the token of AssumeRoleWithWebIdentity comes from. */
  readonly webIdentityToken?: WebIdentityToken;
  readonly credentialProcess?: string;
  readonly credentialSource?: CredentialSource;
  /** The key that says this profile takes its credentials from a source that is not read, if any. */
  readonly otherSource?: string;
};

export type SsoSource = {
  readonly startUrl: string;
  /** The region of the Identity Center instance, not of the profile. */
  readonly region: string;
  readonly accountId: string;
  readonly roleName: string;
  /** The name of the `[sso-session]`; none where the profile itself has the start URL. */
  readonly session?: string;
  readonly registrationScopes?: readonly string[];
};

export type WebIdentityToken = { readonly file: string } | { readonly process: string };

export const CREDENTIAL_SOURCES = ['Environment', 'EcsContainer', 'Ec2InstanceMetadata'] as const;

/** The value of `credential_source`: where the source credentials of a role are. */
export type CredentialSource = (typeof CREDENTIAL_SOURCES)[number];

/** `isDefault`: nobody asked for just this long. */
export type Duration = { readonly seconds: number; readonly isDefault: boolean };

export type Durations = {
  readonly assumeRole: Duration;
  readonly sessionToken: Duration;
  /** GetSessionToken for the use of roles: longer, because one MFA code is to serve a working day. */
  readonly chainedSessionToken: Duration;
  readonly federationToken: Duration;
};

export type ResolveOptions = {
  readonly config: ConfigFile;
  readonly env: Env;
  readonly flags: ProfileFlags;
  /** The profile named by the user: role variables of the environment apply to it alone. */
  readonly isTarget: boolean;
};

const HOUR = 3600;
const OTHER_SOURCES = [
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
  'web_identity_token_process',
  'credential_process',
  'credential_source',
  'login_session',
];

/**
 * The settings of one profile. For each: flag, then environment, then the profile's section, then its `include_profile`
 * chain, then `[default]`. The order is aws-vault's; a setting that cannot be read is an error of this profile, never
 * silently the default.
 * @throws VaultError CONFIG_INVALID, PROFILE_LOOP
 */
export function resolveProfile(name: string, options: ResolveOptions): ResolvedProfile {
  const { config, env, flags } = options;
  const walk = sectionsOf(name, config);
  const own = (key: string): string | undefined => walk.find((section) => section.values.has(key))?.values.get(key);
  const ofTarget = (variable: string): string | undefined => (options.isTarget ? nonEmpty(env[variable]) : undefined);
  const sourceProfile = own('source_profile');
  const tags = ofTarget('AWS_SESSION_TAGS') ?? own('session_tags');
  const transitive = ofTarget('AWS_TRANSITIVE_TAGS') ?? own('transitive_session_tags');
  return compact({
    name,
    isConfigured: config.profiles.has(name),
    region: flags.region ?? nonEmpty(env.AWS_REGION) ?? nonEmpty(env.AWS_DEFAULT_REGION) ?? own('region'),
    mfaSerial: nonEmpty(env.AWS_MFA_SERIAL) ?? own('mfa_serial'),
    mfaProcess: own('mfa_process'),
    roleArn: ofTarget('AWS_ROLE_ARN') ?? own('role_arn'),
    externalId: own('external_id'),
    roleSessionName: ofTarget('AWS_ROLE_SESSION_NAME') ?? own('role_session_name'),
    sourceProfile: sourceProfile === name ? undefined : sourceProfile,
    sourceIdentity: ofTarget('AWS_SOURCE_IDENTITY') ?? own('source_identity'),
    sessionTags: tags === undefined ? undefined : parseSessionTags(tags, name),
    transitiveTagKeys: transitive === undefined ? undefined : parseTransitiveTagKeys(transitive),
    endpointUrl: own('endpoint_url'),
    caBundle: own('ca_bundle'),
    usesLegacySts: (nonEmpty(env.AWS_STS_REGIONAL_ENDPOINTS) ?? own('sts_regional_endpoints')) === 'legacy',
    durations: durations(walk, options),
    otherSource: OTHER_SOURCES.find((key) => own(key) !== undefined),
  });
}

/** The sections a profile's settings come from, nearest first: itself, what it includes, and `[default]` once at the end. */
function sectionsOf(name: string, config: ConfigFile): ConfigSection[] {
  const found: ConfigSection[] = [];
  const visited = new Set<string>();
  let next: string | undefined = name;
  let isPastDefault = false;
  while (next !== undefined) {
    if (visited.has(next)) {
      // `[default] include_profile = common` leads back here from every profile that common is part of: no loop of the user's.
      if (isPastDefault) return found;
      throw loop(name, next);
    }
    visited.add(next);
    const section = config.profiles.get(next);
    if (section !== undefined) found.push(section);
    else if (next !== name && next !== 'default') throw missingInclude(name, next, config);
    const include = section?.values.get('include_profile');
    isPastDefault ||= next === 'default' || include === undefined;
    next = include ?? (visited.has('default') ? undefined : 'default');
  }
  return found;
}

function loop(profile: string, at: string): VaultError {
  return new VaultError(
    'PROFILE_LOOP',
    `Loop detected in config file for profile '${at}': follow the include_profile lines`,
    {
      details: { profile },
    },
  );
}

function missingInclude(profile: string, include: string, config: ConfigFile): VaultError {
  const message = `profile ${JSON.stringify(profile)} includes profile ${JSON.stringify(include)}, which is not in ${config.path}; correct its include_profile`;
  return new VaultError('CONFIG_INVALID', message, { details: { profile, file: config.path } });
}

function durations(walk: readonly ConfigSection[], { config, env, flags }: ResolveOptions): Durations {
  const flag = flags.durationSeconds === undefined ? undefined : Math.floor(flags.durationSeconds);
  return {
    assumeRole: orDefault(flag ?? ttl(env, 'AWS_ASSUME_ROLE_TTL') ?? durationSeconds(walk, config), HOUR),
    sessionToken: orDefault(flag ?? ttl(env, 'AWS_SESSION_TOKEN_TTL'), HOUR),
    chainedSessionToken: orDefault(ttl(env, 'AWS_CHAINED_SESSION_TOKEN_TTL'), 8 * HOUR),
    federationToken: orDefault(flag ?? ttl(env, 'AWS_FEDERATION_TOKEN_TTL'), HOUR),
  };
}

function orDefault(chosen: number | undefined, seconds: number): Duration {
  return chosen === undefined ? { seconds, isDefault: true } : { seconds: chosen, isDefault: false };
}

function durationSeconds(walk: readonly ConfigSection[], config: ConfigFile): number | undefined {
  const section = walk.find(({ values }) => values.has('duration_seconds'));
  const text = section?.values.get('duration_seconds');
  if (section === undefined || text === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  const line = section.keyLines.get('duration_seconds') ?? section.line;
  const message = `${config.path}:${line}: duration_seconds of profile ${JSON.stringify(section.name)} must be a whole number of seconds such as 3600, not ${JSON.stringify(text.slice(0, 40))}`;
  throw new VaultError('CONFIG_INVALID', message, { details: { file: config.path, line, profile: section.name } });
}

/**
 * An AWS_*_TTL variable in Go's duration syntax, as whole seconds.
 * @throws VaultError CONFIG_INVALID naming the variable
 */
export function ttl(env: Env, variable: string): number | undefined {
  const text = nonEmpty(env[variable]);
  return text === undefined ? undefined : Math.floor(parseGoDuration(text, variable));
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function compact<T extends object>(value: T): Defined<T> {
  // The type says exactly this: keys whose value is undefined are gone.
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}
