import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
  const role = `source_profile = ada\nrole_arn = ${people.reader.arn}\n`;
  fs.appendFileSync(world.configFile, `[profile "my prof"]\n${role}[profile x$(touch pwned)\`id\`]\n${role}`);
  fs.symlinkSync(KEYTURN, path.join(world.home, 'keyturn'));
});
afterAll(async () => {
  expect(fs.existsSync(path.join(world.home, 'pwned'))).toBe(false);
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

type Shell = {
  /** How it is started without anybody's start-up files. */
  readonly start: string;
  readonly init: string;
  readonly unset: (name: string) => string;
  readonly set: (name: string, value: string) => string;
  readonly status: string;
  /** A line that prints the prompt's text. */
  readonly prompt: string;
};

const posix = {
  unset: (name: string) => `unset ${name}`,
  set: (name: string, value: string) => `export ${name}='${value}'`,
  status: '$?',
};
const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', Shell>> = {
  bash: {
    ...posix,
    start: 'bash --norc',
    init: 'eval "$(keyturn shell-init bash)"',
    prompt: '_kt_prompt; echo "$KT_PROMPT"',
  },
  zsh: {
    ...posix,
    start: 'zsh -f',
    init: 'eval "$(keyturn shell-init zsh)"',
    prompt: '_kt_prompt; print -r -- "$KT_PROMPT"',
  },
  fish: {
    start: 'fish --no-config',
    init: 'keyturn shell-init fish | source',
    unset: (name) => `set -e ${name}`,
    set: (name, value) => `set -gx ${name} '${value}'`,
    status: '$status',
    prompt: '__kt_prompt; echo "$KT_PROMPT"',
  },
};

const AWS =
  'env | grep "^AWS_" | grep -v "^AWS_\\(VAULT_\\|ENDPOINT\\|CA_\\)" | cut -d= -f1 | sort | tr "\\n" " "; echo';

function environment(extra: Record<string, string> = {}): Record<string, string> {
  return { ...world.env, PATH: `${world.home}:${world.env.PATH ?? ''}`, TERM: 'dumb', NO_COLOR: '1', ...extra };
}

/** The lines a script of a shell prints, in a shell that has read shell-init. */
async function lines(shell: Shell, script: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { spawn } = await import('node:child_process');
  const { finished } = await import('./world.ts');
  const [program = '', ...args] = shell.start.split(' ');
  const text = [shell.init, ...script].join('\n');
  const child = spawn(program, [...args, '-c', text], {
    env: environment(env),
    cwd: world.home,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { stdout, stderr } = await finished(child);
  return `${stdout}${stderr}`.split('\n').slice(0, -1);
}

const ALL =
  'AWS_ACCESS_KEY_ID AWS_CREDENTIAL_EXPIRATION AWS_DEFAULT_REGION AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_VAULT ';

it('kt in bash works under set -eua and with any IFS, and what it keeps is not exported', async () => {
  const printed = await lines(SHELLS.bash, [
    'set -eua; IFS=,',
    'AWS_SECRET_ACCESS_KEY=was-here; export -n AWS_SECRET_ACCESS_KEY',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/x; export -n AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'kt reader; echo "$AWS_VAULT $AWS_REGION"',
    'env | grep -c was-here || true',
    'kt ada -n; echo "$AWS_VAULT"',
    'kt --unset; set +u; echo "$AWS_SECRET_ACCESS_KEY [$AWS_VAULT]"',
  ]);
  expect(printed).toEqual(['reader us-east-2', '0', 'ada', 'was-here []']);
});

describe.each(Object.entries(SHELLS))('kt in %s', (_name, shell) => {
  it('puts credentials into the shell, and takes them out again with everything as it was', async () => {
    const before = { AWS_PROFILE: 'reader', AWS_ACCESS_KEY_ID: 'AKIAOLD', AWS_ROLE_ARN: '' };
    const printed = await lines(
      shell,
      ['kt', `echo "${shell.status} $AWS_VAULT $AWS_REGION"`, AWS, 'kt --unset', AWS, 'echo $AWS_ACCESS_KEY_ID'],
      before,
    );
    expect(printed).toEqual(['0 reader us-east-2', ALL, 'AWS_ACCESS_KEY_ID AWS_PROFILE AWS_ROLE_ARN ', 'AKIAOLD']);
  });

  it('changes to another profile, which knows nothing of the first', async () => {
    const printed = await lines(shell, ['kt reader', 'kt ada --no-session', 'echo "$AWS_VAULT $AWS_REGION"', AWS]);
    expect(printed).toEqual([
      'ada eu-west-1',
      'AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_REGION AWS_SECRET_ACCESS_KEY AWS_VAULT ',
    ]);
  });

  it('changes nothing when it fails', async () => {
    const printed = await lines(shell, [
      'kt nobody',
      `echo ${shell.status}`,
      AWS,
      'kt reader',
      'kt nobody',
      `echo ${shell.status}`,
      AWS,
    ]);
    expect(printed.slice(0, 4)).toEqual(['1', '', '1', ALL]);
    expect(printed[4]).toMatch(/^keyturn: error: kt: .*"nobody" is neither.* \[PROFILE_NOT_FOUND\]$/);
  });

  it('sets variables that programs see, and no variable of another name', async () => {
    const printed = await lines(shell, ['kt reader', `sh -c 'echo $AWS_VAULT'`]);
    expect(printed).toEqual(['reader']);
  });

  it('evaluates nothing of a name', async () => {
    const printed = await lines(shell, [
      "kt 'x$(touch pwned)`id`'",
      'echo "$AWS_VAULT"',
      shell.prompt,
      'kt "my prof"',
      'echo "$AWS_VAULT"',
    ]);
    expect(printed).toEqual([
      'x$(touch pwned)`id`',
      expect.stringMatching(/^\[x\?\?touch pwned\?\?id\? \d+[hm]/),
      'my prof',
    ]);
  });

  it('does not go into a shell that has credentials already', async () => {
    const printed = await lines(shell, ['kt reader', `echo ${shell.status}`, 'kt -u', `echo ${shell.status}`], {
      AWS_VAULT: 'prod',
    });
    expect(printed).toEqual([
      '1',
      '1',
      'keyturn: error: kt: this shell was started with the credentials of profile "prod"; leave it with exit, or unset AWS_VAULT to force [USAGE]',
      'kt: no credentials of kt are in this shell',
    ]);
  });

  it('shows profile and time left, and when it is over', async () => {
    const inMinutes = (minutes: number) =>
      new Date(Date.now() + minutes * 60_000 + 30_000).toISOString().replace(/\.\d+/, '');
    const shown = async (env: Record<string, string>) =>
      (await lines(shell, [shell.prompt], { AWS_VAULT: 'größe', ...env }))[0];
    expect(await shown({ AWS_CREDENTIAL_EXPIRATION: inMinutes(52) })).toBe('[größe 52m] ');
    expect(await shown({ AWS_CREDENTIAL_EXPIRATION: inMinutes(125) })).toBe('[größe 2h05m] ');
    expect(await shown({ AWS_CREDENTIAL_EXPIRATION: inMinutes(60 * 24 * 500) })).toBe('[größe 12000h00m] ');
    expect(await shown({ AWS_CREDENTIAL_EXPIRATION: '2024-02-29T23:59:59Z' })).toBe('[größe expired] ');
    expect(await shown({ AWS_CREDENTIAL_EXPIRATION: 'rubbish' })).toBe('[größe] ');
    expect(await shown({})).toBe('[größe] ');
    expect(await shown({ AWS_VAULT: '' })).toBe('');
    const coloured = (minutes: number) =>
      shown({ AWS_CREDENTIAL_EXPIRATION: inMinutes(minutes), NO_COLOR: '', TERM: 'xterm' });
    expect(await coloured(52)).toMatch(/36m|cyan/);
    expect(await coloured(9)).toMatch(/33m|yellow/);
    expect(await coloured(-9)).toMatch(/31m|red/);
  });

  it('asks for the code on the terminal, and has the prompt say so', async () => {
    const start = shell.start === 'fish --no-config' ? shell.start : `${shell.start} -i`;
    const env = environment({ PS1: '$ ', PROMPT: '$ ', ZDOTDIR: world.home });
    const terminal = new PseudoTerminal(`cd '${world.home}' && exec ${start}`, env);
    terminal.type(`${shell.init}\r`);
    terminal.type('echo re""ady\r');
    await terminal.shows('ready');
    terminal.type('kt admin\r');
    await terminal.shows(`Enter MFA code for ${people.device.serial}: `);
    terminal.type(`${people.device.freshCode()}\r`);
    await terminal.shows('[admin ');
    const from = terminal.output.length;
    terminal.type('kt -u\r');
    terminal.type('echo "<$AWS_VAULT>"\r');
    await terminal.shows('<>', from);
    terminal.type('exit\r');
    await terminal.status();
    await world.run(['clear']);
  });
});

it('bash keeps what was no environment variable to itself, and asks before PROMPT_COMMAND', async () => {
  const script = [
    'AWS_ROLE_ARN=mine',
    'kt reader',
    'kt -u',
    `sh -c 'echo "<$AWS_ROLE_ARN>"'`,
    'echo $AWS_ROLE_ARN',
    'echo "$PROMPT_COMMAND"',
  ];
  const printed = await lines(SHELLS.bash, script, { PROMPT_COMMAND: 'true' });
  expect(printed).toEqual(['<>', 'mine', '_kt_prompt; true']);
  const twice = await lines(SHELLS.bash, [
    'PS1="> "',
    SHELLS.bash.init,
    SHELLS.bash.init,
    'echo "$PROMPT_COMMAND|$PS1"',
  ]);
  expect(twice).toEqual([`_kt_prompt|$${'{KT_PROMPT}'}> `]);
});

it('the prompt is left alone where only its text is wanted', async () => {
  const { stdout } = await world.run(['shell-init', 'bash', '--no-segment']);
  expect(stdout).toContain('if [[ 0 == 1 ');
});

it('the text for PowerShell names this program and the variables, in its quotes', async () => {
  const { stdout } = await world.run(['shell-init', 'powershell']);
  expect(stdout).toContain(`& '${KEYTURN}' shell-env @args`);
  expect(stdout).toContain("$global:KtNames = @('AWS_VAULT', 'AWS_REGION'");
  expect(stdout).toContain("Register-ArgumentCompleter -Native -CommandName 'keyturn', 'kt'");
  expect(stdout).not.toMatch(/@[A-Z]+@/);
  // An `if` that yields one value or none is no array, and += would make one text of the words.
  expect(stdout).toContain('$before = @(if (');
  expect((await world.run(['shell-init', 'pwsh'])).stdout).toBe(stdout);
});
