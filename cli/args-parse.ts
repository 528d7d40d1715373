import { parseDuration } from '../native-host/duration.ts';
import { VaultError } from '../native-host/errors.ts';
import type { ArgSpec, FlagOrigin, FlagSpec, Grammar, HelpRequest, Invocation } from './args-grammar.ts';
import { flagName } from './args-grammar.ts';
import { type Token, TokenReader, usageError } from './args-tokens.ts';

type Env = Readonly<Record<string, string | undefined>>;
type ArgSpecs = Readonly<Record<string, ArgSpec>>;
type Flag = { readonly key: string; readonly name: string; readonly spec: FlagSpec };
/** The values that the settings file gives the flags of a command, by key; asked only when a command is to run. */
export type FileSettings = ReadonlyMap<string, { readonly value: unknown; readonly origin: FlagOrigin }>;
export type SettingsOf = (command: string) => FileSettings | undefined;
type Values = Record<string, unknown>;
type Given = { readonly flag: Flag; readonly value: string | boolean };

// Every grammar has these; they stop parsing or change what is done with the result.
const BUILT_IN = {
  help: { kind: 'boolean', help: 'Show help for the command (see also --help-long and --help-man).' },
  helpLong: { kind: 'boolean', help: 'Show help for all commands.', hidden: true },
  helpMan: { kind: 'boolean', help: 'Print a man page.', hidden: true },
  version: { kind: 'boolean', short: 'v', help: 'Show the version.' },
} as const satisfies Record<string, FlagSpec>;

/** The flags every command line may have, as help shows them. */
export function globalFlags(grammar: Grammar): Readonly<Record<string, FlagSpec>> {
  return { ...BUILT_IN, ...grammar.globals };
}

/**
 * Command line -> the command with typed values, in the way of kingpin 2.3 as aws-vault uses it: flags and positionals mix
 * until `--`, a flag beats its environment variable, which beats the settings file, which beats the default.
 * @throws VaultError USAGE, with aws-vault's texts
 */
export function parse<G extends Grammar>(
  grammar: G,
  argv: readonly string[],
  { env, settings }: { readonly env: Env; readonly settings?: SettingsOf | undefined },
): Invocation<G> {
  const result = new Parser(grammar, env, settings).run(argv);
  return result as Invocation<G>; // the parser builds its result from the very table these types are computed from
}

class Parser {
  private readonly grammar: Grammar;
  private readonly env: Env;
  private readonly long = new Map<string, Flag>();
  private readonly short = new Map<string, Flag>();
  private readonly given: Given[] = [];
  /** Undefined: left out, because `--` came before it. */
  private readonly positionals: (string | undefined)[] = [];
  /** The command as far as it is typed, as the table writes it: '', 'exec', 'host', 'host install'. */
  private path = '';
  private immediate: HelpRequest['topic'] | 'version' | undefined;
  private wantsHelp = false;
  private isHelpCommand = false;
  /** `--` came before the command's name already, so it tells its arguments apart no more. */
  private isAllLiteral = false;
  private settings: FileSettings | undefined;
  private readonly origins: Record<string, FlagOrigin> = {};
  private readonly readSettings: SettingsOf | undefined;

  constructor(grammar: Grammar, env: Env, readSettings: SettingsOf | undefined) {
    this.grammar = grammar;
    this.env = env;
    this.readSettings = readSettings;
    this.addFlags(globalFlags(grammar));
  }

  run(argv: readonly string[]): { readonly command: string } {
    const tokens = new TokenReader(argv, (short) => this.short.get(short)?.spec.kind === 'boolean');
    for (let token = tokens.peek(); token.type !== 'end'; token = tokens.peek()) {
      if (token.type !== 'arg') this.takeFlag(tokens);
      else this.takeWord(token, tokens);
      if (this.immediate === 'version') return { command: 'version' };
      if (this.immediate !== undefined) return this.help(this.immediate);
    }
    if (this.isHelpCommand || this.wantsHelp || this.path === '') return this.help('usage');
    return this.result();
  }

  private help(topic: HelpRequest['topic']): HelpRequest {
    return { command: 'help', topic, ...(this.path === '' ? {} : { of: this.path }) };
  }

