import { VaultError } from './errors.ts';

export type ProcessQuestion = {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
};

// A code has six digits; anything much longer is not one.
const MAX_OUTPUT_BYTES = 4096;

// The passphrase opens the whole vault; a program that is asked for a code has no need of it.
const OUR_SECRETS = ['AWS_VAULT_FILE_PASSPHRASE'];

/**
 * What a profile's `mfa_process` prints, trimmed: the command is run by the shell, its stderr is the terminal's.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the output in it
 */
export async function runMfaProcess(command: string, { signal, env, timeoutMs }: ProcessQuestion): Promise<string> {
  const { spawn } = await import('node:child_process');
  // After the last await: an abort before a listener is there would never be heard of.
  if (signal.aborted) throw cancelled();
  const isWindows = process.platform === 'win32';
  const [shell, ...args] = isWindows
    ? [env.ComSpec ?? 'cmd.exe', '/d', '/s', '/c', `"${command}"`]
    : ['/bin/sh', '-c', command];
  const child = spawn(shell, args, {
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !OUR_SECRETS.includes(name.toUpperCase()))),
    stdio: ['ignore', 'pipe', 'inherit'],
    windowsVerbatimArguments: isWindows,
  });
  const output: Buffer[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(cancelled());
      signal.addEventListener('abort', onAbort);
      timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_OUTPUT_BYTES) reject(failed('it printed more than a code'));
        output.push(chunk);
      });
      child.on('error', (error) => reject(failed(error.message)));
      child.on('close', (status, killedBy) => {
        if (status === 0) resolve();
        else reject(failed(killedBy === null ? `exit status ${status}` : `signal: ${killedBy}`));
      });
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    child.kill();
    // A grandchild may still hold the pipe; it must not keep this process waiting.
    child.stdout.destroy();
  }
  const code = Buffer.concat(output).toString('utf8').trim();
  if (code === '') throw failed('it printed no code');
  return code;
}

function failed(reason: string): VaultError {
  return new VaultError('PROCESS_FAILED', `process provider: ${reason}; check the mfa_process of the profile`);
}

function tooSlow(timeoutMs: number): VaultError {
  const seconds = timeoutMs / 1000;
  return new VaultError(
    'TIMEOUT',
    `process provider: no code after ${seconds} s; check the mfa_process of the profile`,
  );
}

function cancelled(): VaultError {
  return new VaultError('CANCELLED', 'cancelled while mfa_process was running; nothing was changed');
}
