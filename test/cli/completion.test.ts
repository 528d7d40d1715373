import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { finished, KEYTURN, startWorld, type World, writeConfig } from './world.ts';

let world: World;
let bin: string;

beforeAll(async () => {
  world = await startWorld();
  const role = 'role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = prod\n';
  const names = ['prod', 'a:b', '"my prof"', 'größe', "it's", 'x$(touch pwned)'];
  writeConfig(world, names.map((name) => `[profile ${name}]\n${role}`).join(''));
  bin = path.join(world.home, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(KEYTURN, path.join(bin, 'keyturn'));
  fs.mkdirSync(path.join(world.home, 'vault-dir'));
  // A program with a completion of its own, which every shell is told of in its own way.
  fs.writeFileSync(path.join(bin, 'greet'), '#!/bin/sh\n', { mode: 0o755 });
});
afterAll(async () => {
  expect(fs.existsSync(path.join(world.home, 'pwned'))).toBe(false);
  await world.close();
});

function environment(): Record<string, string> {
  const { PATH = '', ...env } = world.env;
  return { ...env, PATH: `${bin}:${PATH}`, TERM: 'dumb', PS1: '$ ', INPUTRC: '/dev/null', ZDOTDIR: world.home };
}

/** Interactive shells in which lines are typed, and Tab is pressed. */
class Typist {
  readonly terminal: PseudoTerminal;

  constructor(command: string) {
    this.terminal = new PseudoTerminal(`cd '${world.home}' && exec ${command}`, environment());
  }

  async run(line: string): Promise<void> {
    const from = this.terminal.output.length;
    this.terminal.type(`${line}; echo do''ne\r`);
    await this.terminal.shows('done', from);
  }

  /** Types `keys`, presses Tab, waits for the line to be as expected, and empties it. */
  async expectLine(keys: string, expected: string): Promise<void> {
    const from = this.terminal.output.length;
    this.terminal.type(`${keys}\t`);
    await this.terminal.shows(expected, from);
    this.terminal.type('\x15');
  }

  async close(): Promise<void> {
    this.terminal.type('\x15exit\r');
    await this.terminal.status();
  }
}

const CASES: readonly [typed: string, line: string][] = [
  ['keyturn ho', 'keyturn host '],
  ['keyturn host st', 'keyturn host status '],
  ['keyturn exec p', 'keyturn exec prod '],
  ['keyturn exec a:', 'keyturn exec a:b '],
  ['keyturn exec m', 'keyturn exec my\\ prof '],
  ['keyturn exec "m', 'keyturn exec "my prof" '],
  ['keyturn exec i', "keyturn exec it\\'s "],
  ['keyturn exec -n --region eu-west-1 grö', 'größe '],
  ['keyturn export --format=j', 'keyturn export --format=json '],
  ['keyturn export --form', 'keyturn export --format '],
  ['keyturn export --format i', 'keyturn export --format ini '],
  ['keyturn --file-dir va', 'keyturn --file-dir vault-dir/'],
  ['keyturn --file-dir=va', 'keyturn --file-dir=vault-dir/'],
  ['keyturn exec prod -- gree', 'keyturn exec prod -- greet '],
  ['keyturn exec prod -- greet hel', 'keyturn exec prod -- greet hello '],
  ['keyturn exec -- greet hel', 'keyturn exec -- greet hello '],
  ['keyturn exec prod greet hel', 'keyturn exec prod greet hello '],
];

describe('bash', () => {
  it.each(['alone', 'with bash-completion'])('%s completes', async (how) => {
    const bash = new Typist('bash --noprofile --norc -i');
    if (how !== 'alone') await bash.run('source /usr/share/bash-completion/bash_completion');
    await bash.run('_greet() { COMPREPLY=($(compgen -W "hello" -- "$2")); }; complete -F _greet greet');
    await bash.run('eval "$(keyturn completion bash)"');
    for (const [typed, line] of CASES) await bash.expectLine(typed, line);
    await bash.expectLine('keyturn exec x', 'keyturn exec x\\$\\(touch\\ pwned\\) ');
    await bash.close();
  });

  it('knows programs whose completion is a program', async () => {
    const completer = path.join(bin, 'hello_completer');
    fs.writeFileSync(completer, '#!/bin/sh\n[ "$COMP_LINE" = "greet hel" ] && echo hello\n', { mode: 0o755 });
    const bash = new Typist('bash --noprofile --norc -i');
    await bash.run('complete -C hello_completer greet; eval "$(keyturn completion bash)"');
    await bash.expectLine('keyturn exec prod -- greet hel', 'greet hello ');
    // A profile may have the program's name.
    await bash.expectLine('keyturn exec greet -- greet hel', '-- greet hello ');
    await bash.expectLine('keyturn exec prod -- keyturn exec p', '-- keyturn exec prod ');
    await bash.close();
  });

  it('completes an alias that dotfiles make for aws-vault, with its own line too', async () => {
    const bash = new Typist('bash --noprofile --norc -i');
    await bash.run("alias aws-vault='keyturn'");
    await bash.run('eval "$(aws-vault --completion-script-bash)"');
    await bash.expectLine('aws-vault exec p', 'aws-vault exec prod ');
    await bash.close();
  });
});

describe('zsh', () => {
  it('completes', async () => {
    const zsh = new Typist('zsh -f -i');
    await zsh.run('PS1="$ "; autoload -Uz compinit; compinit -u -D');
    await zsh.run('_greet() { compadd hello }; compdef _greet greet');
    await zsh.run('eval "$(keyturn completion zsh)"');
    for (const [typed, line] of CASES) await zsh.expectLine(typed, line.includes('größe') ? 'größe' : line);
    await zsh.expectLine('keyturn exec x', 'keyturn exec x\\$\\(touch\\ pwned\\) ');
    await zsh.run('alias aws-vault=\'keyturn\'; eval "$(aws-vault --completion-script-zsh)"');
    await zsh.expectLine('aws-vault exec p', 'aws-vault exec prod ');
    await zsh.close();
  });
});

describe('fish', () => {
  it.each<[string, string[]]>([
    ['keyturn ho', ['host']],
    ['keyturn exec p', ['prod']],
    ['keyturn exec a:', ['a:b']],
    ['keyturn exec m', ['my prof']],
    ['keyturn exec "my', ['my prof']],
    ['keyturn exec my\\ ', ['my prof']],
    ['keyturn exec grö', ['größe']],
    ['keyturn exec x', ['x$(touch pwned)']],
    ['keyturn export --format=j', ['--format=json']],
    ['keyturn export --format i', ['ini']],
    ['keyturn export --form', ['--format']],
    ['keyturn --file-dir va', ['vault-dir/']],
    ['keyturn --file-dir=va', ['--file-dir=vault-dir/']],
    ['keyturn exec prod -- gree', ['greet']],
    ['keyturn exec prod -- greet hel', ['hello']],
    ['keyturn exec -- greet hel', ['hello']],
    ['keyturn exec prod greet hel', ['hello']],
  ])('completes %j', (line, expected) => {
    const script = 'keyturn completion fish | source; complete -c greet -f -a hello; complete -C $argv[1]';
    const shown = execFileSync('fish', ['-c', script, line], { env: environment(), cwd: world.home, encoding: 'utf8' });
    const values = shown.split('\n').flatMap((candidate) => candidate.split('\t', 1).filter((text) => text !== ''));
    expect(values).toEqual(expected);
  });
});

describe('what shells ask', () => {
  const ask = async (...args: string[]) => (await world.run(args)).stdout;

  it('is answered with candidates, directories, or where another program begins', async () => {
    expect(await ask('__complete', 'bash', '=z')).toBe('candidates\n');
    expect(await ask('__complete', 'bash', '=p', 'exec')).toBe('candidates\nprod\t\n');
    expect(await ask('__complete', 'fish', '=p', 'exec')).toContain('a:b\t\n');
    expect(await ask('__complete', 'powershell', '=', 'exec', 'prod', '--')).toBe('command 3\n');
    expect(await ask('__complete', 'zsh', '=', '--file-dir')).toBe('directories\n');
    expect(await ask('__complete', 'bash', '=ex')).toMatch(/^candidates\nexec\t.+\nexport\t.+\n/);
  });

  it('has profiles used last before the others', async () => {
    const recent = path.join(world.home, '.local/state/keyturn/recent-profiles');
    fs.mkdirSync(path.dirname(recent), { recursive: true });
    fs.writeFileSync(recent, '1800000000 größe\n1700000000 gone\n');
    expect(await ask('--completion-bash', 'exec', '')).toMatch(/^größe\nprod\na:b\n/);
    fs.rmSync(recent);
  });

  it('is answered as kingpin does, for completion files that were made for aws-vault', async () => {
    expect(await ask('--completion-bash', 'exec', 'p')).toBe('prod\n');
    expect(await ask('--completion-bash', 'exec')).toContain('my prof\n');
    expect(await ask('--completion-bash', 'expo')).toBe('export\n');
    expect(await ask('--completion-bash', '')).toContain('list\n');
    expect(await ask('--completion-bash', 'exec', '--reg')).toBe('--region\n');
    expect(await ask('--completion-bash')).toContain('exec\n');
    const { status, stderr } = await world.run(['--completion-nonsense']);
    expect([status, stderr]).toEqual([
      1,
      "keyturn: error: unknown long flag '--completion-nonsense', try --help [USAGE]\n",
    ]);
  });

  it('never opens a keyring that could ask somebody, nor needs a passphrase', async () => {
    const env = { AWS_VAULT_BACKEND: 'secret-service', AWS_VAULT_FILE_PASSPHRASE: undefined };
    const { stdout, stderr } = await world.run(['__complete', 'bash', '=p', 'remove'], { env });
    expect([stdout, stderr]).toEqual(['candidates\nprod\t\n', '']);
  });

  it('is not answered where the config file cannot be read', async () => {
    const { status, stdout } = await world.run(['__complete', 'bash', '=', 'exec'], { env: { AWS_CONFIG_FILE: '/' } });
    expect([status, stdout]).toEqual([1, '']);
  });
});

it('the script is for the shell of $SHELL, and calls the program by its name only where that leads to it', async () => {
  const { stdout } = await world.run(['completion'], { env: { SHELL: '/usr/bin/fish' } });
  expect(stdout).toContain(`command ${KEYTURN} __complete fish`);
  const named = await finishedByName(['completion', 'zsh']);
  expect(named.stdout).toContain('command keyturn __complete zsh');
  expect((await world.run(['completion', 'tcsh'])).stderr).toBe(
    'keyturn: error: completion: the shell must be one of bash, zsh, fish, powershell (got "tcsh") [USAGE]\n',
  );
  expect((await world.run(['completion'])).stderr).toContain('($SHELL is not set) [USAGE]');
});

async function finishedByName(args: readonly string[]) {
  const { spawn } = await import('node:child_process');
  return finished(spawn('keyturn', args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] }));
}
