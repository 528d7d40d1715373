import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { driver, PseudoTerminal } from './pseudo-terminal.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'keyturn-child-'));
afterAll(() => rmSync(directory, { recursive: true }));

const runner = path.join(import.meta.dirname, 'drivers', 'run.ts');
const ways = ['replace', 'spawn'] as const;

type Way = (typeof ways)[number];

function run(how: Way, argv: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { input = '', env } = options;
  const environment = { ...process.env, ...env };
  return spawnSync(process.execPath, [runner, how, ...argv], { encoding: 'utf8', input, env: environment });
}

function executable(name: string, content: string | Buffer, mode = 0o755): string {
  const file = path.join(directory, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

describe.for(ways)('%s', (how) => {
  test("the exit status is the program's own", () => {
    expect(run(how, ['sh', '-c', 'exit 0']).status).toBe(0);
    expect(run(how, ['sh', '-c', 'exit 42']).status).toBe(42);
  });

  test('arguments arrive verbatim, and argv[0] is the command as typed', () => {
    const { stdout } = run(how, ['sh', '-c', 'tr "\\0" "|" </proc/$$/cmdline', '--', '', 'a b', '-x', '$HOME']);
    expect(stdout).toBe('sh|-c|tr "\\0" "|" </proc/$$/cmdline|--||a b|-x|$HOME|');
  });

  test('all of stdin is left for the program', () => {
    const input = 'line\n'.repeat(30_000);
    expect(run(how, ['cat'], { input }).stdout).toBe(input);
  });

  test('stdout and stderr stay apart', () => {
    expect(run(how, ['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
  });

  test('the credentials are in the environment, what contradicts them is not', () => {
    const env = {
      AWS_PROFILE: 'other',
      AWS_VAULT_FILE_PASSPHRASE: 'canary',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      KEPT: 'yes',
    };
    const { stdout } = run(how, ['env'], { env });
    expect(stdout).toMatch(/^AWS_SECRET_ACCESS_KEY=child-secret$/m);
    expect(stdout).toMatch(/^AWS_VAULT=work$/m);
    expect(stdout).toMatch(/^KEPT=yes$/m);
    expect(stdout).not.toMatch(/canary|AWS_PROFILE|AWS_ROLE_ARN/);
  });

  test('no signal is ignored in the program, so a pipe can end it', () => {
    expect(run(how, ['grep', 'SigIgn', '/proc/self/status']).stdout).toBe('SigIgn:\t0000000000000000\n');
  });

  test('text without #! is run by the shell, with its arguments', () => {
    const script = executable('no-shebang', 'echo "$0 got $1"; exit 3\n');
    expect(run(how, [script, 'this'])).toMatchObject({ stdout: `${script} got this\n`, status: 3 });
  });

  test('a script is found on PATH and run by its interpreter', () => {
    executable('hello-script', '#!/bin/sh\necho "hello $1"\n');
    const env = { PATH: `${directory}:${process.env.PATH}` };
    expect(run(how, ['hello-script', 'you'], { env }).stdout).toBe('hello you\n');
  });

  test('a missing interpreter is an error, not a crash', () => {
    const script = executable('bad-shebang', '#!/nonexistent/interpreter\n');
    const { stderr, status, signal } = run(how, [script]);
    expect({ stderr, status, signal }).toEqual({
      stderr: `PROCESS_FAILED: fork/exec ${script}: no such file or directory\n`,
      status: 1,
      signal: null,
    });
  });

  test.for([
    ['random bytes', (): string => executable('garbage', Buffer.from([1, 0, 2, 0, 3, 0, 255]))],
    ['a program for another processor', foreignProgram],
    ['half a program', (): string => executable('half', readFileSync('/bin/true').subarray(0, 300))],
    ['an empty file', (): string => executable('empty', '')],
  ] as const)('%s never makes Node abort', ([, make]) => {
    const { signal, stderr } = run(how, [make()]);
    expect(signal).toBeNull();
    expect(stderr).not.toMatch(/execve failed|JavaScript stack/);
  });

  test('an executable that cannot be read is run all the same', () => {
    const file = path.join(directory, 'unreadable');
    copyFileSync('/bin/echo', file);
    chmodSync(file, 0o111);
    expect(run(how, [file, 'hi']).stdout).toBe('hi\n');
  });

  test('a large environment is handed on', () => {
    const env = Object.fromEntries(
      Array.from({ length: 30 }, (_unused, index) => [`LARGE_${index}`, 'x'.repeat(9000)]),
    );
    expect(run(how, ['sh', '-c', 'printf %s "$LARGE_29" | wc -c'], { env }).stdout.trim()).toBe('9000');
  });

  test('a signal from outside reaches the program', async () => {
    const script = 'sleep 60 & trap "kill $!; echo got TERM; exit 7" TERM; echo ready; wait';
    const child = start(how, ['sh', '-c', script]);
    await shows(child, 'ready');
    child.kill('SIGTERM');
    await shows(child, 'got TERM');
    expect(await statusOf(child)).toEqual({ status: 7, signal: null });
  });
});

test('the program takes the place of this process: same process ID, no parent in between', async () => {
  const child = start('replace', ['sh', '-c', 'echo "I am $$."']);
  await shows(child, `I am ${child.pid}.`);
  expect(await statusOf(child)).toEqual({ status: 0, signal: null });
});

test('a signal that ends a replaced program is seen by the parent, and as 128+n from a spawned one', () => {
  expect(run('replace', ['sh', '-c', 'kill -KILL $$'])).toMatchObject({ status: null, signal: 'SIGKILL' });
  expect(run('spawn', ['sh', '-c', 'kill -KILL $$'])).toMatchObject({ status: 137, signal: null });
});

test.for([
  [
    'a command that is nowhere on PATH',
    'no-such-command',
    1,
    'exec: "no-such-command": executable file not found in $PATH',
  ],
  ['an empty command', '', 1, 'exec: "": executable file not found in $PATH'],
  ['a path that does not exist', './no/such', 1, 'fork/exec ./no/such: no such file or directory'],
  ['a directory', '/tmp', 1, 'fork/exec /tmp: permission denied'],
  ['a file that is not executable', '/etc/passwd', 1, 'fork/exec /etc/passwd: permission denied'],
] as const)('%s is told in one line', ([, command, status, message]) => {
  for (const how of ways) {
    expect(run(how, [command])).toMatchObject({
      status,
      signal: null,
      stdout: '',
      stderr: `PROCESS_FAILED: ${message}\n`,
    });
  }
});

test('PATH is searched as execvp does: directories and files that cannot be executed are passed over', () => {
  const first = mkdtempSync(path.join(directory, 'first-'));
  const second = mkdtempSync(path.join(directory, 'second-'));
  writeFileSync(path.join(first, 'tool'), 'not executable', { mode: 0o644 });
  writeFileSync(path.join(second, 'tool'), '#!/bin/sh\necho second\n', { mode: 0o755 });
  expect(run('replace', ['tool'], { env: { PATH: `/nonexistent:${first}:${second}` } }).stdout).toBe('second\n');
  const { stderr, status } = run('replace', ['tool'], { env: { PATH: first } });
  expect({ stderr, status }).toEqual({
    stderr: `PROCESS_FAILED: fork/exec ${first}/tool: permission denied\n`,
    status: 1,
  });
});

test('in a terminal, Ctrl-C reaches a spawned program once, not twice', async () => {
  const script =
    'n=0; trap "n=\\$((n+1)); echo interrupt \\$n" INT; echo ready; until read -r line; do :; done; echo "total=$n"';
  const terminal = new PseudoTerminal(`exec ${driver('run.ts')} spawn sh -c '${script}'`);
  await terminal.shows('ready');
  terminal.type('\x03');
  await terminal.shows('interrupt 1');
  terminal.type('end\r');
  await terminal.shows('total=1');
  expect(await terminal.status()).toBe(0);
});

test.for(ways)('in a terminal, the program run by %s has it to itself, in its normal mode', async (how) => {
  const script = 'stty -a | grep -o " icanon"; grep flags /proc/self/fdinfo/0; read -r line; echo "read <$line>"';
  const terminal = new PseudoTerminal(`${driver('run.ts')} ${how} sh -c '${script}'`);
  await terminal.shows('flags:');
  terminal.type('typed\r');
  await terminal.shows('read <typed>');
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toContain('icanon');
  expect(Number.parseInt(/flags:\s+([0-7]+)/.exec(terminal.output)?.[1] ?? '', 8) & 0o4000).toBe(0);
});

type Started = ChildProcessByStdio<null, Readable, null> & { shown: string };

function start(how: Way, argv: readonly string[]): Started {
  const child = spawn(process.execPath, [runner, how, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const started = Object.assign(child, { shown: '' });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    started.shown += text;
  });
  return started;
}

async function shows(child: Started, text: string): Promise<void> {
  while (!child.shown.includes(text)) {
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.stdout.once('end', () => reject(new Error(`ended without showing ${text}: ${child.shown}`)));
    });
  }
}

function statusOf(child: Started): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  const { exitCode: status, signalCode: signal } = child;
  if (status !== null || signal !== null) return Promise.resolve({ status, signal });
  return new Promise((resolve) => {
    child.once('exit', (exitStatus, exitSignal) => resolve({ status: exitStatus, signal: exitSignal }));
  });
}

/** /bin/true, said to be for a processor this machine does not have. */
function foreignProgram(): string {
  const image = Buffer.from(readFileSync('/bin/true'));
  image.writeUInt16LE(0xf7, 18);
  return executable('foreign', image);
}
