import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { asVaultError, VaultError } from '../native-host/errors.ts';
import { MessageClient } from '../native-host/message-client.ts';
import { PROTOCOL_VERSION } from '../native-host/protocol.ts';
import { VERSION } from '../native-host/version.ts';
import type { Family } from './browsers.ts';

export type HelloOptions = {
  readonly launcherPath: string;
  /** The browser that is played. */
  readonly family: Family;
  /** As the host manifest writes it: `chrome-extension://ID/`, or the add-on's ID. */
  readonly extension: string;
  /** The host manifest, which Firefox names to the host. */
  readonly manifestFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

export type HelloResult = {
  readonly protocol: number;
  readonly hostVersion: string;
  readonly capabilities: readonly string[];
  /** From start to answer. */
  readonly ms: number;
};

const TIMEOUT_MS = 5_000;
const MAX_STDERR_CHARACTERS = 4_096;

/**
 * Starts the host as a browser does, with an empty PATH, says hello, and makes sure that it leaves when its stdin closes.
 * @throws VaultError HOST_NOT_FOUND (no such file), HOST_FORBIDDEN (it may not be executed), HOST_GONE (it ended without an
 *   answer; with the first line of its stderr), VERSION_MISMATCH, BAD_MESSAGE (it writes something else to stdout), TIMEOUT
 */
export async function sayHello(options: HelloOptions): Promise<HelloResult> {
  const { timeoutMs = TIMEOUT_MS, signal, launcherPath } = options;
  const startedAt = performance.now();
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const host = await start(options);
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(deadline.aborted ? timedOut(launcherPath, timeoutMs) : either.reason);
  either.addEventListener('abort', stop, { once: true });
  if (either.aborted) stop();
  try {
    const answer = await Promise.race([greet(host, launcherPath), stopped.promise]);
    const ms = performance.now() - startedAt;
    host.child.stdin.end();
    await Promise.race([host.exited, stopped.promise]);
    return { ...answer, ms };
  } finally {
    either.removeEventListener('abort', stop);
    // Only one that did not leave by itself is still there; what it started itself must not hold our end of the pipes open.
    host.child.kill('SIGKILL');
    for (const stream of [host.child.stdin, host.child.stdout, host.child.stderr]) stream.destroy();
  }
}

type Host = {
  readonly child: ChildProcessWithoutNullStreams;
  readonly client: MessageClient;
  readonly exited: Promise<unknown>;
  /** After that, and everything it said has been read. */
  readonly closed: Promise<unknown>;
  readonly stderr: () => string;
};

async function start(options: HelloOptions): Promise<Host> {
  const { spawn } = await import('node:child_process');
  const { file, args, more } = commandOf(options);
  const env = { ...options.env, PATH: '' };
  const child = spawn(file, args, {
    env,
    cwd: path.dirname(options.launcherPath),
    stdio: 'pipe',
    windowsHide: true,
    ...more,
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw startError(options.launcherPath, error);
  }
  const exited = once(child, 'exit');
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_STDERR_CHARACTERS) stderr += text;
  });
  return { child, client: new MessageClient(child.stdout, child.stdin), exited, closed, stderr: () => stderr };
}

/** The arguments each browser gives; on Windows both start batch files through the command interpreter. */
export function commandOf({
  launcherPath,
  family,
  extension,
  manifestFile,
  env,
  platform = process.platform,
}: HelloOptions): {
  readonly file: string;
  readonly args: readonly string[];
  readonly more: { readonly windowsVerbatimArguments?: true };
} {
  const args = family === 'firefox' ? [manifestFile, extension] : [extension];
  if (platform !== 'win32' || !/\.(bat|cmd)$/i.test(launcherPath)) return { file: launcherPath, args, more: {} };
  const file = path.join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'cmd.exe');
  const line = [launcherPath, ...args].map((part) => `"${part}"`).join(' ');
  return { file, args: ['/d', '/s', '/c', `"${line}"`], more: { windowsVerbatimArguments: true } };
}

async function greet(host: Host, launcherPath: string): Promise<Omit<HelloResult, 'ms'>> {
  const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
  try {
    return checkAnswer(await host.client.call('hello', { protocol, extensionVersion: VERSION }));
  } catch (error) {
    const failure = asVaultError(error);
    if (failure.code !== 'HOST_GONE') throw failure;
    await host.closed; // what it said on stderr is complete then
    throw hostGone(host, launcherPath);
  }
}

function checkAnswer({
  protocol,
  hostVersion,
  capabilities,
}: Readonly<Record<string, unknown>>): Omit<HelloResult, 'ms'> {
  if (protocol !== PROTOCOL_VERSION) {
    const message = `the host speaks protocol ${JSON.stringify(protocol)}, and this program ${PROTOCOL_VERSION}; install both from one release`;
    throw new VaultError('VERSION_MISMATCH', message);
  }
  if (typeof hostVersion === 'string' && Array.isArray(capabilities)) {
    return { protocol, hostVersion, capabilities: capabilities.map(String) };
  }
  throw new VaultError('BAD_MESSAGE', 'the host answered hello with something else than its version and capabilities');
}

function startError(launcherPath: string, cause: unknown): VaultError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const subject = `the launcher ${JSON.stringify(launcherPath)}`;
  const options = { details: { file: launcherPath }, cause };
  if (code === 'EACCES')
    return new VaultError('HOST_FORBIDDEN', `${subject} may not be executed; run: chmod +x on it`, options);
  if (code !== 'ENOENT')
    return new VaultError('HOST_GONE', `${subject} cannot be started: the system says ${String(code)}`, options);
  if (!fs.existsSync(launcherPath)) {
    return new VaultError('HOST_NOT_FOUND', `${subject} does not exist; run 'keyturn host install'`, options);
  }
  return new VaultError(
    'HOST_GONE',
    `${subject} cannot be started: the program named in its first line is missing`,
    options,
  );
}

function hostGone({ child, stderr }: Host, launcherPath: string): VaultError {
  const how = child.signalCode === null ? `exit status ${child.exitCode}` : `signal ${child.signalCode}`;
  const firstLine =
    stderr()
      .trim()
      .split('\n', 1)[0]
      ?.replaceAll(/\p{Cc}/gu, ' ') ?? '';
  const said = firstLine === '' ? 'it said nothing' : `it said: ${firstLine}`;
  const message = `the host ${JSON.stringify(launcherPath)} ended without an answer (${how}); ${said}`;
  return new VaultError('HOST_GONE', message, { details: { file: launcherPath } });
}

function timedOut(launcherPath: string, timeoutMs: number): VaultError {
  const message = `the host ${JSON.stringify(launcherPath)} did not answer hello and leave within ${timeoutMs / 1000} s`;
  return new VaultError('TIMEOUT', message, { details: { file: launcherPath } });
}
