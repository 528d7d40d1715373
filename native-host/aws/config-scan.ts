import { VaultError } from '../errors.ts';

/** One physical section of an AWS config file: where it starts, which lines belong to it, on which line each key stands. */
export type ScannedSection = {
  readonly type: 'profile' | 'sso-session' | 'services' | 'other';
  readonly name: string;
  /** 1-based line of the header. */
  readonly line: number;
  /** The lines after the header, as they stand in the file. */
  readonly body: readonly string[];
  /** Lower-case key -> 1-based line. Nested keys are not listed. */
  readonly keyLines: ReadonlyMap<string, number>;
};

type OpenSection = Omit<ScannedSection, 'body' | 'keyLines'> & { body: string[]; keyLines: Map<string, number> };

/**
 * Finds the sections of an AWS config file and refuses lines that no AWS tool would understand, so that a typing error is
 * reported with its line instead of silently dropping a setting. Values are not read here: AWS's own loader does that.
 * @throws VaultError CONFIG_INVALID with file and line
 */
export function scanConfig(text: string, file: string): ScannedSection[] {
  const sections: OpenSection[] = [];
  for (const [index, line] of lines(text).entries()) {
    const content = withoutComment(line);
    if (content.startsWith('[')) {
      sections.push(openSection(content, index + 1, file));
      continue;
    }
    const section = sections.at(-1);
    section?.body.push(line);
    if (content !== '') checkLine({ line, content, number: index + 1, file, section });
  }
  return sections;
}

/** The lines of a file without line ends; a byte order mark at its start is no part of the first line. */
export function lines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

// The same rule as AWS's loader: a comment starts at the line's first column or after a blank.
function withoutComment(line: string): string {
  return (line.split(/(?:^|\s)[;#]/, 1)[0] ?? '').trim();
}

function openSection(content: string, line: number, file: string): OpenSection {
  if (!content.endsWith(']')) {
    throw invalid(file, line, `section header ${quote(content)} has no closing ]`);
  }
  return { ...sectionName(content.slice(1, -1).trim()), line, body: [], keyLines: new Map() };
}

function sectionName(title: string): Pick<ScannedSection, 'type' | 'name'> {
  if (title === 'default') return { type: 'profile', name: 'default' };
  const match = /^(profile|sso-session|services)\s+(.*)$/.exec(title);
  if (match === null) return { type: 'other', name: title };
  const [, type, name] = match;
  const unquoted = /^(["'])(.*)\1$/.exec(name ?? '')?.[2] ?? name ?? '';
  // `[profile default]` is another section than `[default]`; aws-vault reads only the latter, and so do we.
  if (type === 'profile') return unquoted === 'default' ? { type: 'other', name: title } : { type, name: unquoted };
  return { type: type === 'sso-session' ? 'sso-session' : 'services', name: unquoted };
}

type Line = { line: string; content: string; number: number; file: string; section: OpenSection | undefined };

function checkLine({ line, content, number, file, section }: Line): void {
  const isIndented = /^\s/.test(line);
  const equals = content.indexOf('=');
  if (section === undefined) {
    throw invalid(file, number, `${quote(keyPart(content))} stands before any section header such as [profile NAME]`);
  }
  // Indented text without a key continues the value above it.
  if (equals <= 0 && isIndented && section.body.length > 1) return;
  if (equals <= 0) throw invalid(file, number, `${quote(keyPart(content))} is not of the form key = value`);
  section.keyLines.set(content.slice(0, equals).trim().toLowerCase(), number);
}

/** Never more of a bad line than its first word: people do paste secrets into this file. */
function keyPart(content: string): string {
  return (content.split(/[\s=:]/, 1)[0] ?? '').slice(0, 40);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function invalid(file: string, line: number, what: string): VaultError {
  return new VaultError('CONFIG_INVALID', `${file}:${line}: ${what}; correct that line`, { details: { file, line } });
}
