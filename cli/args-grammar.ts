/** What a command line may contain, as data, and the types that a table of it gives the parsed result. */

type FlagCommon = {
  readonly help: string;
  readonly short?: string;
  /** Accepted, but not shown in help. */
  readonly hidden?: true;
  /** Known from aws-vault but not offered: its use is an error that gives this reason, never silently ignored. */
  readonly unavailable?: string;
  /** Variables of AWS's that say the same and are read elsewhere: with one of them set, the settings file does not count. */
  readonly variables?: readonly string[];
};

type EnvSource = {
  readonly placeholder?: string;
  readonly default?: string;
  /** Used when the flag is not given; an empty variable counts as unset. */
  readonly env?: string;
};

export type FlagSpec = FlagCommon &
  (
    | { readonly kind: 'boolean'; readonly default?: true; readonly env?: string }
    | (EnvSource & {
        readonly kind: 'string';
        readonly completes?: 'service';
        /** `--region "$REGION"` with nothing in the variable is as good as no flag, as it is for aws-vault. */
        readonly emptyIsUnset?: true;
        /** Throws a VaultError for a text that is no value. */
        readonly check?: (text: string) => unknown;
      })
    | (EnvSource & {
        readonly kind: 'choice';
        readonly choices: readonly string[];
        /** The whole error message for a value that is not a choice, where the usual one would not do. */
        readonly refusal?: (value: string) => string;
      })
    | { readonly kind: 'duration'; readonly placeholder?: string; readonly env?: string }
    /** May be repeated; blanks separate the values in its variable. */
    | { readonly kind: 'list'; readonly placeholder?: string; readonly env?: string }
  );

export type ArgSpec = {
  readonly help: string;
  readonly kind: 'required' | 'optional' | 'rest';
  /** Used when the argument is not given; an empty variable counts as unset. */
  readonly env?: string;
  /** Only what comes before `--` is this argument: in `exec -- aws s3 ls` none is given (but see profileAfterDashes). */
  readonly beforeDashes?: true;
  /** What a shell's completion offers here; `stored`: profiles, and names that only the vault knows; `sso`: `[sso-session]`s, and profiles that use one. */
  readonly completes?: 'profile' | 'stored' | 'sso' | 'command' | 'service' | readonly string[];
};

export type CommandSpec = {
  readonly help: string;
  /** Shown below `help` in the command's own help. */
  readonly details?: string;
  readonly aliases?: readonly string[];
  readonly hidden?: true;
  readonly unavailable?: string;
  /** The command whose section of the settings file counts for this one too, after its own. */
  readonly settingsOf?: string;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  readonly args: Readonly<Record<string, ArgSpec>>;
};

/** Flag keys are camelCase (`mfaToken` is `--mfa-token`); a command name with a blank is a sub-command (`host install`). */
export type Grammar = {
  readonly help: string;
  readonly globals: Readonly<Record<string, FlagSpec>>;
  readonly commands: Readonly<Record<string, CommandSpec>>;
};

type Given<F> = F extends { readonly default: string } ? never : undefined;

type FlagValue<F> = F extends { readonly kind: 'boolean' }
  ? boolean
  : F extends { readonly kind: 'duration' }
    ? number | undefined
    : F extends { readonly kind: 'list' }
      ? readonly string[]
      : F extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
        ? C | Given<F>
        : string | Given<F>;

type FlagValues<Flags> = {
  readonly [K in keyof Flags as Flags[K] extends { readonly unavailable: string } ? never : K]: FlagValue<Flags[K]>;
};

type ArgValue<A> = A extends { readonly kind: 'required' }
  ? string
  : A extends { readonly kind: 'rest' }
    ? readonly string[]
    : string | undefined;

type ArgValues<Args> = { readonly [K in keyof Args]: ArgValue<Args[K]> };

type Commands<G extends Grammar> = {
  readonly [C in keyof G['commands'] as G['commands'][C] extends { readonly unavailable: string }
    ? never
    : C]: G['commands'][C];
};

/** The commands a program has to run, without those the table calls unavailable. */
export type CommandName<G extends Grammar> = keyof Commands<G>;

/** Where a flag's value was set; `section` of the settings file: a command's name, or empty at the top. */
export type FlagOrigin =
  | { readonly type: 'flag'; readonly name: string }
  | { readonly type: 'environment'; readonly name: string }
  | { readonly type: 'file'; readonly file: string; readonly line: number; readonly section: string };

/** One command with its values: `flags` holds the global ones too, durations are whole seconds. */
export type CommandInvocation<G extends Grammar, C extends CommandName<G> = CommandName<G>> = {
  [K in C]: {
    readonly command: K;
    readonly flags: FlagValues<G['globals']> & FlagValues<Commands<G>[K]['flags']>;
    readonly args: ArgValues<Commands<G>[K]['args']>;
    /** By the flag's key; none for a default. */
    readonly origins: Readonly<Record<string, FlagOrigin>>;
  };
}[C];

/** `of`: the command (or group of commands) the help is about. No command at all is `usage` too, and no error. */
export type HelpRequest = { readonly command: 'help'; readonly topic: 'usage' | 'long' | 'man'; readonly of?: string };

export type Invocation<G extends Grammar> = CommandInvocation<G> | HelpRequest | { readonly command: 'version' };

/** `mfaToken` -> `mfa-token`: the name as typed. */
export function flagName(key: string): string {
  let name = '';
  for (const char of key) name += char >= 'A' && char <= 'Z' ? `-${char.toLowerCase()}` : char;
  return name;
}
