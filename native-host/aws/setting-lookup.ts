import { VaultError } from '../errors.ts';
import type { ConfigFile, ConfigSection } from './config-file.ts';
import type { Env } from './profile.ts';
import { sectionsOf } from './profile-sections.ts';

/** Where a setting's value was found. */
export type Origin =
  | { readonly type: 'flag'; readonly name: string }
  | { readonly type: 'environment'; readonly name: string }
  /** `section` as its header says it: `profile work`, `default`, `sso-session corp`; empty at the top of the settings file. `line`: 1-based. */
  | { readonly type: 'file'; readonly file: string; readonly line: number; readonly section: string }
  | { readonly type: 'default' };

/** A setting of a profile by its key in the config file, or the variable's name where the file has no key for it. */
export type Setting = { readonly key: string; readonly value: string; readonly origin: Origin };

export type LookupOptions = {
  readonly config: ConfigFile;
  readonly env: Env;
  /** The profile named by the user: role variables of the environment apply to it alone. */
  readonly isTarget: boolean;
  /** Hears of every setting that is used. */
  readonly onSetting?: ((setting: Setting) => void) | undefined;
};

/** A flag as its caller parsed it; `origin` where it was not set on the command line. */
type Flag = { readonly name: string; readonly value: string | undefined; readonly origin?: Origin | undefined };

type Variables = { readonly names: readonly string[]; readonly isForTarget?: true };

/** The variables that win over the file, first one first. */
const VARIABLES: Readonly<Record<string, Variables>> = {
  region: { names: ['AWS_REGION', 'AWS_DEFAULT_REGION'] },
  mfa_serial: { names: ['AWS_MFA_SERIAL'] },
  duration_seconds: { names: ['AWS_ASSUME_ROLE_TTL'] },
  AWS_SESSION_TOKEN_TTL: { names: ['AWS_SESSION_TOKEN_TTL'] },
  AWS_CHAINED_SESSION_TOKEN_TTL: { names: ['AWS_CHAINED_SESSION_TOKEN_TTL'] },
  AWS_FEDERATION_TOKEN_TTL: { names: ['AWS_FEDERATION_TOKEN_TTL'] },
  sts_regional_endpoints: { names: ['AWS_STS_REGIONAL_ENDPOINTS'] },
  use_fips_endpoint: { names: ['AWS_USE_FIPS_ENDPOINT'] },
  use_dualstack_endpoint: { names: ['AWS_USE_DUALSTACK_ENDPOINT'] },
  ca_bundle: { names: ['AWS_CA_BUNDLE'] },
  role_arn: { names: ['AWS_ROLE_ARN'], isForTarget: true },
  role_session_name: { names: ['AWS_ROLE_SESSION_NAME'], isForTarget: true },
  session_tags: { names: ['AWS_SESSION_TAGS'], isForTarget: true },
  transitive_session_tags: { names: ['AWS_TRANSITIVE_TAGS'], isForTarget: true },
  source_identity: { names: ['AWS_SOURCE_IDENTITY'], isForTarget: true },
};

/**
 * The one place where a profile's setting is looked up, with where it came from: flag, then environment, then the profile's
 * section, then its `include_profile` chain, then `[default]`.
 */
export class SettingLookup {
  readonly profile: string;
  readonly config: ConfigFile;
  /** Nearest first. */
  readonly sections: readonly ConfigSection[];
  private readonly options: LookupOptions;

  /** @throws VaultError PROFILE_LOOP, CONFIG_INVALID */
  constructor(profile: string, options: LookupOptions) {
    this.profile = profile;
    this.config = options.config;
    this.options = options;
    this.sections = sectionsOf(profile, options.config);
    // Which sections count is a setting too; nobody else looks it up.
    if (options.onSetting !== undefined) this.find('include_profile');
  }

  /** The setting's value; a flag's is given by the caller, who parsed it. */
  text(key: string, flag?: Flag): string | undefined {
    return this.find(key, flag)?.value;
  }

  find(key: string, flag?: Flag): Setting | undefined {
    const setting = this.ofFlag(key, flag) ?? this.ofEnvironment(key) ?? this.ofFile(key);
    if (setting !== undefined) this.report(setting);
    return setting;
  }

  /** What no section says, and no variable: reported, so that an explanation is complete. */
  byDefault(key: string, value: string): void {
    this.report({ key, value, origin: { type: 'default' } });
  }

  /** `true` or `false` in any case. @throws VaultError CONFIG_INVALID naming the variable, or file and line */
  flag(key: string): true | undefined {
    const setting = this.find(key);
    const text = setting?.value.toLowerCase();
    if (setting === undefined || text === 'false') return undefined;
    if (text === 'true') return true;
    throw this.invalid(setting, 'true or false');
  }

  /** The place of `key` among the sections, nearest 0; Infinity where none has it. */
  distance(key: string): number {
    const index = this.sections.findIndex(({ values }) => values.has(key));
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  }

  /** A setting of another kind of section, such as an `[sso-session]`. */
  ofSection(key: string, section: ConfigSection, type: 'sso-session' | 'services'): string | undefined {
    const setting = settingOf(key, section, { title: `${type} ${section.name}`, file: this.config.path });
    if (setting !== undefined) this.report(setting);
    return setting?.value;
  }

  /** The error for a setting that cannot be read. `wanted`: what it must be. */
  invalid(setting: Setting, wanted: string): VaultError {
    return this.problem(setting, `must be ${wanted}, not ${JSON.stringify(setting.value.slice(0, 60))}`);
  }

  /** The error for a setting, by the flag or variable it was given with, or by file, line and profile. */
  problem({ key, origin }: Setting, what: string): VaultError {
    const profile = this.profile;
    if (origin.type !== 'file') {
      const name = origin.type === 'default' ? key : origin.name;
      return new VaultError('CONFIG_INVALID', `${name} ${what}`, { details: { profile } });
    }
    const { file, line, section } = origin;
    const from = section === titleOf(profile) ? '' : ` (from [${section}])`;
    const message = `${file}:${line}: ${key} of profile ${JSON.stringify(profile)}${from} ${what}`;
    return new VaultError('CONFIG_INVALID', message, { details: { file, line, profile } });
  }

  report(setting: Setting): void {
    this.options.onSetting?.(setting);
  }

  private ofFlag(key: string, flag: Flag | undefined): Setting | undefined {
    // An empty one is none, as it is everywhere else.
    if (!flag?.value) return undefined;
    return { key, value: flag.value, origin: flag.origin ?? { type: 'flag', name: flag.name } };
  }

  private ofEnvironment(key: string): Setting | undefined {
    const variables = VARIABLES[key];
    if (variables === undefined || (variables.isForTarget && !this.options.isTarget)) return undefined;
    const name = variables.names.find((variable) => this.options.env[variable]);
    const value = name === undefined ? undefined : this.options.env[name];
    if (name === undefined || value === undefined) return undefined;
    return { key, value, origin: { type: 'environment', name } };
  }

  private ofFile(key: string): Setting | undefined {
    const section = this.sections.find(({ values }) => values.has(key));
    return section && settingOf(key, section, { title: titleOf(section.name), file: this.config.path });
  }
}

function titleOf(profile: string): string {
  return profile === 'default' ? 'default' : `profile ${profile}`;
}

function settingOf(
  key: string,
  section: ConfigSection,
  { title, file }: { readonly title: string; readonly file: string },
): Setting | undefined {
  const value = section.values.get(key);
  if (value === undefined) return undefined;
  return {
    key,
    value,
    origin: { type: 'file', file, line: section.keyLines.get(key) ?? section.line, section: title },
  };
}
