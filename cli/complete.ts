import { type ArgSpec, type CommandSpec, type FlagSpec, flagName, type Grammar } from './args-grammar.ts';
import { globalFlags } from './args-parse.ts';

export type Candidate = { readonly value: string; readonly description: string };

/**
 * What may stand where the cursor is. `candidates` of the current word, whole words, in the order to show them; or `directories`;
 * or what the program that begins at `word` (0 is the first word after ours) takes, which its own completion knows.
 */
export type Completion =
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'directories' }
  | { readonly kind: 'command'; readonly word: number };

export type CompleteOptions = {
  readonly grammar: Grammar;
  /** Services of the console. */
  readonly services: () => Promise<readonly string[]>;
  /** Sessions of IAM Identity Center, then the profiles that use one. */
  readonly ssoNames: () => Promise<readonly string[]>;
  readonly profiles: (options: { readonly stored: boolean }) => Promise<readonly string[]>;
};

const DURATIONS = ['15m', '30m', '1h', '2h', '4h', '8h', '12h'];

/** Completes `current`, the word at the cursor, after the words before it (without the program's name). */
export async function complete(
  before: readonly string[],
  current: string,
  options: CompleteOptions,
): Promise<Completion> {
  const place = placeAfter(before, options.grammar);
  if (place.command !== undefined) return { kind: 'command', word: place.command };
  if (place.pendingFlag !== undefined) return flagValues(place.pendingFlag, '', options);
  const equals = current.indexOf('=');
  if (!place.isLiteral && current.startsWith('--') && equals > 0) {
    const flag = place.flags.get(current.slice(2, equals));
    return flag === undefined ? none() : flagValues(flag, current.slice(0, equals + 1), options);
  }
  if (!place.isLiteral && current.startsWith('-')) return candidates(flagCandidates(place, current));
  return place.arg === undefined ? candidates(place.words) : argument(place.arg, before.length, options);
}

type Place = {
  readonly flags: ReadonlyMap<string, FlagSpec>;
  /** The flag the next word is the value of. */
  readonly pendingFlag: FlagSpec | undefined;
  readonly isLiteral: boolean;
  /** Names of commands that may come. */
  readonly words: readonly Candidate[];
  readonly arg: ArgSpec | undefined;
  /** The word that is the program to run, if it has come already. */
  readonly command: number | undefined;
};

function placeAfter(before: readonly string[], grammar: Grammar): Place {
  const walk = new Walk(grammar);
  for (const [index, word] of before.entries()) walk.take(word, index);
  return walk.place();
}

/** The parser's way through the words, for a command line that is not finished and may be wrong. */
class Walk {
  private readonly grammar: Grammar;
  private readonly flags = new Map<string, FlagSpec>();
  private path = '';
  private isHelp = false;
  private isLiteral = false;
  private args = 0;
  private pendingFlag: FlagSpec | undefined;
  private command: number | undefined;

  constructor(grammar: Grammar) {
    this.grammar = grammar;
    this.addFlags(globalFlags(grammar));
  }

  take(word: string, index: number): void {
    if (this.pendingFlag !== undefined) this.pendingFlag = undefined;
    else if (!this.isLiteral && word === '--') this.isLiteral = true;
    else if (!this.isLiteral && word.startsWith('-') && word !== '-') this.takeFlag(word);
    else this.takeWord(word, index);
  }

  place(): Place {
    const { flags, pendingFlag, isLiteral, command } = this;
    const arg = this.isHelp ? undefined : this.nextArg();
    const isOver = arg === undefined && !this.isHelp && this.spec() !== undefined;
    return { flags, pendingFlag, isLiteral, command, arg, words: isOver ? [] : this.nextWords() };
  }

  private spec(): CommandSpec | undefined {
    return this.grammar.commands[this.path];
  }

  private addFlags(flags: Readonly<Record<string, FlagSpec>>): void {
    for (const [key, spec] of Object.entries(flags)) {
      this.flags.set(flagName(key), spec);
      if (spec.short !== undefined) this.flags.set(spec.short, spec);
    }
  }

