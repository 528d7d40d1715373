import { describe, expect, test } from 'vitest';
import { GRAMMAR, parseArgs } from '../../../cli/args.ts';
import { flagName } from '../../../cli/args-grammar.ts';
import { renderHelp } from '../../../cli/args-help.ts';

describe('help and version', () => {
  test.for<[string[], object]>([
    [[], { command: 'help', topic: 'usage' }],
    [['--debug'], { command: 'help', topic: 'usage' }],
    [['--help'], { command: 'help', topic: 'usage' }],
    [['help'], { command: 'help', topic: 'usage' }],
    [['help', 'exec'], { command: 'help', topic: 'usage', of: 'exec' }],
    [['help', 'rm'], { command: 'help', topic: 'usage', of: 'remove' }],
    [['help', 'host', 'install'], { command: 'help', topic: 'usage', of: 'host install' }],
    [['exec', '--help'], { command: 'help', topic: 'usage', of: 'exec' }],
    [['--help', 'exec', 'p', '-n', '-n'], { command: 'help', topic: 'usage', of: 'exec' }],
    [['host', '--help'], { command: 'help', topic: 'usage', of: 'host' }],
    [['--help-long'], { command: 'help', topic: 'long' }],
    [['--help-man'], { command: 'help', topic: 'man' }],
    [['--version'], { command: 'version' }],
    [['exec', '--version', '--bogus'], { command: 'version' }],
  ])('%j', ([argv, expected]) => {
    expect(parseArgs(argv, { AWS_VAULT_BACKEND: 'foo' })).toEqual(expected);
  });

  test('the program after -- may have a --help of its own', () => {
    expect(parseArgs(['exec', 'p', '--', 'aws', '--help'], {})).toMatchObject({
      command: 'exec',
      args: { args: ['--help'] },
    });
  });

  test('help names every command and flag that is offered, with variables and defaults, in 80 columns', () => {
    const overview = renderHelp({ topic: 'usage' }, 'keyturn');
    for (const [name, { flags, ...command }] of Object.entries(GRAMMAR.commands)) {
      const isOffered = !('unavailable' in command) && !('hidden' in command);
      expect(overview.includes(`\n  ${name} `), name).toBe(isOffered);
      if (!isOffered) continue;
      const help = renderHelp({ topic: 'usage', of: name }, 'keyturn');
      expect(help).toMatch(new RegExp(`^usage: keyturn ${name}`));
      for (const [key, flag] of Object.entries(flags)) {
        const isShown = !('hidden' in flag) && !('unavailable' in flag);
        const shown = new RegExp(`--(\\[no-\\])?${flagName(key)}[ =\n]`);
        expect(shown.test(help.split('Global flags')[0] ?? ''), `${name} --${key}`).toBe(isShown);
      }
    }
    for (const topic of ['usage', 'long'] as const) {
      const text = renderHelp({ topic }, 'keyturn');
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(text).toContain('$AWS_VAULT_FILE_DIR');
      expect(text).toContain('default: awsvault');
    }
    expect(renderHelp({ topic: 'usage', of: 'host' }, 'kt')).toMatch(/^usage: kt host .*host install /s);
  });

  test('the man page has sections, and no text that roff would take for a request', () => {
    const lines = renderHelp({ topic: 'man' }, 'keyturn').split('\n');
    for (const title of ['.TH keyturn 1', '.SH NAME', '.SH SYNOPSIS', '.SH OPTIONS', '.SH COMMANDS'])
      expect(lines).toContain(title);
    expect(lines.filter((line) => /^[.']/.test(line) && !/^\.(TH|SH|SS|TP)\b/.test(line))).toEqual([]);
  });
});
