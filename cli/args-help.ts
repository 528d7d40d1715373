import { GRAMMAR } from './args.ts';
import {
  type ArgSpec,
  type CommandSpec,
  type FlagSpec,
  flagName,
  type Grammar,
  type HelpRequest,
} from './args-grammar.ts';
import { globalFlags } from './args-parse.ts';

const WIDTH = 80;
// Wider left columns put their help on the next line.
const MAX_LEFT = 32;

const SETTINGS =
  'Flags can be set for good in ~/.config/keyturn/config, by their names: "backend = file", and those of one command below its ' +
  'name in brackets: "[exec]", "duration = 2h". Variables and the command line come before it.';

type Flags = Readonly<Record<string, FlagSpec>>;
type Named = readonly [name: string, command: CommandSpec];

/**
 * The text of `--help`, `help COMMAND`, `--help-long` (stderr) and `--help-man` (roff, for stdout), made from the table of
 * commands, so that it cannot say anything else than what is parsed.
 */
export function renderHelp(
  { topic, of }: Omit<HelpRequest, 'command'>,
  program: string,
  grammar: Grammar = GRAMMAR,
): string {
  if (topic === 'man') return manPage(program, grammar);
  if (topic === 'long') return longHelp(program, grammar);
  const command = of === undefined ? undefined : grammar.commands[of];
  if (of !== undefined && command !== undefined) return commandHelp(program, [of, command], grammar);
  return overview(program, of, grammar);
}

/** The program's, or that of a group of commands such as `host`. */
function overview(program: string, group: string | undefined, grammar: Grammar): string {
  const commands = visibleCommands(grammar).filter(([name]) => group === undefined || name.startsWith(`${group} `));
  return sections([
    `usage: ${[program, ...(group === undefined ? [] : [group]), '[<flags>] <command> [<args> ...]'].join(' ')}`,
    ...(group === undefined ? wrap(grammar.help, '') : []),
    flagSection('Flags', globalFlags(grammar)),
    section('Commands', columns(commands.map((named) => [synopsis(named), named[1].help]))),
    wrap(`Flags of a command: ${program} help <command>. ${SETTINGS}`, '').join('\n'),
  ]);
}

function commandHelp(program: string, [name, command]: Named, grammar: Grammar): string {
  return sections([
    `usage: ${program} ${synopsis([name, command])}`,
    ...description(command, ''),
    flagSection('Flags', command.flags),
    argSection(command.args),
    flagSection('Global flags', globalFlags(grammar)),
  ]);
}

function longHelp(program: string, grammar: Grammar): string {
  const commands = visibleCommands(grammar).map((named) => {
    const [, command] = named;
    const details = [...flagRows(command.flags), ...argRows(command.args)];
    const lines = [`  ${synopsis(named)}`, ...description(command, '    ')];
    return [...lines, ...(details.length > 0 ? ['', columns(details, '    ')] : [])].join('\n');
  });
  const head = [`usage: ${program} [<flags>] <command> [<args> ...]`, ...wrap(grammar.help, '')];
  const foot = wrap(SETTINGS, '').join('\n');
  return sections([...head, flagSection('Flags', globalFlags(grammar)), 'Commands:', ...commands, foot]);
}

function description({ help, details, aliases }: CommandSpec, indent: string): string[] {
  const other = aliases === undefined ? [] : [`Also: ${aliases.join(', ')}.`];
  return [
    [help, ...(details === undefined ? [] : [details]), ...other].flatMap((text) => wrap(text, indent)).join('\n'),
  ];
}

function visibleCommands(grammar: Grammar): Named[] {
  return Object.entries(grammar.commands).filter(([, { hidden, unavailable }]) => !hidden && unavailable === undefined);
}

function visibleFlags(flags: Flags): [string, FlagSpec][] {
  return Object.entries(flags).filter(([, { hidden, unavailable }]) => !hidden && unavailable === undefined);
}

