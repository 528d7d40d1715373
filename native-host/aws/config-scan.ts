import { VaultError } from '../errors.ts';

/** One physical section of an AWS config file: where it starts, what it says, and on which line it says it. */
export type ScannedSection = {
  /** `profile-default`: a `[profile default]`, which counts only where there is no `[default]`. */
  readonly type: 'profile' | 'profile-default' | 'sso-session' | 'services' | 'other';
  readonly name: string;
  /** 1-based line of the header. */
  readonly line: number;
  /** Lower-case key -> value, never empty; nested keys are `parent.child`. */
  readonly values: ReadonlyMap<string, string>;
  /** Lower-case key, also one without a value -> 1-based line; nested keys are `parent.child`. */
  readonly keyLines: ReadonlyMap<string, number>;
};

type OpenSection = Pick<ScannedSection, 'type' | 'name' | 'line'> & {
  readonly values: Map<string, string>;
  readonly keyLines: Map<string, number>;
  /** The key whose value was empty: indented keys after it are its own. */
  parent: string | undefined;
  /** The key that an indented line without a key goes on with. */
  last: string | undefined;
  /** Whether the last value ended in a backslash. */
  isContinued: boolean;
};

type Line = { readonly line: string; readonly content: string; readonly number: number; readonly file: string };

/**
 * Reads the sections of an AWS config file by the rules of AWS's SDKs and refuses lines that no AWS tool would understand, so
 * that a typing error is reported with its line instead of silently dropping a setting.
 * @throws VaultError CONFIG_INVALID with file and line
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html and docs/decisions.md
 */
export function scanConfig(text: string, file: string): ScannedSection[] {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const all = content.endsWith('\n') ? content : `${content}\n`;
  const sections: ScannedSection[] = [];
  let number = 1;
  for (let start = 0; start < all.length; ) {
    const plainEnd = endOfPlainSection(all, start);
    const end = plainEnd ?? startOfNextSection(all, start);
    const part = { text: all.slice(start, end), number, file };
    if (plainEnd === undefined) sections.push(...scanLines(part));
    else sections.push(new PlainSection(part));
    number += lineCount(all, start, end);
    start = end;
  }
  return sections;
}

type Part = { readonly text: string; readonly number: number; readonly file: string };

/**
 * A header and lines of `key = value` or comments, as nearly every section is: nothing in it can be wrong or go on from line to
 * line. All others are read at once, by every rule.
 */
