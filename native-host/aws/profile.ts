import type { ConfigFile } from './config-file.ts';
import { durationsOf } from './profile-durations.ts';
import {
  type CREDENTIAL_SOURCES,
  credentialSourceOf,
  loginSessionOf,
  samlOf,
  serviceEndpointsOf,
  ssoOf,
  webIdentityTokenOf,
} from './profile-sources.ts';
import { parseSessionTags, parseTransitiveTagKeys } from './session-tags.ts';
import { type LookupOptions, type Origin, SettingLookup } from './setting-lookup.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What the command line sets; it wins over environment and file, for every profile of the chain. */
export type ProfileFlags = {
  readonly region?: string | undefined;
  /** `--duration`: AssumeRole, unchained GetSessionToken and, for a console login, the federation token. */
  readonly durationSeconds?: number | undefined;
  /** Where the flags were set, if not on the command line: for explanations. */
  readonly origins?: { readonly region?: Origin | undefined; readonly duration?: Origin | undefined };
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
  /** The profile's `endpoint_url`, for every service. */
  readonly endpointUrl?: string;
  /** From the profile's `[services]` section: lower-case service id as AWS writes it (`sts`, `sso_oidc`) -> URL. */
  readonly serviceEndpoints?: Readonly<Record<string, string>>;
  /** `ignore_configured_endpoint_urls`: AWS's own endpoints, whatever is set, in the environment too. */
  readonly ignoresEndpoints?: true;
  readonly caBundle?: string;
  readonly usesLegacySts: boolean;
  readonly usesFips?: true;
  readonly usesDualstack?: true;
  /** The AWS CLI's output format. */
  readonly output?: string;
  readonly durations: Durations;
  /** A role of IAM Identity Center. */
  readonly sso?: SsoSource;
  /** What is missing or wrong where there are settings of IAM Identity Center, but not all of them. */
  readonly ssoProblem?: string;
  /** Where the token of AssumeRoleWithWebIdentity comes from. */
  readonly webIdentityToken?: WebIdentityToken;
  /** Where the assertion of AssumeRoleWithSAML comes from. */
  readonly saml?: SamlSource;
  readonly credentialProcess?: string;
  readonly credentialSource?: CredentialSource;
  /** The ARN of who has logged in with `aws login`. */
  readonly loginSession?: string;
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

/** `principalArn`: the identity provider in IAM; where it is not set, the assertion names it. */
export type SamlSource = { readonly process: string; readonly principalArn?: string };

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

export type ResolveOptions = LookupOptions & { readonly config: ConfigFile; readonly flags: ProfileFlags };

/**
 * The settings of one profile. For each: flag, then environment, then the profile's section, then its `include_profile`
 * chain, then `[default]`. The order is aws-vault's; a setting that cannot be read is an error of this profile, never
 * silently the default.
 * @throws VaultError CONFIG_INVALID, PROFILE_LOOP
 */
export function resolveProfile(name: string, options: ResolveOptions): ResolvedProfile {
  const { config, flags } = options;
  const lookup = new SettingLookup(name, options);
  const text = (key: string): string | undefined => lookup.text(key);
  const sourceProfile = text('source_profile');
  const credentialSource = credentialSourceOf(lookup);
  const tags = lookup.find('session_tags');
  const transitive = text('transitive_session_tags');
  return compact({
    name,
    isConfigured: config.profiles.has(name),
    region: lookup.text('region', { name: '--region', value: flags.region, origin: flags.origins?.region }),
    mfaSerial: text('mfa_serial'),
    mfaProcess: text('mfa_process'),
    roleArn: roleArnOf(lookup),
    externalId: text('external_id'),
    roleSessionName: text('role_session_name'),
    // A credential_source that stands nearer takes its place.
    sourceProfile: sourceProfile === name || credentialSource !== undefined ? undefined : sourceProfile,
    sourceIdentity: text('source_identity'),
    sessionTags: tags === undefined ? undefined : parseSessionTags(tags, name),
    transitiveTagKeys: transitive === undefined ? undefined : parseTransitiveTagKeys(transitive),
    ...reach(lookup),
    output: text('output'),
    durations: durationsOf(lookup, flags),
    ...ssoOf(lookup),
    webIdentityToken: webIdentityTokenOf(lookup),
    saml: samlOf(lookup),
    credentialProcess: text('credential_process'),
    credentialSource,
    loginSession: loginSessionOf(lookup),
  });
}

/** What is none is refused here, with its line, and not by AWS; other services than AWS have other forms. @throws VaultError CONFIG_INVALID */
function roleArnOf(lookup: SettingLookup): string | undefined {
  const setting = lookup.find('role_arn');
  if (setting === undefined || /^arn:./.test(setting.value)) return setting?.value;
  throw lookup.invalid(setting, 'the ARN of a role such as arn:aws:iam::123456789012:role/name');
}

/** Where AWS is reached and how. */
function reach(lookup: SettingLookup) {
  const sts = lookup.find('sts_regional_endpoints');
  const mode = sts?.value.toLowerCase();
  if (sts !== undefined && mode !== 'legacy' && mode !== 'regional') throw lookup.invalid(sts, 'legacy or regional');
  return {
    usesLegacySts: mode === 'legacy',
    endpointUrl: lookup.text('endpoint_url'),
    serviceEndpoints: serviceEndpointsOf(lookup),
    ignoresEndpoints: lookup.flag('ignore_configured_endpoint_urls'),
    caBundle: lookup.text('ca_bundle'),
    usesFips: lookup.flag('use_fips_endpoint'),
    usesDualstack: lookup.flag('use_dualstack_endpoint'),
  };
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function compact<T extends object>(value: T): Defined<T> {
  // The type says exactly this: keys whose value is undefined are gone.
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}
