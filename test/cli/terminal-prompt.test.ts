import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { driver, PseudoTerminal } from './pseudo-terminal.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'keyturn-prompt-'));
afterAll(() => rmSync(directory, { recursive: true }));

const ask = driver('ask.ts');

/** A question between two looks at the terminal's mode, which must agree. */
function asked(command: string): { terminal: PseudoTerminal; expectModeRestored: () => void } {
  const before = path.join(directory, 'before');
  const after = path.join(directory, 'after');
  const terminal = new PseudoTerminal(`stty -a >'${before}'; ${command}; echo "status=$?"; stty -a >'${after}'`);
  return {
    terminal,
    expectModeRestored: () => {
      expect(readFileSync(before, 'utf8')).toMatch(/ echo .*/);
      expect(readFileSync(after, 'utf8')).toBe(readFileSync(before, 'utf8'));
    },
  };
}

function answer(text: string): string {
  return `answer=${text.length}:${Buffer.from(text).toString('hex')}`;
}

test('a secret is never shown and the terminal gets its mode back', async () => {
  const { terminal, expectModeRestored } = asked(`${ask} secret 'Enter Secret Access Key:'`);
  await terminal.shows('Enter Secret Access Key: ');
  terminal.type('wJalr/XUtn FEMI\r');
  await terminal.shows(answer('wJalr/XUtn FEMI'));
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toBe(`Enter Secret Access Key: \r\n${answer('wJalr/XUtn FEMI')}\r\nstatus=0\r\n`);
  expectModeRestored();
});

test('an answer that is no secret is shown as it is typed, and trimmed', async () => {
  const { terminal, expectModeRestored } = asked(`${ask} shown 'Enter MFA code for arn:'`);
  await terminal.shows('Enter MFA code for arn: ');
  terminal.type(' 123');
  await terminal.shows('arn:  123');
  terminal.type('456 \r');
  await terminal.shows(answer('123456'));
  await terminal.status();
  expectModeRestored();
});

test.for([
  ['backspace takes back one character', '12x\x7f3\r', '123'],
  ['Ctrl-H does too', '12x\b3\r', '123'],
  ['backspace on an empty line does nothing', '\x7f\x7f1\r', '1'],
  ['Ctrl-U starts anew', 'wrong wrong\x15right\r', 'right'],
  ['Ctrl-W takes back a word', 'one two\x17three\r', 'one three'],
  ['arrow keys and bracketed paste leave no traces', '1\x1b[D2\x1b[200~3\x1b[201~\x1bOA4\r', '1234'],
  ['Ctrl-D after some text is ignored', '12\x043\r', '123'],
  ['letters outside ASCII are kept', 'pässwörd€\r', 'pässwörd€'],
] as const)('%s', async ([, keys, expected]) => {
  const terminal = new PseudoTerminal(`${ask} secret 'Secret:'`);
  await terminal.shows('Secret: ');
  terminal.type(keys);
  await terminal.shows(answer(expected));
  expect(await terminal.status()).toBe(0);
});

test('a paste longer than the 4096 characters of a terminal line arrives whole', async () => {
  const pasted = 'FwoGZXIvYXdzE'.repeat(700);
  const terminal = new PseudoTerminal(`${ask} secret 'Token:'`);
  await terminal.shows('Token: ');
  terminal.type(`${pasted}\r`);
  await terminal.shows(answer(pasted));
  expect(await terminal.status()).toBe(0);
});

test('lines pasted together answer the questions one after the other', async () => {
  const terminal = new PseudoTerminal(`${ask} secret 'One:' 'Two:' 'Three:'`);
  await terminal.shows('One: ');
  terminal.type('first\rsecond\rthi');
  await terminal.shows('Three: ');
  terminal.type('rd\r');
  for (const text of ['first', 'second', 'third']) await terminal.shows(answer(text));
  expect(await terminal.status()).toBe(0);
});

test.for([
  ['Ctrl-C', '\x03'],
  ['Ctrl-C after some text', 'half\x03'],
  ['Ctrl-D', '\x04'],
  ['Ctrl-\\', '\x1c'],
] as const)('%s cancels and restores the terminal', async ([, keys]) => {
  const { terminal, expectModeRestored } = asked(`${ask} secret 'Secret:'`);
  await terminal.shows('Secret: ');
  terminal.type(keys);
  await terminal.shows('CANCELLED: ');
  await terminal.shows('status=1');
  await terminal.status();
  expect(terminal.output).not.toContain('half');
  expectModeRestored();
});

test.for([
  ['SIGTERM ends the process as ever', 'SIGTERM', 'status=143'],
  ['SIGHUP ends the process as ever', 'SIGHUP', 'status=129'],
  ['SIGINT from outside cancels', 'SIGINT', 'CANCELLED: '],
  ['an abort cancels', 'SIGUSR2', 'CANCELLED: '],
] as const)('%s, and the terminal is restored', async ([, signal, shown]) => {
  const { terminal, expectModeRestored } = asked(`${ask} secret 'I am PID:'`);
  await terminal.shows(': ');
  process.kill(Number(/I am (\d+): /.exec(terminal.output)?.[1]), signal);
  await terminal.shows(shown);
  await terminal.status();
  expectModeRestored();
});

test('an abort before the question is on the screen cancels too', async () => {
  const terminal = new PseudoTerminal(`ABORT_AT_ONCE=1 ${ask} secret 'Secret:'`);
  await terminal.shows('CANCELLED: ');
  await terminal.status();
});

test('Ctrl-Z gives the terminal back to the shell, and fg asks again', async () => {
  const stopped = path.join(directory, 'stopped');
  const { terminal, expectModeRestored } = asked(
    `set -m; ${ask} secret 'Secret:'; stty -a >'${stopped}'; echo "in the shell"; fg`,
  );
  await terminal.shows('Secret: ');
  terminal.type('abc\x1a');
  await terminal.shows('in the shell');
  await terminal.shows('Secret: ', terminal.output.indexOf('in the shell'));
  terminal.type('def\r');
  await terminal.shows(answer('abcdef'));
  await terminal.status();
  expect(readFileSync(stopped, 'utf8')).toMatch(/ icanon .* echo /s);
  expect(terminal.output).not.toContain('def\r');
  expectModeRestored();
});

test('piped stdin is left for the program that comes after', async () => {
  const terminal = new PseudoTerminal(`printf 'from the pipe' | { ${ask} secret 'Secret:'; cat; }`);
  await terminal.shows('Secret: ');
  terminal.type('typed\r');
  await terminal.shows(`${answer('typed')}\r\nfrom the pipe`);
  expect(await terminal.status()).toBe(0);
});

test('a terminal on stdin is not left non-blocking', async () => {
  const terminal = new PseudoTerminal(`${ask} secret 'Secret:'; grep flags /proc/self/fdinfo/0`);
  await terminal.shows('Secret: ');
  terminal.type('typed\r');
  await terminal.status();
  const flags = Number.parseInt(/flags:\s+([0-7]+)/.exec(terminal.output)?.[1] ?? '', 8);
  expect(flags & 0o4000).toBe(0);
});

test('without a terminal the failure is the one of aws-vault', () => {
  const { stdout, status } = spawnSync('setsid', ['--wait', 'sh', '-c', `${ask} secret 'Secret:'`], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('USAGE: open /dev/tty: no such device or address\n');
  expect(status).toBe(1);
});