const PLAIN_SECTION = /\[[^\]\n\r#;]*\][ \t]*\n(?:(?:[\w-]+[ \t]*=[^\n\r\\]*|[#;][^\n\r]*|[ \t]*)\n)*/y;

function endOfPlainSection(text: string, start: number): number | undefined {
  PLAIN_SECTION.lastIndex = start;
  if (!PLAIN_SECTION.test(text)) return undefined;
  const end = PLAIN_SECTION.lastIndex;
  return end === text.length || text[end] === '[' ? end : undefined;
}

function startOfNextSection(text: string, start: number): number {
  const next = /\n[^\S\n]*\[/g;
  next.lastIndex = start;
  const found = next.exec(text);
  return found === null ? text.length : found.index + 1;
}

function lineCount(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Of thousands of profiles a command needs one or two: the lines of the others are never taken apart. */
class PlainSection implements ScannedSection {
  readonly type: ScannedSection['type'];
  readonly name: string;
  readonly line: number;
  readonly #part: Part;
  #scanned: ScannedSection | undefined;

  constructor(part: Part) {
    this.#part = part;
    const { type, name } = sectionName(part.text.slice(1, part.text.indexOf(']')).trim());
    this.type = type;
    this.name = name;
    this.line = part.number;
  }

  get values(): ReadonlyMap<string, string> {
    return this.#read()?.values ?? new Map();
  }

  get keyLines(): ReadonlyMap<string, number> {
    return this.#read()?.keyLines ?? new Map();
  }

  #read(): ScannedSection | undefined {
    this.#scanned ??= scanLines(this.#part)[0];
    return this.#scanned;
  }
}

function scanLines({ text, number: first, file }: Part): OpenSection[] {
  const sections: OpenSection[] = [];
  let section: OpenSection | undefined;
  let number = first - 1;
  // A split by a pattern takes three times as long, and most files have no carriage return.
  for (const line of text.includes('\r') ? text.split(/\r?\n/) : text.split('\n')) {
    number += 1;
    const content = withoutComment(line);
    if (content.startsWith('[')) {
      section = openSection(content, number, file);
      sections.push(section);
    } else if (content !== '') readLine({ line, content, number, file }, section);
    else if (section !== undefined) section.isContinued = false;
  }
  return sections;
}

// The same rule as AWS's loader: a comment starts at the line's first column or after a blank.
function withoutComment(line: string): string {
  // Most lines have none, and a search for one character costs a tenth of the split.
  if (!line.includes('#') && !line.includes(';')) return line.trim();
  return (line.split(/(?:^|\s)[;#]/, 1)[0] ?? '').trim();
}

function openSection(content: string, line: number, file: string): OpenSection {
  if (!content.endsWith(']')) {
    throw invalid(file, line, `section header ${quote(content)} has no closing ]`);
  }
  const { type, name } = sectionName(content.slice(1, -1).trim());
  const state = { parent: undefined, last: undefined, isContinued: false };
  return { type, name, line, values: new Map(), keyLines: new Map(), ...state };
}

// Without patterns: in a file of thousands of profiles they take most of the time.
function sectionName(title: string): Pick<ScannedSection, 'type' | 'name'> {
  if (title === 'default') return { type: 'profile', name: 'default' };
  const type = typeOf(title);
  if (type === undefined) return { type: 'other', name: title };
  const name = unquoted(title.slice(type.length).trim());
  return { type: type === 'profile' && name === 'default' ? 'profile-default' : type, name };
}

function typeOf(title: string): 'profile' | 'sso-session' | 'services' | undefined {
  if (title.startsWith('profile') && isBlank(title[7])) return 'profile';
  if (title.startsWith('sso-session') && isBlank(title[11])) return 'sso-session';
  return title.startsWith('services') && isBlank(title[8]) ? 'services' : undefined;
}

function unquoted(name: string): string {
  const isQuoted = (name.startsWith('"') || name.startsWith("'")) && name.length > 1 && name.endsWith(name.charAt(0));
  return isQuoted ? name.slice(1, -1) : name;
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

function readLine(at: Line, section: OpenSection | undefined): void {
  const { line, content, number, file } = at;
  if (section === undefined) {
    throw invalid(file, number, `${shownKey(content)} stands before any section header such as [profile NAME]`);
  }
  const isIndented = isBlank(line[0]);
  const equals = content.indexOf('=');
  if (section.isContinued) goOn(section, '', content);
  else if (equals > 0) readKey(at, section, { equals, isIndented });
  else if (isIndented && section.last !== undefined) goOn(section, '\n', content);
  else throw invalid(file, number, `${shownKey(content)} is not of the form key = value`);
}

function readKey(at: Line, section: OpenSection, found: { readonly equals: number; isIndented: boolean }): void {
  const { line, content, number } = at;
  const key = content.slice(0, found.equals).trim().toLowerCase();
  if (!found.isIndented) section.parent = undefined;
  const path = section.parent === undefined ? key : `${section.parent}.${key}`;
  const text = readValue(key, line.slice(line.indexOf('=') + 1), content.slice(found.equals + 1).trim());
  section.keyLines.set(path, number);
  section.isContinued = text.endsWith(' \\');
  const value = section.isContinued ? text.slice(0, -1) : text;
  section.last = path;
  // The last of duplicates wins, also when it takes the value away.
  if (value === '') section.values.delete(path);
  else section.values.set(path, value);
  if (value === '') section.parent ??= key;
}

/**
 * A value without the comment behind it and the quotes around it. A command line is the shell's, as it is the AWS CLI's: `;` and
 * `#` in it are its own, and the quotes of credential_process belong to the command.
 */
function readValue(key: string, raw: string, content: string): string {
  const text = key.endsWith('_process') ? raw.trim() : content;
  if (key === 'credential_process' || !/^\s*["']/.test(raw)) return text;
  return /^(["'])(.*?)\1\s*(?:\s[#;].*)?$/.exec(raw.trim())?.[2] ?? text;
}

/** An indented line without a key goes on with the value above it, as it does for the AWS CLI; after a backslash, on its line. */
function goOn(section: OpenSection, joint: string, content: string): void {
  section.isContinued = content.endsWith(' \\');
  const text = section.isContinued ? content.slice(0, -1) : content;
  const before = section.last === undefined ? undefined : section.values.get(section.last);
  if (section.last !== undefined && before !== undefined) section.values.set(section.last, `${before}${joint}${text}`);
}

/** Of a bad line its first word, and that only if it can be a key's name: people do paste secrets into this file. */
function shownKey(content: string): string {
  const word = content.split(/[\s=:]/, 1)[0] ?? '';
  return /^[a-z][a-z0-9_.-]{0,39}$/.test(word) ? quote(word) : 'this line';
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function invalid(file: string, line: number, what: string): VaultError {
  return new VaultError('CONFIG_INVALID', `${file}:${line}: ${what}; correct that line`, { details: { file, line } });
}
