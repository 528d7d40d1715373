import { expect, test } from 'vitest';
import { runMfaProcess } from '../../native-host/mfa-process.ts';

function run(command: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<string> {
  const { timeoutMs = 30_000, signal = new AbortController().signal } = options;
  const env = { PATH: process.env.PATH, CODE: '123456', AWS_VAULT_FILE_PASSPHRASE: 'canary' };
  return runMfaProcess(command, { timeoutMs, signal, env });
}

test('the code is what the shell command prints, trimmed', async () => {
  expect(await run('printf " %s \\n" "$CODE" | cat')).toBe('123456');
});

test('the passphrase of the vault is not in its environment', async () => {
  expect(await run('printf %s "<$AWS_VAULT_FILE_PASSPHRASE>"')).toBe('<>');
});

test('it reads nothing from stdin, which belongs to the program that comes after', async () => {
  expect(await run('cat; echo 1')).toBe('1');
});

test.for([
  ['an exit status', 'echo 123456; exit 3', 'process provider: exit status 3'],
  ['a command that is not there', 'no-such-command 2>/dev/null', 'process provider: exit status 127'],
  ['death by a signal', 'kill -KILL $$', 'process provider: signal: SIGKILL'],
  ['silence', 'true', 'process provider: it printed no code'],
  ['endless output', 'yes 123456', 'process provider: it printed more than a code'],
] as const)('%s is a failure that does not repeat the output', async ([, command, message]) => {
  const failure = expect.objectContaining({ code: 'PROCESS_FAILED', message: expect.stringContaining(message) });
  await expect(run(command)).rejects.toEqual(failure);
  await expect(run(command)).rejects.toEqual(
    expect.objectContaining({ message: expect.not.stringContaining('123456') }),
  );
});

test('a command that takes too long is ended', async () => {
  await expect(run('exec sleep 60', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('an abort cancels it, before and while it runs', async () => {
  await expect(run('exec sleep 60', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  const stopping = new AbortController();
  const running = run('exec sleep 60', { signal: stopping.signal });
  stopping.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
});
