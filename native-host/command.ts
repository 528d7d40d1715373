import { VaultError } from './errors.ts';
import { withoutOwnSecrets } from './own-secrets.ts';

export type CommandOptions = {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** How the program is called in an error, before what went wrong. */
  readonly title: string;
  /** What the person can do about a failure, after it. */
  readonly advice?: string;
  /**
   * Whether the program ended because the person pressed Cancel. Where this is given, what the program says on stderr is taken
   * for its reason instead of being shown.
   */
  readonly isCancel?: (end: { readonly status: number; readonly stderr: string }) => boolean;
  /** What the program reads, such as a secret that must not be an argument; else it has no stdin. */
  readonly input?: string;
  /** A program that prints nothing has done its work. */
  readonly isSilent?: boolean;
  /** Windows only: the arguments are a command line for cmd.exe and are passed on as they are. */
  readonly isVerbatim?: boolean;
  /** What it is to print, and how much of that there can be; a code if not given. */
  readonly output?: { readonly some: string; readonly none: string; readonly maxBytes: number };
  /** Whether the program may read the terminal that is our stdin. A pipe there is never its own: it is a child's, or a browser's. */
  readonly mayAsk?: boolean;
};

// A code has six digits; anything much longer is not one.
const A_CODE = { some: 'a code', none: 'no code', maxBytes: 4096 };
// A reason is a line; toolkits can say much more.
const MAX_STDERR_CHARS = 2048;

/** A line of the config file as the shell of this system runs it. */
export function shellCommand(
  command: string,
  env: CommandOptions['env'],
): { readonly words: readonly [string, ...string[]]; readonly isVerbatim: boolean } {
  if (process.platform !== 'win32') return { words: ['/bin/sh', '-c', command], isVerbatim: false };
  return { words: [env.ComSpec ?? 'cmd.exe', '/d', '/s', '/c', `"${command}"`], isVerbatim: true };
}

/**
 * What a program that gives an MFA code (or what `output` says) prints, trimmed. It has no stdin unless it may ask, our
 * secrets are not in its environment, and its stderr is the terminal's, where it may ask to touch a key.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the output in it
 */
export async function readCommand(
  [file, ...args]: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<string> {
  const { signal, env, timeoutMs, title, isCancel, input, output: wanted = A_CODE } = options;
  const advice = options.advice === undefined ? '' : `; ${options.advice}`;
  const { spawn } = await import('node:child_process');
  // After the last await: an abort before a listener is there would never be heard of.
  if (signal.aborted) throw cancelled(title);
  const failed = (reason: string): VaultError => new VaultError('PROCESS_FAILED', `${title}: ${reason}${advice}`);
  const child = spawn(file, args, {
    env: withoutOwnSecrets(env),
    stdio: [stdinOf(options), 'pipe', isCancel === undefined ? 'inherit' : 'pipe'],
    windowsVerbatimArguments: options.isVerbatim ?? false,
  });
  const output: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  const onAbort = (): void => ended.reject(cancelled(title));
  signal.addEventListener('abort', onAbort);
  const late = new VaultError('TIMEOUT', `${title}: no answer after ${timeoutMs / 1000} s${advice}`);
  const timer = setTimeout(() => ended.reject(late), timeoutMs);
  let sizeBytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    output.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > wanted.maxBytes) ended.reject(failed(`it printed more than ${wanted.some}`));
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  // A program that ends without reading is judged by how it ends.
  child.stdin?.on('error', () => undefined).end(input);
  child.on('error', (error) => ended.reject(failed(error.message)));
  child.on('close', (status, killedBy) => {
    if (status === 0) ended.resolve();
    else if (status !== null && isCancel?.({ status, stderr })) ended.reject(cancelled(title));
    else
      ended.reject(
        failed(
          `${killedBy === null ? `exit status ${status}` : `signal: ${killedBy}`}${lastLine(withoutInput(stderr, input))}`,
        ),
      );
  });
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    child.kill();
    // A grandchild may still hold the pipe; it must not keep this process waiting.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
  const answer = Buffer.concat(output).toString('utf8').trim();
  if (answer === '' && options.isSilent !== true) throw failed(`it printed ${wanted.none}`);
  return answer;
}

function withoutInput(text: string, input = ''): string {
  return input.trim() === '' ? text : text.replaceAll(input.trim(), '***');
}

function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}

function stdinOf({ input, mayAsk }: CommandOptions): 'pipe' | 'inherit' | 'ignore' {
  if (input !== undefined) return 'pipe';
  return mayAsk && process.getBuiltinModule('node:tty').isatty(0) ? 'inherit' : 'ignore';
}

function cancelled(title: string): VaultError {
  return new VaultError('CANCELLED', `cancelled while ${title} was asking; nothing was changed`);
}
