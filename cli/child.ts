import type { ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { delimiter, sep } from 'node:path';
import type { Credentials } from '../native-host/aws/credentials.ts';
import { VaultError } from '../native-host/errors.ts';
import { withoutOwnSecrets } from '../native-host/own-secrets.ts';
import { rfc3339 } from '../native-host/rfc3339.ts';
import { programImage } from './program-image.ts';

type Env = Readonly<Record<string, string | undefined>>;
type ChildEnv = Record<string, string>;

export type ChildCredentials = {
  readonly profile: string;
  readonly credentials: Credentials;
  readonly region: string | undefined;
};

// What could make an SDK in the child take another identity or believe in an expiry that is not this one's. aws-vault leaves in
// what comes after AWS_SDK_LOAD_CONFIG, and the names by which old SDKs know a key.
const REMOVED = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_CREDENTIAL_FILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_PROFILE',
  'AWS_SDK_LOAD_CONFIG',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
]);

// As the AWS SDKs know them.
const CONTAINER_VARIABLES = [
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];

/** The variables of a shell that gets credentials itself: those set in it, and those that would contradict them. */
export function shellVariables(): string[] {
  return ['AWS_VAULT', 'AWS_REGION', 'AWS_DEFAULT_REGION', ...REMOVED, ...CONTAINER_VARIABLES];
}

function isRemoved(name: string): boolean {
  const known = process.platform === 'win32' ? name.toUpperCase() : name;
  return REMOVED.has(known) || known.startsWith('AWS_CONTAINER_');
}

/** The environment of a program that is to use `credentials`: the parent's, without what would contradict them. */
export function childEnvironment(parent: Env, { credentials, ...place }: ChildCredentials): ChildEnv {
  const env = serverEnvironment(parent, place);
  env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  if (credentials.sessionToken !== undefined) env.AWS_SESSION_TOKEN = credentials.sessionToken;
  if (credentials.expiresAt !== undefined) env.AWS_CREDENTIAL_EXPIRATION = rfc3339(credentials.expiresAt);
  return env;
}

/** The same without any credentials, for a program that gets them from a server. */
export function serverEnvironment(parent: Env, { profile, region }: Omit<ChildCredentials, 'credentials'>): ChildEnv {
  const env = cleanEnvironment(parent, region);
  env.AWS_VAULT = profile;
  return env;
}

/**
 * The environment of a program whose SDK is to find the credentials of a profile itself. Without AWS_VAULT, which means that
 * credentials are there: a `credential_process` that runs this program again must not be taken for a nested use.
 */
export function profileEnvironment(parent: Env, { profile, region }: Omit<ChildCredentials, 'credentials'>): ChildEnv {
  const env = cleanEnvironment(parent, region);
  env.AWS_PROFILE = profile;
  return env;
}

function cleanEnvironment(parent: Env, region: string | undefined): ChildEnv {
  const env: ChildEnv = {};
  for (const [name, value] of Object.entries(withoutOwnSecrets(parent))) {
    if (!isRemoved(name)) env[name] = value;
  }
  if (region !== undefined && region !== '') {
    env.AWS_REGION = region;
    env.AWS_DEFAULT_REGION = region;
  }
  return env;
}

/**
 * The file a command means, as execvp(3) finds it: with a slash as it is, else the first executable on PATH.
 * @throws VaultError PROCESS_FAILED with Go's text
 */
export function resolveExecutable(command: string, env: Env): string {
  if (command.includes('/') || (process.platform === 'win32' && command.includes('\\'))) {
    const failure = whyNotExecutable(command);
    if (failure === undefined) return command;
    throw startFailure(failure, `fork/exec ${command}: ${REASONS[failure] ?? failure}`);
  }
  let denied: string | undefined;
  for (const file of candidates(command, env)) {
    const failure = whyNotExecutable(file);
    if (failure === undefined) return file;
    if (failure === 'EACCES') denied ??= file;
  }
  if (denied !== undefined) throw startFailure('EACCES', `fork/exec ${denied}: permission denied`);
  throw startFailure('ENOENT', `exec: ${JSON.stringify(command)}: executable file not found in $PATH`);
}

