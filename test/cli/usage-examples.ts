import fs from 'node:fs';
import path from 'node:path';

/** One `$ command` of a ```console block in a document, with what it is said to print. */
export type Example = {
  readonly section: string;
  readonly line: number;
  readonly command: string;
  readonly output: string;
};

const FILE = path.resolve('USAGE.md');

/** The sections of USAGE.md (their headings without `#` signs), in order. */
export function headings(): string[] {
  return read().flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
}

/** The text of the first code block marked `info`. */
export function codeBlock(info: string): string {
  const lines = read();
  const start = lines.indexOf(`\`\`\`${info}`);
  if (start === -1) throw new Error(`USAGE.md has no \`\`\`${info} block`);
  return `${lines.slice(start + 1, lines.indexOf('```', start)).join('\n')}\n`;
}

/** Every example, in the order of the document. */
export function examples(): Example[] {
  const found: { section: string; line: number; command: string; output: string[] }[] = [];
  let section = '';
  let isConsole = false;
  for (const [index, line] of read().entries()) {
    if (line.startsWith('```')) isConsole = line === '```console';
    else if (!isConsole) section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
    else if (line.startsWith('$ ')) found.push({ section, line: index + 1, command: line.slice(2), output: [] });
    else if (found.at(-1)?.command.endsWith('\\')) continueCommand(found.at(-1), line);
    else found.at(-1)?.output.push(line);
  }
  return found.map((example) => ({ ...example, output: example.output.join('\n') }));
}

/** What an example prints as a pattern: `…` is any text of a line, a line that is `…` any lines; trailing blanks do not count. */
export function asPattern(output: string): RegExp {
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) =>
      line === '…' ? '(?:[^\\n]*\\n)*?' : `${line.trimEnd().split('…').map(escaped).join('[^\\n]*')}[ ]*(?:\\n|$)`,
    );
  return new RegExp(`^${lines.join('')}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function continueCommand(example: { command: string } | undefined, line: string): void {
  if (example) example.command += `\n${line}`;
}

function read(): string[] {
  return fs.readFileSync(FILE, 'utf8').split('\n');
}
