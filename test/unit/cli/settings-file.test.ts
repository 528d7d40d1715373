import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseArgs } from '../../../cli/args.ts';
import { readSettings } from '../../../native-host/settings.ts';
import { readSettingsFile, settingsFilePath, sharedSettings } from '../../../native-host/settings-file.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-settings-'));
afterAll(() => fs.rmSync(dir, { recursive: true }));

let count = 0;
function fileOf(text: string): string {
  count += 1;
  const file = path.join(dir, `config${count}`);
  fs.writeFileSync(file, text);
  return file;
}

function flagsOf(text: string, argv: readonly string[], env: Record<string, string> = {}): object {
  const file = fileOf(text);
  const invocation = parseArgs(argv, env, () => readSettingsFile(file));
  if (!('flags' in invocation)) throw new Error('no command');
  return invocation.flags;
}

function problemOf(text: string, argv: readonly string[] = ['list']): { code: unknown; message: string } {
  try {
    flagsOf(text, argv);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('the file was accepted');
}

const SETTINGS = `# what I like
backend = file
file-dir=~/vault   # there
duration = 2h

[exec]
duration = 4h
no-session = yes
[export]
format = json
[rm]
force = true
[host install]
browser = firefox
`;

describe('the settings file', () => {
  it('gives every command the flags at its top, and one command those of its section', () => {
    expect(flagsOf(SETTINGS, ['exec', 'p'])).toMatchObject({
      ...{ backend: 'file', fileDir: '~/vault', duration: 14_400, noSession: true },
    });
    expect(flagsOf(SETTINGS, ['export', 'p'])).toMatchObject({ duration: 7200, noSession: false, format: 'json' });
    expect(flagsOf(SETTINGS, ['remove', 'p'])).toMatchObject({ force: true });
    expect(flagsOf(SETTINGS, ['host', 'install'])).toMatchObject({ browser: 'firefox' });
    expect(flagsOf(SETTINGS, ['list'])).not.toHaveProperty('duration');
  });

  it('yields to the environment, and that to the command line', () => {
    const env = { AWS_VAULT_BACKEND: 'secret-service', AWS_VAULT_DURATION: '15m', AWS_VAULT_FILE_DIR: '' };
    expect(flagsOf(SETTINGS, ['exec', 'p'], env)).toMatchObject({
      ...{ backend: 'secret-service', duration: 900, fileDir: '~/vault' },
    });
    const argv = ['exec', 'p', '--backend=file', '-d', '1h', '--no-no-session'];
    expect(flagsOf(SETTINGS, argv, env)).toMatchObject({ backend: 'file', duration: 3600, noSession: false });
  });

  it('keeps a # that is part of a value, and takes an empty value for none', () => {
    expect(flagsOf('file-dir = /a#b\nbackend =\n', ['list'])).toMatchObject({ fileDir: '/a#b', backend: undefined });
  });

  it.each([
    ['bakend = file', ':1: "bakend" is no flag that can be set here'],
    ['\nbackend = foo', `:2: backend: enum value must be one of `],
    ['[exec]\nduration = 3600', ':2: duration: time: missing unit in duration "3600"'],
    ['[list]\nduration = 1h', ':2: "duration" is no flag of list that can be set here'],
    ['[exce]\nduration = 1h', ':2: there is no command "exce"'],
    ['[exec]\nno-session = maybe', ":2: no-session: it must be true or false, got 'maybe'"],
    ['[exec', ':1: a section header must end with ]'],
    ['[]', ':1: a section must have the name of a command'],
    ['backend', ':1: expected "flag = value", a [command], or a comment'],
    ['= file', ':1: expected "flag = value", a [command], or a comment'],
    ['debug = true\ndebug = false', ':2: debug is set a second time'],
    ['mfa-token = 123456', ':1: "mfa-token" is no flag that can be set here'],
    ['prompt-timeout = 5x', ':1: prompt-timeout: '],
    ['\nprompt-timeout = 25h', ':2: prompt-timeout: '],
    ['help = true', ':1: "help" is no flag that can be set here'],
  ])('with the line %j is an error that says where', (text, problem) => {
    const { code, message } = problemOf(text);
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain(path.join(dir, `config${count}`) + problem);
  });

  it('is checked as a whole, also where another command is run', () => {
    expect(problemOf('[exec]\ndration = 1h', ['list']).message).toContain(':2: "dration" is no flag of exec');
  });

  it('is not looked at for help and version', () => {
    const look = (): never => {
      throw new Error('looked');
    };
    for (const argv of [['--version'], ['version'], ['--help'], ['help', 'exec'], []]) {
      expect(() => parseArgs(argv, {}, look)).not.toThrow();
    }
    expect(() => parseArgs(['list'], {}, look)).toThrow('looked');
  });

  it('lies where XDG_CONFIG_HOME says, if that is absolute, and may be missing', () => {
    expect(settingsFilePath({}, '/home/ada')).toBe('/home/ada/.config/keyturn/config');
    expect(settingsFilePath({ XDG_CONFIG_HOME: '' }, '/home/ada')).toBe('/home/ada/.config/keyturn/config');
    expect(settingsFilePath({ XDG_CONFIG_HOME: 'here' }, '/home/ada')).toBe('/home/ada/.config/keyturn/config');
    expect(settingsFilePath({ XDG_CONFIG_HOME: '/etc/xdg' }, '/home/ada')).toBe('/etc/xdg/keyturn/config');
    expect(readSettingsFile(path.join(dir, 'none'))).toBeUndefined();
    expect(readSettingsFile(path.join(fileOf(''), 'below-a-file'))).toBeUndefined();
    expect(() => readSettingsFile(dir)).toThrow(/the settings file .* cannot be read \(it is not a file\)/);
  });

  it('tells the host what it tells the terminal', () => {
    const settingsFile = sharedSettings(readSettingsFile(fileOf(SETTINGS)));
    expect(readSettings({}, '/home/ada', { settingsFile })).toMatchObject({
      backend: 'file',
      fileDir: '/home/ada/vault',
    });
    const env = { AWS_VAULT_BACKEND: 'secret-service' };
    expect(readSettings(env, '/home/ada', { settingsFile })).toMatchObject({ backend: 'secret-service' });
  });
});

describe('a switch in the environment', () => {
  it.each([
    ['1', true],
    ['true', true],
    ['yes', true],
    ['0', false],
    ['False', false],
    ['', false],
  ])('that is %j means %s', (value, meant) => {
    expect(parseArgs(['exec', 'p'], { AWS_VAULT_STDOUT: value, AWS_VAULT_PROFILE_ENV: value })).toMatchObject({
      flags: { stdout: meant, profileEnv: meant },
    });
  });

  it('that is neither is refused', () => {
    expect(() => parseArgs(['exec', 'p'], { AWS_VAULT_STDOUT: 'maybe' })).toThrow(
      "$AWS_VAULT_STDOUT must be true or false, got 'maybe', try --help",
    );
  });
});
