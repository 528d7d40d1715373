import path from 'node:path';

const WIDTH = 80;
const PROSE_INDENT = 2;
const SHELL_INDENT = 4;

const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

function style(codes: string, text: string): string {
  return isColoured ? `\x1b[${codes}m${text}\x1b[0m` : text;
}

const bold = (text: string): string => style('1', text);
const quiet = (text: string): string => style('2', text);
const typed = (text: string): string => style('36', text);

let steps = 0;

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function title(text: string): void {
  write(`\n${bold(text)}\n${quiet('='.repeat(text.length))}`);
}

/** The next numbered step of the tour. */
export function step(text: string): void {
  steps += 1;
  heading(`${steps}. ${text}`);
}

export function heading(text: string): void {
  write(`\n\n${bold(text)}`);
}

/** A paragraph, with a blank line before it. */
export function say(text: string): void {
  write('');
  for (const line of wrapped(text, WIDTH - PROSE_INDENT)) write(' '.repeat(PROSE_INDENT) + line);
}

/** A command as a person types it: lines after the first are its continuation. */
export function command(lines: readonly string[]): void {
  write('');
  more(lines);
}

/** A command right below the one before it. */
export function more(lines: readonly string[]): void {
  const last = lines.length - 1;
  lines.forEach((line, at) => {
    const prompt = at === 0 ? quiet('$ ') : '    ';
    write(`${' '.repeat(SHELL_INDENT)}${prompt}${typed(line)}${at < last ? quiet(' \\') : ''}`);
  });
}

/** What a program printed, or the lines of a file; too long lines are folded. */
export function output(text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    const [first = '', ...rest] = folded(line.trimEnd(), WIDTH - SHELL_INDENT);
    write(first === '' ? '' : ' '.repeat(SHELL_INDENT) + first);
    for (const piece of rest) write(' '.repeat(SHELL_INDENT + 4) + piece);
  }
}

/** Like `output`, but set apart by a blank line and not what a program said. */
export function block(lines: readonly string[]): void {
  write('');
  output(lines.join('\n'));
}

/** Names and their values, one below the other. */
export function pairs(rows: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  write('');
  for (const [name, value] of Object.entries(rows)) {
    write(`${' '.repeat(SHELL_INDENT)}${quiet(name.padEnd(width))}  ${value}`);
  }
}

/** Rows of cells in columns. */
export function table(rows: readonly (readonly string[])[]): void {
  const widthOf = (column: number): number => Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  block(rows.map((cells) => cells.map((cell, column) => cell.padEnd(widthOf(column))).join('   ')));
}

/** A path as seen from where the command was started. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : `./${relative}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Breaks where a blank or a slash allows it, as late as possible. */
function folded(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const breaks = [line.lastIndexOf(' ', width - 1), line.lastIndexOf('/', width - 2)].map((at) => at + 1);
  const at = breaks.find((one) => one > width / 3) ?? width;
  return [line.slice(0, at).trimEnd(), ...folded(line.slice(at), width - 4)];
}
