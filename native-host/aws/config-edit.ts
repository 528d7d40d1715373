import { VaultError } from '../errors.ts';
import { changeConfigFile, profileHeader } from './config-file.ts';
import { type ScannedSection, scanConfig } from './config-scan.ts';

/**
 * Sets one key of a profile and changes no other byte: the line of the key where it has one (the last, which is the one that
 * counts), with its spelling, blanks and comment; else a new line after the profile's last one; else a new section.
 * @param value no line breaks, no ` #` or ` ;`
 * @throws VaultError CONFIG_INVALID when the file cannot be read or written, or its lines are such that the value would not be
 *   read back; USAGE for a name no section can have
 */
export function setProfileValue(file: string, profile: string, { key, value }: { key: string; value: string }): void {
  if (/[\p{Cc}]|\s[#;]/u.test(value)) throw new VaultError('INTERNAL', `${key} cannot hold such a value`);
  changeConfigFile(file, (before) => {
    const sections = scanConfig(before.toString('utf8'), file);
    // Bytes as characters: a comment in another encoding than UTF-8 has to come out as it went in.
    const lines = before.toString('latin1').split('\n');
    const after = Buffer.from(edited(lines, sections, { profile, key, value }), 'latin1');
    if (valueIn(scanConfig(after.toString('utf8'), file), { profile, key }) === value) return after;
    const message = `${file}: ${key} of profile ${JSON.stringify(profile)} cannot be changed without touching other lines; set it to ${value} yourself`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file, profile } });
  });
}

type Setting = { readonly profile: string; readonly key: string; readonly value: string };

function sectionsOf(profile: string, sections: readonly ScannedSection[]): ScannedSection[] {
  return sections.filter(({ type, name }) => type === 'profile' && name === profile);
}

function valueIn(sections: readonly ScannedSection[], { profile, key }: Omit<Setting, 'value'>): string | undefined {
  const name = key.toLowerCase();
  return sectionsOf(profile, sections)
    .findLast(({ keyLines }) => keyLines.has(name))
    ?.values.get(name);
}

function edited(lines: readonly string[], sections: readonly ScannedSection[], setting: Setting): string {
  const key = setting.key.toLowerCase();
  const value = Buffer.from(setting.value).toString('latin1');
  const own = sectionsOf(setting.profile, sections);
  const number = own.findLast(({ keyLines }) => keyLines.has(key))?.keyLines.get(key);
  if (number !== undefined) return lines.with(number - 1, replaced(lines[number - 1] ?? '', value)).join('\n');
  const section = own.at(-1);
  const end = lines.some((line) => line.endsWith('\r')) ? '\r' : '';
  const added = `${setting.key} = ${value}${end}`;
  if (section === undefined) {
    const header = Buffer.from(profileHeader(setting.profile)).toString('latin1');
    return appended(lines, `${header}${end}\n${added}\n`, end);
  }
  const next = sections.find(({ line }) => line > section.line);
  const after = lastLine(lines, { from: section.line, to: next === undefined ? lines.length : next.line - 1 });
  // The last line of a file may lack its line end, also the \r of it.
  const head = lines.slice(0, after).map((line) => (line.endsWith('\r') ? line : line + end));
  const tail = lines.slice(after);
  return [...head, added, ...(tail.length === 0 ? [''] : tail)].join('\n');
}

/** `key = old  # why` with another value. */
function replaced(line: string, value: string): string {
  const [, start = '', , tail = ''] = /^([^=]*=[^\S\r]*)(.*?)(\s+[#;].*|\s*)$/s.exec(line) ?? [];
  return start + value + tail;
}

/** The 1-based number of the last line that says something; empty lines and comments after it belong to the next section. */
function lastLine(lines: readonly string[], { from, to }: { readonly from: number; readonly to: number }): number {
  return from + lines.slice(from, to).findLastIndex((text) => /^\s*[^\s#;]/.test(text)) + 1;
}

function appended(lines: readonly string[], section: string, end: string): string {
  const text = lines.join('\n');
  if (text === '') return section;
  return `${text}${text.endsWith('\n') ? '' : `${end}\n`}${end}\n${section}`;
}