  private addFlags(flags: Readonly<Record<string, FlagSpec>>): void {
    for (const key of Object.keys(flags)) {
      const spec = flags[key];
      if (spec === undefined) continue;
      const flag = { key, name: flagName(key), spec };
      this.long.set(flag.name, flag);
      if (spec.short !== undefined) this.short.set(spec.short, flag);
    }
  }

  private takeFlag(tokens: TokenReader): void {
    const token = tokens.next();
    if (token.type !== 'long' && token.type !== 'short') return;
    const typed = token.type === 'long' ? `--${token.text}` : `-${token.text}`;
    const { flag, isNegated } = this.findFlag(token.type, token.text, typed);
    if (flag.spec.unavailable !== undefined) {
      throw usageError(`flag '${typed}' is not available: ${flag.spec.unavailable}`, flag.name);
    }
    const value = tokens.peek();
    if (flag.spec.kind === 'boolean') {
      // kingpin would take the value of `--debug=false` for the command or the profile.
      if (value.type === 'arg' && value.attached) {
        throw usageError(`flag '${typed}' takes no value (use --${flag.name} or --no-${flag.name})`, flag.name);
      }
      this.giveBoolean(flag, !isNegated);
      return;
    }
    if (value.type !== 'arg') throw usageError(`expected argument for flag '${typed}'`, flag.name);
    tokens.next();
    this.given.push({ flag, value: value.text });
  }

  private findFlag(type: 'long' | 'short', text: string, typed: string): { flag: Flag; isNegated: boolean } {
    const flag = type === 'long' ? this.long.get(text) : this.short.get(text);
    if (flag !== undefined) return { flag, isNegated: false };
    const negated = type === 'long' && text.startsWith('no-') ? this.long.get(text.slice(3)) : undefined;
    if (negated?.spec.kind !== 'boolean') throw usageError(`unknown ${type} flag '${typed}'`);
    return { flag: negated, isNegated: true };
  }

  private giveBoolean(flag: Flag, value: boolean): void {
    this.given.push({ flag, value });
    if (!value || !Object.hasOwn(BUILT_IN, flag.key)) return;
    if (flag.key === 'help') this.wantsHelp = true;
    else if (flag.key === 'version') this.immediate = 'version';
    else this.immediate = flag.key === 'helpLong' ? 'long' : 'man';
  }

  private takeWord({ text: word, literal }: Extract<Token, { type: 'arg' }>, tokens: TokenReader): void {
    const command = this.grammar.commands[this.path];
    if (command === undefined || this.isHelpCommand) {
      this.selectCommand(word);
      this.isAllLiteral = literal === true;
    } else if (this.hasRoom(command.args))
      this.takeArgument(word, { specs: command.args, isLiteral: literal === true });
    else throw usageError(`unexpected ${word}`);
    tokens.next();
  }

  private takeArgument(word: string, { specs, isLiteral }: { specs: ArgSpecs; isLiteral: boolean }): void {
    const spec = Object.values(specs)[this.positionals.length];
    if (isLiteral && !this.isAllLiteral && spec?.beforeDashes) this.positionals.push(undefined);
    this.positionals.push(word);
  }

  private hasRoom(args: ArgSpecs): boolean {
    const specs = Object.values(args);
    return this.positionals.length < specs.length || specs.at(-1)?.kind === 'rest';
  }

  private selectCommand(word: string): void {
    if (this.path === '' && word === 'help' && !this.isHelpCommand) {
      this.isHelpCommand = true;
      return;
    }
    const wanted = this.path === '' ? word : `${this.path} ${word}`;
    for (const name of Object.keys(this.grammar.commands)) {
      const spec = this.grammar.commands[name];
      if (name === wanted || spec?.aliases?.includes(wanted)) {
        if (spec?.unavailable !== undefined)
          throw usageError(`command '${name}' is not available: ${spec.unavailable}`);
        this.path = name;
        this.addFlags(spec?.flags ?? {});
        return;
      }
      if (name.startsWith(`${wanted} `)) {
        this.path = wanted;
        return;
      }
    }
    throw usageError(`expected command but got ${JSON.stringify(word)}`);
  }

  private result(): {
    readonly command: string;
    readonly flags: Values;
    readonly args: Values;
    readonly origins: object;
  } {
    const command = this.grammar.commands[this.path];
    if (command === undefined) throw usageError(`must select a subcommand of '${this.path}'`);
    // The version is told whatever is wrong with the file.
    if (this.path !== 'version') this.settings = this.readSettings?.(this.path);
    const flags = this.flagValues();
    return { command: this.path, flags, args: this.argValues(command.args), origins: this.origins };
  }

