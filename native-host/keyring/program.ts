import { VaultError } from '../errors.ts';
import { withoutOwnSecrets } from '../own-secrets.ts';

export type ProgramOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Which backend the program belongs to, for errors. */
  readonly backend: string;
  /** Its standard input: the place for secrets, which arguments are not. */
  readonly input?: string;
};

export type ProgramResult = { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string };

// What a keyring's program prints is an item or a list; one that prints on and on is none.
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs a keyring's own program to its end. It may ask the person through a window of its own or the terminal, which it finds by
 * itself; ours are neither its stdin nor its stdout, and our secrets are not in its environment.
 * @throws VaultError KEYRING_UNAVAILABLE (it cannot be started, or prints without end), TIMEOUT, CANCELLED; never with the output in it
 */
export async function runProgram(
  [file, ...args]: readonly [string, ...string[]],
  { env, signal, timeoutMs, backend, input = '' }: ProgramOptions,
): Promise<ProgramResult> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  if (signal.aborted) throw cancelled(file);
  const failed = (reason: string): VaultError =>
    new VaultError('KEYRING_UNAVAILABLE', `${JSON.stringify(file)} cannot be used: ${reason}`, {
      details: { backend },
    });
  const child = spawn(file, args, { env: withoutOwnSecrets(env), stdio: ['pipe', 'pipe', 'pipe'] });
  const output: { stdout: Buffer[]; stderr: Buffer[]; size: number } = { stdout: [], stderr: [], size: 0 };
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const collect = (to: Buffer[]) => (chunk: Buffer) => {
    to.push(chunk);
    output.size += chunk.length;
    if (output.size > MAX_OUTPUT_BYTES) reject(failed('it prints without end'));
  };
  child.stdout.on('data', collect(output.stdout));
  child.stderr.on('data', collect(output.stderr));
  child.on('error', (error) => reject(failed(reasonOf(error))));
  child.on('close', (status) => {
    resolve({ status, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr).toString('utf8') });
  });
  // A program that ends without reading its input says why with its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const onAbort = (): void => reject(cancelled(file));
  signal.addEventListener('abort', onAbort);
  const late = new VaultError('TIMEOUT', `${JSON.stringify(file)} gave no answer in ${timeoutMs / 1000} s; repeat`, {
    details: { backend },
  });
  const timer = setTimeout(() => reject(late), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    child.kill();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function reasonOf(error: Error): string {
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such program on PATH' : error.message;
}

function cancelled(file: string): VaultError {
  return new VaultError('CANCELLED', `cancelled while waiting for ${JSON.stringify(file)}; nothing was changed`);
}
