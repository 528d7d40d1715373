import { describe, expect, it } from 'vitest';
import { GRAMMAR } from '../../../cli/args.ts';
import { type Completion, complete } from '../../../cli/complete.ts';

const PROFILES = ['prod', 'a:b', 'my prof', 'größe'];

/** What is offered for the last of the words. */
function completed(...words: string[]): Promise<Completion> {
  return complete(words.slice(0, -1), words.at(-1) ?? '', {
    grammar: GRAMMAR,
    services: async () => ['ec2', 's3'],
    ssoNames: async () => ['corp', 'dev'],
    profiles: async ({ stored }) => (stored ? [...PROFILES, 'only-a-key'] : PROFILES),
  });
}

async function values(...words: string[]): Promise<string[]> {
  const completion = await completed(...words);
  if (completion.kind !== 'candidates') throw new Error(`a ${completion.kind}`);
  return completion.candidates.map(({ value }) => value);
}

describe('completion', () => {
  it('offers every command that help shows, and nothing hidden', async () => {
    const first = await values('');
    const shown = Object.entries(GRAMMAR.commands)
      .filter(([, command]) => !('hidden' in command) && !('unavailable' in command))
      .map(([name]) => name.split(' ')[0]);
    expect(new Set(first)).toEqual(new Set([...shown, 'help']));
    expect(await values('--debug', '--backend', 'file', '')).toEqual(first);
    expect(await values('help', '')).toEqual(first.filter((name) => name !== 'help'));
  });

  it('offers sub-commands', async () => {
    expect(await values('host', '')).toEqual(['install', 'status', 'uninstall']);
    expect(await values('help', 'host', '')).toEqual(['install', 'status', 'uninstall']);
  });

  it.each([
    [['exec', '']],
    [['export', 'p']],
    [['exec', '-n', '--region', 'eu-west-1', '']],
    [['exec', '-d1h', '']],
    [['exec', '-d', '1h', '']],
    [['exec', '--duration=1h', '']],
    [['export', '--', '']],
    [['login', '']],
    [['clear', '']],
    [['shell-env', '']],
  ])('offers profiles after %j', async (words) => {
    expect(await values(...words)).toEqual(PROFILES);
  });

  it('offers profiles that only the vault knows where a key is meant', async () => {
    expect(await values('remove', '')).toContain('only-a-key');
    expect(await values('rm', '-f', '')).toContain('only-a-key');
    expect(await values('exec', '')).not.toContain('only-a-key');
  });

  it.each<[string[], number]>([
    [['exec', 'prod', ''], 2],
    [['exec', 'prod', '--', ''], 3],
    [['exec', '-n', 'prod', '--', 'aws', 's3', ''], 4],
    [['exec', 'prod', 'aws', '--re'], 2],
    [['exec', '--', ''], 2],
    [['exec', '--', 'aws', 's3', 'l'], 2],
    [['--debug', 'exec', '-d', '1h', '--', 'aws', ''], 5],
  ])('leaves %j to the program, which begins at word %i', async (words, word) => {
    expect(await completed(...words)).toEqual({ kind: 'command', word });
  });

  it('offers the flags of the command and the global ones, without hidden ones', async () => {
    const flags = await values('export', '-');
    for (const flag of ['--help', '--backend', '--format', '--duration']) expect(flags).toContain(flag);
    for (const flag of ['--help-long', '--sessions-only', '-d']) expect(flags).not.toContain(flag);
    expect(await values('export', 'prod', '--no-')).toContain('--no-no-session');
    expect(await values('-')).not.toContain('--format');
  });

  it('offers the values of a flag, also behind its =', async () => {
    expect(await values('export', '--format', '')).toEqual(['env', 'export-env', 'json', 'ini']);
    expect(await values('export', '--format=')).toContain('--format=json');
    expect(await values('exec', '-d', '')).toContain('1h');
    expect(await values('exec', '-nd', '')).toContain('1h');
    expect(await values('--backend', '')).toEqual([...GRAMMAR.globals.backend.choices]);
    expect(await values('exec', '--region', '')).toEqual([]);
    expect(await values('exec', '--bogus=')).toEqual([]);
    expect(await completed('--file-dir', '')).toEqual({ kind: 'directories' });
    expect(await completed('--file-dir=/')).toEqual({ kind: 'directories' });
  });

  it('offers nothing where nothing more can come', async () => {
    expect(await values('list', '')).toEqual([]);
    expect(await values('export', 'prod', '')).toEqual([]);
    expect(await values('bogus', '')).toEqual([]);
  });

  it('offers services of the console', async () => {
    expect(await values('login', 'prod', '')).toEqual(['ec2', 's3']);
    expect(await values('login', 'prod', '--service', '')).toEqual(['ec2', 's3']);
    expect(await values('login', '--service=')).toEqual(['--service=ec2', '--service=s3']);
  });

  it('offers shells', async () => {
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell']);
  });
});