  private takeFlag(word: string): void {
    if (word.startsWith('--')) {
      const flag = word.includes('=') ? undefined : this.flags.get(word.slice(2));
      if (flag !== undefined && flag.kind !== 'boolean') this.pendingFlag = flag;
      return;
    }
    for (const [index, short] of [...word.slice(1)].entries()) {
      const flag = this.flags.get(short);
      if (flag === undefined || flag.kind === 'boolean') continue;
      if (index === [...word].length - 2) this.pendingFlag = flag;
      return;
    }
  }

  private takeWord(word: string, index: number): void {
    if (this.spec() === undefined || this.isHelp) this.takeName(word);
    else {
      this.skipToLiteral();
      if (this.nextArg()?.completes === 'command') this.command ??= index;
      this.args += 1;
    }
  }

  private takeName(word: string): void {
    if (this.path === '' && word === 'help') {
      this.isHelp = true;
      return;
    }
    const wanted = this.path === '' ? word : `${this.path} ${word}`;
    const name = Object.entries(this.grammar.commands).find(
      ([candidate, { aliases }]) => candidate === wanted || aliases?.includes(wanted),
    )?.[0];
    this.path = name ?? wanted;
    this.addFlags(this.spec()?.flags ?? {});
  }

  private nextArg(): ArgSpec | undefined {
    this.skipToLiteral();
    const specs = Object.values(this.spec()?.args ?? {});
    const last = specs.at(-1);
    return specs[this.args] ?? (last?.kind === 'rest' ? last : undefined);
  }

  private skipToLiteral(): void {
    const first = Object.values(this.spec()?.args ?? {})[0];
    if (this.isLiteral && this.args === 0 && first?.beforeDashes) this.args = 1;
  }

  /** The next word of every command's name that begins with what has come. */
  private nextWords(): Candidate[] {
    const prefix = this.path === '' ? '' : `${this.path} `;
    const found = new Map<string, string>();
    for (const [name, { help, hidden, unavailable }] of Object.entries(this.grammar.commands)) {
      if (hidden || unavailable !== undefined || !name.startsWith(prefix)) continue;
      const [word = '', ...more] = name.slice(prefix.length).split(' ');
      if (!found.has(word)) found.set(word, more.length === 0 ? help : '');
    }
    if (this.path === '' && !this.isHelp) found.set('help', 'Show help for a command.');
    return [...found].map(([value, description]) => ({ value, description }));
  }
}

async function argument({ completes, kind }: ArgSpec, word: number, options: CompleteOptions): Promise<Completion> {
  if (completes === 'command') return { kind: 'command', word };
  if (completes === 'profile' || completes === 'stored') {
    const profiles = await options.profiles({ stored: completes === 'stored' });
    return candidates(profiles.map((value) => ({ value, description: '' })));
  }
  if (completes === 'service' || completes === 'sso') {
    const names = await (completes === 'sso' ? options.ssoNames() : options.services());
    return candidates(names.map((value) => ({ value, description: '' })));
  }
  if (completes !== undefined && kind !== 'rest')
    return candidates(completes.map((value) => ({ value, description: '' })));
  return none();
}

async function flagValues(flag: FlagSpec, prefix: string, { services }: CompleteOptions): Promise<Completion> {
  const values = (list: readonly string[]): Completion =>
    candidates(list.map((value) => ({ value: prefix + value, description: '' })));
  if (flag.kind === 'choice') return values(flag.choices);
  if (flag.kind === 'duration') return values(DURATIONS);
  if (flag.kind === 'string' && flag.completes === 'service') return values(await services());
  return flag.kind === 'string' && flag.placeholder === 'DIR' ? { kind: 'directories' } : none();
}

function flagCandidates({ flags }: Place, current: string): Candidate[] {
  const isNegated = current.startsWith('--no-');
  const found: Candidate[] = [];
  for (const [name, { help, hidden, unavailable, kind }] of flags) {
    if (name.length === 1 || hidden || unavailable !== undefined) continue;
    found.push({ value: `--${name}`, description: help });
    if (kind === 'boolean' && isNegated && name !== 'help' && name !== 'version') {
      found.push({ value: `--no-${name}`, description: '' });
    }
  }
  return found;
}

function candidates(list: readonly Candidate[]): Completion {
  return { kind: 'candidates', candidates: list };
}

function none(): Completion {
  return candidates([]);
}