  private flagValues(): Values {
    const values: Values = {};
    for (const { flag, value } of this.given) {
      this.origins[flag.key] = { type: 'flag', name: `--${flag.name}` };
      if (flag.spec.kind === 'list') {
        values[flag.key] = [...((values[flag.key] as string[] | undefined) ?? []), value]; // nobody else sets a list's key
        continue;
      }
      if (Object.hasOwn(values, flag.key)) throw usageError(`flag '${flag.name}' cannot be repeated`, flag.name);
      if (value === '' && flag.spec.kind === 'string' && flag.spec.emptyIsUnset) continue;
      values[flag.key] = typeof value === 'boolean' ? value : convert(flag, value);
    }
    for (const flag of this.long.values()) {
      const isOffered = flag.spec.unavailable === undefined && !Object.hasOwn(BUILT_IN, flag.key);
      if (isOffered && !Object.hasOwn(values, flag.key)) values[flag.key] = this.missing(flag);
    }
    return values;
  }

  private missing(flag: Flag): unknown {
    const { spec, key } = flag;
    const fromEnv = spec.env === undefined ? undefined : this.env[spec.env];
    // A variable that is read elsewhere comes before the settings file too.
    const isSetElsewhere = spec.variables?.some((name) => this.env[name]) ?? false;
    const fromFile = isSetElsewhere ? undefined : this.settings?.get(key);
    if (fromEnv && spec.env !== undefined) this.origins[key] = { type: 'environment', name: spec.env };
    else if (fromFile !== undefined) this.origins[key] = fromFile.origin;
    if (spec.kind === 'list')
      return String(fromEnv || (fromFile?.value ?? ''))
        .split(/\s+/)
        .filter(Boolean);
    if (fromEnv) return spec.kind === 'boolean' ? truth(fromEnv, `$${spec.env}`) : convertVariable(flag, fromEnv);
    if (fromFile !== undefined) return fromFile.value;
    if (spec.kind === 'boolean') return spec.default ?? false;
    return spec.kind === 'duration' ? undefined : spec.default;
  }

  private argValues(specs: ArgSpecs): Values {
    const values: Values = {};
    let index = 0;
    for (const [name, spec] of Object.entries(specs)) {
      const value = this.positionals[index] ?? ((spec.env !== undefined && this.env[spec.env]) || undefined);
      if (spec.kind === 'required' && value === undefined) throw usageError(`required argument '${name}' not provided`);
      values[name] = spec.kind === 'rest' ? this.positionals.slice(index) : value;
      index += 1;
    }
    return values;
  }
}

/** A flag's value as text -> as the command gets it. @throws VaultError USAGE */
export function convert(flag: Pick<Flag, 'name' | 'spec'>, text: string): unknown {
  const { spec } = flag;
  // AWS takes whole seconds.
  if (spec.kind === 'duration') return Math.trunc(parseDuration(text));
  if (spec.kind === 'string') spec.check?.(text);
  if (spec.kind !== 'choice' || spec.choices.includes(text)) return text;
  if (spec.refusal === undefined) {
    throw usageError(`enum value must be one of ${spec.choices.join(',')}, got '${text}'`, flag.name);
  }
  throw new VaultError('USAGE', spec.refusal(text), { details: { flag: flag.name } });
}

/** A refusal says in which variable the value is: nobody has typed it just now. @throws VaultError USAGE */
function convertVariable(flag: Flag, text: string): unknown {
  try {
    return convert(flag, text);
  } catch (error) {
    const name = String(flag.spec.env);
    if (!(error instanceof VaultError) || error.message.includes(name)) throw error;
    throw new VaultError(error.code, error.message.replace(/(, try --help)?$/, ` (in $${name})$1`), {
      details: error.details,
    });
  }
}

const TRUE = ['1', 't', 'true', 'y', 'yes', 'on'];
const FALSE = ['0', 'f', 'false', 'n', 'no', 'off'];

/** A switch outside the command line. @throws VaultError USAGE naming `where` it was set */
export function truth(text: string, where: string): boolean {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw usageError(`${where} must be true or false, got '${text.slice(0, 40)}'`);
}
