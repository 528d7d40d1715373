import { VaultError } from '../native-host/errors.ts';
import { type SettingLine, type SettingsFile, settingInvalid } from '../native-host/settings-file.ts';
import { type FlagSpec, flagName, type Grammar } from './args-grammar.ts';
import { convert, type FileSettings, truth } from './args-parse.ts';

type Flags = Readonly<Record<string, FlagSpec>>;

/**
 * The values a settings file gives the flags of `command`: those of its own section before those at the top, which are for every
 * command that has the flag. The whole file is checked each time, so that a slip is found at once and not when it matters.
 * @throws VaultError CONFIG_INVALID with file and line
 */
export function settingsFor(command: string, grammar: Grammar, file: SettingsFile): FileSettings {
  const { path } = file;
  const like = grammar.commands[command]?.settingsOf;
  // A flag of this command before one of the same name that another command has.
  const anywhere = { ...allFlags(grammar), ...flagsOf(command, grammar) };
  const found = { common: new Map(), like: new Map(), own: new Map() } satisfies Record<string, FileSettings>;
  const seen = new Set<string>();
  for (const setting of file.lines) {
    const name = commandOf(setting, grammar, path);
    const { flag, value } = read(setting, { flags: name === undefined ? anywhere : flagsOf(name, grammar), path });
    const place = `[${name ?? ''}] ${flag}`;
    if (seen.has(place)) throw settingInvalid({ path, line: setting.line }, `${setting.key} is set a second time`);
    seen.add(place);
    // An empty value is as good as none, as it is in an environment variable.
    if (setting.value === '') continue;
    const { line } = setting;
    const entry = { value, origin: { type: 'file', file: path, line, section: setting.section } };
    if (name === undefined) found.common.set(flag, entry);
    else if (name === command) found.own.set(flag, entry);
    else if (name === like) found.like.set(flag, entry);
  }
  return new Map([...found.common, ...found.like, ...found.own]);
}

/** Undefined: it is for every command. */
function commandOf({ section, line }: SettingLine, { commands }: Grammar, path: string): string | undefined {
  if (section === '') return undefined;
  for (const name of Object.keys(commands)) {
    if (name === section || commands[name]?.aliases?.includes(section)) return name;
  }
  throw settingInvalid({ path, line }, `there is no command ${JSON.stringify(section.slice(0, 40))}`);
}

function flagsOf(command: string, { globals, commands }: Grammar): Flags {
  return { ...globals, ...commands[command]?.flags };
}

function allFlags({ globals, commands }: Grammar): Flags {
  return Object.assign({}, ...Object.values(commands).map(({ flags }) => flags), globals);
}

type Place = { readonly flags: Flags; readonly path: string };

function read({ section, key, value, line }: SettingLine, { flags, path }: Place): { flag: string; value: unknown } {
  const flag = Object.keys(flags).find((candidate) => flagName(candidate) === key);
  const spec = flag === undefined ? undefined : flags[flag];
  if (flag === undefined || spec === undefined || key === 'mfa-token') {
    const whose = section === '' ? '' : ` of ${section}`;
    throw settingInvalid({ path, line }, `${JSON.stringify(key.slice(0, 40))} is no flag${whose} that can be set here`);
  }
  if (spec.unavailable !== undefined) {
    throw settingInvalid({ path, line }, `${JSON.stringify(key)} is not available: ${spec.unavailable}`);
  }
  try {
    if (value === '') return { flag, value: undefined };
    return { flag, value: spec.kind === 'boolean' ? truth(value, 'it') : convert({ name: key, spec }, value) };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw settingInvalid({ path, line }, `${key}: ${error.message.replace(/, try --help$/, '')}`);
  }
}
