import { readFileSync, statSync } from 'node:fs';
import { VaultError } from './errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type SettingLine = {
  /** The command it is for, as its section names it; empty for every command. */
  readonly section: string;
  /** The flag's name, without dashes. */
  readonly key: string;
  readonly value: string;
  readonly line: number;
};

/** What a person wants Keyturn's own flags to be. Neither secrets nor anything of AWS's belongs there. */
export type SettingsFile = { readonly path: string; readonly lines: readonly SettingLine[] };

/** `$XDG_CONFIG_HOME/keyturn/config`, where a relative XDG_CONFIG_HOME is ignored, as the XDG rules want it. */
export function settingsFilePath(env: Env, homeDir: string): string {
  const configHome = env.XDG_CONFIG_HOME;
  return `${configHome?.startsWith('/') ? configHome : `${homeDir}/.config`}/keyturn/config`;
}

/**
 * Reads the settings file: `flag = value` lines, those of one command below its `[command]`; comments as in AWS's files. One
 * that is missing, which is the rule, costs one look and no more.
 * @throws VaultError CONFIG_INVALID with file and line
 */
export function readSettingsFile(path: string): SettingsFile | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const lines: SettingLine[] = [];
  let section = '';
  let line = 0;
  for (const source of text.split('\n')) {
    line += 1;
    const content = source.replace(/(^|\s)[#;].*$/, '').trim();
    if (content === '') continue;
    if (content.startsWith('[')) {
      if (!content.endsWith(']')) throw settingInvalid({ path, line }, 'a section header must end with ]');
      section = content.slice(1, -1).trim();
      if (section === '') throw settingInvalid({ path, line }, 'a section must have the name of a command');
      continue;
    }
    const equals = content.indexOf('=');
    const key = content.slice(0, Math.max(0, equals)).trim();
    if (key === '') throw settingInvalid({ path, line }, 'expected "flag = value", a [command], or a comment');
    lines.push({ section, key, value: content.slice(equals + 1).trim(), line });
  }
  return { path, lines };
}

/** What is wrong with a line of the settings file. */
export function settingInvalid(at: { readonly path: string; readonly line: number }, problem: string): VaultError {
  const details = { file: at.path, line: at.line };
  return new VaultError('CONFIG_INVALID', `${at.path}:${at.line}: ${problem}; correct that line`, { details });
}

/**
 * The settings of every command by the flag's key (`fileDir` for `file-dir`), for the host, which has no command line. What is
 * meant for the command line alone is checked there.
 */
export function sharedSettings(file: SettingsFile | undefined): Readonly<Record<string, string>> {
  const shared: Record<string, string> = {};
  for (const { section, key, value } of file?.lines ?? []) {
    if (section === '' && value !== '')
      shared[key.replaceAll(/-([a-z])/g, (_, letter) => letter.toUpperCase())] = value;
  }
  return shared;
}

function readText(path: string): string | undefined {
  try {
    // Asked first: the error for a missing file costs more than all that is done here.
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    // A pipe or a device may never end.
    if (!status.isFile()) throw Object.assign(new Error('not a file'), { code: 'it is not a file' });
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const message = `the settings file ${JSON.stringify(path)} cannot be read (${String(code)}); mend or remove it`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file: path }, cause: error });
  }
}