/** `exec [<flags>] <profile> [<cmd>] [<args>...]` */
function synopsis([name, { flags, args }]: Named): string {
  const words = Object.entries(args).map(([arg, spec]) => argWord(arg, spec));
  return [name, ...(visibleFlags(flags).length > 0 ? ['[<flags>]'] : []), ...words].join(' ');
}

function argWord(name: string, { kind }: ArgSpec): string {
  if (kind === 'required') return `<${name}>`;
  return kind === 'rest' ? `[<${name}>...]` : `[<${name}>]`;
}

function flagSection(title: string, flags: Flags): string {
  return section(title, columns(flagRows(flags)));
}

function argSection(args: CommandSpec['args']): string {
  return section('Args', columns(argRows(args)));
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}:\n${body}`;
}

function argRows(args: CommandSpec['args']): [string, string][] {
  return Object.entries(args).map(([name, spec]) => [argWord(name, spec), spec.help]);
}

function flagRows(flags: Flags): [string, string][] {
  return visibleFlags(flags).map(([key, spec]) => [flagUsage(key, spec), flagHelp(spec)]);
}

/** `-d, --duration=DURATION`, `--[no-]debug` */
function flagUsage(key: string, spec: FlagSpec): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  const isOnce = key === 'help' || key === 'version';
  if (spec.kind === 'boolean') return `${short}--${isOnce ? '' : '[no-]'}${flagName(key)}`;
  return `${short}--${flagName(key)}=${spec.placeholder ?? flagName(key).split('-').at(-1)?.toUpperCase() ?? ''}`;
}

function flagHelp(spec: FlagSpec): string {
  const preset = spec.kind === 'string' || spec.kind === 'choice' ? spec.default : undefined;
  const notes = [
    ...(preset === undefined ? [] : [`default: ${preset}`]),
    ...(spec.env === undefined ? [] : [`$${spec.env}`]),
  ];
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`;
}

function columns(rows: readonly (readonly [left: string, right: string])[], indent = '  '): string {
  const left = Math.min(MAX_LEFT, Math.max(0, ...rows.map(([text]) => text.length)));
  const margin = `${indent}${' '.repeat(left)}  `;
  return rows
    .flatMap(([text, help]) => {
      const [first = '', ...rest] = wrap(help, margin);
      return text.length > left
        ? [indent + text, first, ...rest]
        : [`${indent}${text.padEnd(left)}  ${first.trimStart()}`, ...rest];
    })
    .join('\n');
}

/** Lines of at most 80 columns; a word is never broken. */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, indent + line];
}

function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function manPage(program: string, grammar: Grammar): string {
  const commands = visibleCommands(grammar).flatMap((named) => [
    '.SS',
    `\\fB${roff(synopsis(named))}\\fR`,
    roff([named[1].help, named[1].details ?? ''].join(' ').trim()),
    ...roffRows([...flagRows(named[1].flags), ...argRows(named[1].args)]),
  ]);
  const lines = [
    `.TH ${roff(program)} 1`,
    '.SH NAME',
    `${roff(program)} \\- ${roff(grammar.help)}`,
    '.SH SYNOPSIS',
    '.TP',
    `\\fB${roff(program)} [<flags>] <command> [<args> ...]\\fR`,
    '.SH OPTIONS',
    ...roffRows(flagRows(globalFlags(grammar))),
    '.SH COMMANDS',
    ...commands,
    '.SH FILES',
    '.TP',
    '\\fI~/.config/keyturn/config\\fR',
    roff(SETTINGS),
  ];
  return `${lines.join('\n')}\n`;
}

function roffRows(rows: readonly (readonly [string, string])[]): string[] {
  return rows.flatMap(([left, right]) => ['.TP', `\\fB${roff(left.trim())}\\fR`, roff(right)]);
}

/** Text that roff prints as it is: backslashes, hyphens, and a dot or quote that would start a request. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return escaped.startsWith('.') || escaped.startsWith("'") ? `\\&${escaped}` : escaped;
}
