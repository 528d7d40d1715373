import { VaultError } from '../errors.ts';
import { changeConfigFile, profileHeader } from './config-file.ts';
import { type ScannedSection, scanConfig } from './config-scan.ts';

/**
 * Sets one key of a profile and changes no other byte: the line of the key where it has one (the last, which is the one that
 * counts), with its spelling, blanks and comment; else a new line after the profile's last one; else a new section.
 * @param value no line breaks, no ` #` or ` ;`
 * @throws VaultError CONFIG_INVALID when the file cannot be read or written, USAGE for a name no section can have
 */
export function setProfileValue(file: string, profile: string, { key, value }: { key: string; value: string }): void {
  if (/[\p{Cc}]|\s[#;]/u.test(value)) throw new VaultError('INTERNAL', `${key} cannot hold such a value`);
  changeConfigFile(file, (before) => {
    const sections = scanConfig(before.toString('utf8'), file).filter(
      ({ type, name }) => type === 'profile' && name === profile,
    );
    // Bytes as characters: a comment in another encoding than UTF-8 has to come out as it went in.
    const lines = before.toString('latin1').split('\n');
    const text = edited(lines, sections, { profile, key, value });
    return Buffer.from(text, 'latin1');
  });
}

type Setting = { readonly profile: string; readonly key: string; readonly value: string };

function edited(lines: readonly string[], sections: readonly ScannedSection[], setting: Setting): string {
  const key = setting.key.toLowerCase();
  const value = Buffer.from(setting.value).toString('latin1');
  const number = sections.findLast(({ keyLines }) => keyLines.has(key))?.keyLines.get(key);
  if (number !== undefined) return lines.with(number - 1, replaced(lines[number - 1] ?? '', value)).join('\n');
  const section = sections.at(-1);
  const end = lines.some((line) => line.endsWith('\r')) ? '\r' : '';
  const added = `${setting.key} = ${value}${end}`;
  if (section === undefined)
    return appended(lines, `${Buffer.from(profileHeader(setting.profile)).toString('latin1')}${end}\n${added}\n`, end);
  const after = lastLine(section);
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

/** The 1-based number of the last line of a section that says something; empty lines and comments after it belong to the next. */
function lastLine({ line, body }: ScannedSection): number {
  const last = body.findLastIndex((text) => /^\s*[^\s#;]/.test(text));
  return line + last + 1;
}

function appended(lines: readonly string[], section: string, end: string): string {
  const text = lines.join('\n');
  if (text === '') return section;
  return `${text}${text.endsWith('\n') ? '' : `${end}\n`}${end}\n${section}`;
}
