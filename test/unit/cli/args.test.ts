import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type CommandOf, parseArgs } from '../../../cli/args.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'keyturn-args-'));
afterAll(() => rmSync(directory, { recursive: true }));

function argumentsFile(name: string, content: string): string {
  const file = path.join(directory, name);
  writeFileSync(file, content);
  return `@${file}`;
}

type Env = Record<string, string>;

function parse(argv: readonly string[], env: Env = {}) {
  return parseArgs(argv, env);
}

function problem(argv: readonly string[], env: Env = {}): { code: unknown; message: string } {
  try {
    parse(argv, env);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('exec', () => {
  test.for<[string, string[], object, object]>([
    [
      'flags after the profile',
      ['exec', 'p', '-n', '--', 'env'],
      { noSession: true },
      { profile: 'p', cmd: 'env', args: [] },
    ],
    ['flags before the profile', ['exec', '-n', 'p', 'env'], { noSession: true }, { profile: 'p', cmd: 'env' }],
    [
      'flags between command and arguments',
      ['exec', 'p', 'env', '-n', 'x'],
      { noSession: true },
      { cmd: 'env', args: ['x'] },
    ],
    ['global flags before the command', ['--debug', 'exec', 'p'], { debug: true }, { cmd: undefined, args: [] }],
    ['global flags after everything', ['exec', 'p', 'x', '--debug'], { debug: true }, { cmd: 'x' }],
    [
      'everything after -- as it is',
      ['exec', 'p', '--', 'a', '-n', '--', '@f', ''],
      { noSession: false },
      { cmd: 'a', args: ['-n', '--', '@f', ''] },
    ],
    ['-- before the command name', ['--', 'exec', 'p', '-n'], { noSession: false }, { cmd: '-n' }],
    ['a lone dash as an argument', ['exec', 'p', '-'], {}, { cmd: '-' }],
    ['--flag value', ['exec', '--region', 'eu-west-1', 'p'], { region: 'eu-west-1' }, { profile: 'p' }],
    ['--flag=value', ['exec', '--region=eu-west-1', 'p'], { region: 'eu-west-1' }, { profile: 'p' }],
    ['--flag= with nothing', ['exec', '--ecs-uri=', 'p'], { ecsUri: '' }, { profile: 'p' }],
    ['an empty --region as none', ['exec', '--region', '', 'p'], { region: undefined }, { profile: 'p' }],
    ['--flag=value with = inside', ['exec', '--region=a=b', 'p'], { region: 'a=b' }, { profile: 'p' }],
    ['--flag=-value', ['exec', '--region=-x', 'p'], { region: '-x' }, { profile: 'p' }],
    ['-xVALUE', ['exec', '-t123456', 'p'], { mfaToken: '123456' }, { profile: 'p' }],
    ['-x VALUE', ['exec', '-t', '012345', 'p'], { mfaToken: '012345' }, { profile: 'p' }],
    [
      'grouped short flags',
      ['exec', '-njt123456', 'p'],
      { noSession: true, json: true, mfaToken: '123456' },
      { profile: 'p' },
    ],
    ['a duration', ['exec', '-d1h30m', 'p'], { duration: 5400 }, { profile: 'p' }],
    ['a duration with days', ['exec', '--duration=1d', 'p'], { duration: 86_400 }, { profile: 'p' }],
    ['a duration cut to whole seconds', ['exec', '-d', '1500ms', 'p'], { duration: 1 }, { profile: 'p' }],
    ['--no-NAME', ['exec', '--no-debug', 'p'], { debug: false }, { profile: 'p' }],
    ['--no-no-session', ['exec', '--no-no-session', 'p'], { noSession: false }, { profile: 'p' }],
    ['an empty profile as given', ['exec', ''], {}, { profile: '' }],
  ])('takes %s', ([, argv, flags, args]) => {
    expect(parse(argv)).toMatchObject({ command: 'exec', flags, args });
  });

  test('has every flag, and only those that are offered', () => {
    const invocation = parse(['exec', 'p']);
    expect(invocation).toEqual({
      command: 'exec',
      origins: {},
      args: { profile: 'p', cmd: undefined, args: [] },
      flags: {
        ...{ debug: false, backend: undefined, prompt: undefined, fileDir: '~/.awsvault/keys/' },
        ...{ promptTimeout: '5m', lockAfter: '15m', filePassphraseCommand: undefined },
        ...{ secretServiceCollection: 'awsvault', keychain: 'aws-vault' },
        ...{ passDir: undefined, passCmd: undefined, passPrefix: undefined },
        ...{ opVaultId: undefined, opItemTitlePrefix: 'aws-vault', opItemTag: 'aws-vault' },
        ...{ opDesktopAccountId: undefined, opTimeout: '15s' },
        ...{
          duration: undefined,
          noSession: false,
          region: undefined,
          mfaToken: undefined,
          json: false,
          stdout: false,
          profileEnv: false,
          ssoCache: 'vault',
        },
        ...{ server: false, ecsServer: false, ec2Server: false, lazy: false, allowRole: [] },
        ...{ ecsListen: undefined, ecsUri: undefined, ec2HttpTokens: 'required' },
      },
    });
  });
});

test('each command has its own name, aliases, flags and defaults', () => {
  expect(parse(['rm', '-f', 'p'])).toMatchObject({ command: 'remove', flags: { force: true, sessionsOnly: false } });
  expect(parse(['ls', '--sessions'])).toMatchObject({ command: 'list', flags: { sessions: true, profiles: false } });
  expect(parse(['add', 'p'])).toMatchObject({ command: 'add', flags: { env: false, addConfig: true } });
  expect(parse(['add', 'p', '--no-add-config'])).toMatchObject({ flags: { addConfig: false } });
  expect(parse(['export', 'p'])).toMatchObject({ command: 'export', flags: { format: 'env' } });
  expect(parse(['clear'])).toMatchObject({ command: 'clear', args: { profile: undefined } });
  expect(parse(['login', '-s', '--path', '/s3'])).toMatchObject({
    command: 'login',
    flags: { stdout: true, path: '/s3' },
  });
  expect(parse(['host', 'install'])).toMatchObject({ command: 'host install', args: {} });
});

test('the types of the result come from the table', () => {
  expectTypeOf<CommandOf<'export'>['flags']['format']>().toEqualTypeOf<'env' | 'export-env' | 'json' | 'ini'>();
  expectTypeOf<CommandOf<'exec'>['flags']['duration']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<CommandOf<'exec'>['flags']['fileDir']>().toEqualTypeOf<string>();
  expectTypeOf<CommandOf<'exec'>['args']['args']>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<CommandOf<'rotate'>['args']['profile']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<CommandOf<'exec'>['flags']['ecsServer']>().toEqualTypeOf<boolean>();
  expectTypeOf<CommandOf<'exec'>['flags']['allowRole']>().toEqualTypeOf<readonly string[]>();
});

test('a flag with a list takes each of its values, else those of its variable', () => {
  const allowed = (argv: readonly string[], env = {}): unknown => {
    const { flags } = parse(['exec', ...argv, 'p'], env) as { flags: { allowRole: unknown } };
    return flags.allowRole;
  };
  expect(allowed([])).toEqual([]);
  expect(allowed(['--allow-role', 'a', '--allow-role=b,c'])).toEqual(['a', 'b,c']);
  expect(allowed([], { KEYTURN_ALLOW_ROLE: ' a\tb ' })).toEqual(['a', 'b']);
  expect(allowed(['--allow-role', 'c'], { KEYTURN_ALLOW_ROLE: 'a b' })).toEqual(['c']);
});

describe('a variable', () => {
  test('gives way to the flag and beats the default; empty counts as unset', () => {
    const env = { AWS_VAULT_FILE_DIR: '/from/env', AWS_VAULT_BACKEND: 'file', AWS_VAULT_PROMPT: '' };
    expect(parse(['list'], env)).toMatchObject({ flags: { fileDir: '/from/env', backend: 'file', prompt: undefined } });
    expect(parse(['list', '--file-dir=/flag'], env)).toMatchObject({ flags: { fileDir: '/flag' } });
    expect(parse(['list'], { AWS_VAULT_FILE_DIR: '' })).toMatchObject({ flags: { fileDir: '~/.awsvault/keys/' } });
  });

  test('is checked like the flag', () => {
    const env = { AWS_VAULT_BACKEND: 'foo' };
    expect(problem(['list'], env).message).toBe(
      "enum value must be one of secret-service,kwallet,keyctl,pass,file,passage,op, got 'foo' (in $AWS_VAULT_BACKEND), try --help",
    );
    expect(parse(['list', '--backend=file'], env)).toMatchObject({ flags: { backend: 'file' } });
  });
});

test.for<[string[], string]>([
  [['bogus'], 'expected command but got "bogus", try --help'],
  [[''], 'expected command but got "", try --help'],
  [['constructor'], 'expected command but got "constructor", try --help'],
  [['--bogus', 'list'], "unknown long flag '--bogus', try --help"],
  [['exec', 'p', 'ls', '-l'], "unknown short flag '-l', try --help"],
  [['exec', 'p', '-nl'], "unknown short flag '-l', try --help"],
  [['exec', 'p', '-n-'], "unknown short flag '--', try --help"],
  [['-n', 'exec', 'p'], "unknown short flag '-n', try --help"],
  [['exec', '--no-region', 'p'], "unknown long flag '--no-region', try --help"],
  [['exec', '--no-', 'p'], "unknown long flag '--no-', try --help"],
  [['exec', '--=x', 'p'], "unknown long flag '--', try --help"],
  [['vault', 'backup'], "required argument 'file' not provided, try --help"],
  [['export', 'p', 'extra'], 'unexpected extra, try --help'],
  [['list', 'extra'], 'unexpected extra, try --help'],
  [['exec', 'p', '-n', '-n'], "flag 'no-session' cannot be repeated, try --help"],
  [['exec', 'p', '-n', '--no-no-session'], "flag 'no-session' cannot be repeated, try --help"],
  [['exec', 'p', '--region=a', '--region=a'], "flag 'region' cannot be repeated, try --help"],
  [['export', 'p', '--format', 'xml'], "enum value must be one of env,export-env,json,ini, got 'xml', try --help"],
  [['exec', 'p', '-d', '3600'], 'time: missing unit in duration "3600", try --help'],
  [['exec', 'p', '-d=1h'], 'time: invalid duration "=1h", try --help'],
  [['exec', 'p', '--duration=-1h'], 'duration "-1h" must not be negative, try --help'],
  [['exec', 'p', '-d'], "expected argument for flag '-d', try --help"],
  [['exec', 'p', '--region', '-n'], "expected argument for flag '--region', try --help"],
  [
    ['exec', '--no-session=false', 'p'],
    "flag '--no-session' takes no value (use --no-session or --no-no-session), try --help",
  ],
  [
    ['--prompt', 'xprompt', 'list'],
    "--prompt value must be one of terminal,browser,kdialog,osascript,wincredui,ykman,zenity, got 'xprompt', try --help",
  ],
  [['host'], "must select a subcommand of 'host', try --help"],
  [['host', 'bogus'], 'expected command but got "bogus", try --help'],
  [['help', 'bogus'], 'expected command but got "bogus", try --help'],
  [
    ['exec', '@/no/such/file'],
    'failed to open arguments file "/no/such/file": open /no/such/file: no such file or directory, try --help',
  ],
  [['exec', '@'], 'expected @ file to expand arguments from, try --help'],
])('%j is refused: %s', ([argv, message]) => {
  expect(problem(argv)).toEqual({ code: 'USAGE', message });
});

test('--prompt pass says what to use instead', () => {
  expect(problem(['list'], { AWS_VAULT_PROMPT: 'pass' }).message).toMatch(/mfa_process = pass otp .*config$/);
});

describe('@file', () => {
  test('stands for its lines, one argument each, without comments', () => {
    const file = argumentsFile('simple', '# a comment\nexec\r\n--region=eu-west-1\n\nwith blank\n');
    expect(parse([file, 'x'])).toMatchObject({
      flags: { region: 'eu-west-1' },
      args: { profile: '', cmd: 'with blank', args: ['x'] },
    });
  });

  test('can be a value, can name other files, and can hold --', () => {
    const code = argumentsFile('code', '123456\n');
    const outer = argumentsFile('outer', `p\n-t\n${code}\n--\n-n\n`);
    expect(parse(['exec', outer, '@kept'])).toMatchObject({
      flags: { mfaToken: '123456', noSession: false },
      args: { profile: 'p', cmd: '-n', args: ['@kept'] },
    });
  });

  test('is left alone after -- and in --flag=@value', () => {
    expect(parse(['exec', 'p', '--region=@r', '--', '@f'])).toMatchObject({
      flags: { region: '@r' },
      args: { cmd: '@f' },
    });
  });

  test('that names itself ends in an error', () => {
    const file = path.join(directory, 'loop');
    writeFileSync(file, `@${file}\n`);
    expect(problem([`@${file}`]).message).toBe(`arguments file "${file}" seems to include itself, try --help`);
  });
});

test('no command line makes the parser fail in another way than USAGE', () => {
  const words = [
    'exec',
    'p',
    '--',
    '-',
    '-n',
    '-d',
    '-d1h',
    '--no-',
    '--region',
    '--=',
    '@',
    '-t',
    'host',
    'help',
    '',
    '--debug=x',
    '\u{1f511}',
    '-é',
    '__proto__',
  ];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (let round = 0; round < 3000; round += 1) {
    const argv = Array.from({ length: random(7) }, () => words[random(words.length)] ?? '');
    try {
      expect(parse(argv)).toHaveProperty('command');
    } catch (error) {
      expect(error, argv.join(' ')).toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(/^[^\n]+, try --help$/),
      });
    }
  }
});