/** Whether a program can be started by this name. */
export function isInstalled(command: string, env: Env): boolean {
  try {
    return resolveExecutable(command, env) !== '';
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

function candidates(command: string, env: Env): string[] {
  if (command === '') return [];
  // A PATH that is not set at all has this default in execvp(3); an empty entry is the current directory.
  const directories = (env.PATH ?? env.Path ?? '/bin:/usr/bin').split(delimiter);
  const suffixes = process.platform === 'win32' ? ['', ...(env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';')] : [''];
  return directories.flatMap((directory) =>
    suffixes.map((suffix) => `${directory === '' ? '.' : directory}${sep}${command}${suffix}`),
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ENOEXEC: 'exec format error',
  E2BIG: 'argument list too long',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};

function whyNotExecutable(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'EACCES';
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function startFailure(errno: string, message: string): VaultError {
  return new VaultError('PROCESS_FAILED', message, { cause: Object.assign(new Error(errno), { code: errno }) });
}

// Linux promises 128 KiB for arguments and environment together whatever the limits are; above that execve may fail.
const CERTAIN_ARGUMENT_BYTES = 100 * 1024;

/**
 * Puts the program in this process's place: same process ID, terminal and parent. Exit handlers do not run. `argv[0]` is the
 * command as typed. Where the system has no execve, or it could fail (Node then aborts), the program runs as a child instead.
 * @returns the child's exit status in that case
 * @throws VaultError PROCESS_FAILED
 */
export async function replaceProcess(file: string, argv: readonly string[], env: ChildEnv): Promise<number> {
  const image = process.execve === undefined || isTooBig(argv, env) ? 'unsure' : programImage(file);
  if (image === 'unsure' || process.execve === undefined) return spawnAndWait(file, argv, env);
  // Node ignores these two, and an ignored signal stays ignored in the program; one with a handler is reset.
  process.on('SIGPIPE', () => undefined);
  process.on('SIGXFSZ', () => undefined);
  // Text without #! is run by the shell, as execvp(3) does it.
  if (image === 'shell-script') process.execve('/bin/sh', ['/bin/sh', file, ...argv.slice(1)], env);
  return process.execve(file, argv, env);
}

function isTooBig(argv: readonly string[], env: ChildEnv): boolean {
  let bytes = 0;
  for (const text of argv) bytes += Buffer.byteLength(text) + 9;
  for (const [name, value] of Object.entries(env)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 10;
  return bytes > CERTAIN_ARGUMENT_BYTES;
}

/**
 * Runs the program as a child on the same terminal and passes on the signals that are meant for it; `onReady` is called when
 * it does.
 * @returns its own exit status, 128+n if signal n ended it
 * @throws VaultError PROCESS_FAILED if it cannot be started
 */
export async function spawnAndWait(
  file: string,
  argv: readonly string[],
  env: ChildEnv,
  onReady?: () => void,
): Promise<number> {
  const [{ spawn }, os] = await Promise.all([import('node:child_process'), import('node:os')]);
  const [argv0 = file, ...args] = argv;
  let child: ChildProcess | undefined;
  // Before the child is there: a signal in between would end this process and leave the child alone.
  const stopForwarding = forwardSignals((signal) => child?.kill(signal));
  onReady?.();
  try {
    return await new Promise<number>((resolve, reject) => {
      child = spawn(file, args, { argv0, env, stdio: 'inherit' });
      child.on('error', (cause) => {
        const errno = errnoOf(cause);
        reject(startFailure(errno, `fork/exec ${file}: ${REASONS[errno] ?? errno}`));
      });
      child.on('exit', (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : os.constants.signals[signal])),
      );
    });
  } finally {
    stopForwarding();
  }
}

// From a terminal these reach the child by themselves, as it is in the same foreground group. Passed on they would come
// twice, and programs such as terraform take a second interrupt for "abort at once".
const TERMINAL_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const FORWARDED_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const CONSOLE_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGBREAK'];

function forwardSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const isWindows = process.platform === 'win32';
  const ownOnly = isWindows || hasTerminal();
  const listeners = new Map<NodeJS.Signals, () => void>();
  for (const signal of isWindows ? CONSOLE_SIGNALS : TERMINAL_SIGNALS) {
    listeners.set(signal, ownOnly ? () => undefined : () => send(signal));
  }
  for (const signal of isWindows ? [] : FORWARDED_SIGNALS) listeners.set(signal, () => send(signal));
  if (!isWindows) {
    // A stop that only this process heard of would leave a program that nobody serves any more. Itself it stops as if nobody
    // listened, because the system lets no process of an orphaned group stop that way.
    const stop = (): void => {
      if (!ownOnly) send('SIGTSTP');
      process.removeListener('SIGTSTP', stop);
      process.kill(process.pid, 'SIGTSTP');
      process.on('SIGTSTP', stop);
    };
    listeners.set('SIGTSTP', stop);
    listeners.set('SIGCONT', () => send('SIGCONT'));
  }
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    // No controlling terminal: nobody but us passes signals on.
    return false;
  }
}
