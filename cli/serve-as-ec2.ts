import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMetadataServer } from '../native-host/credential-server/metadata.ts';
import { isMetadataAddressTaken, metadataAddressTaken } from '../native-host/credential-server/metadata-address.ts';
import { type Connection, connectToProxy, stopProxy } from '../native-host/credential-server/metadata-control.ts';
import { VaultError } from '../native-host/errors.ts';
import { makePrivateDirectory } from '../native-host/user-socket-place.ts';
import { resolveExecutable, spawnAndWait } from './child.ts';
import type { Cli } from './cli.ts';
import type { ExecServerOptions, Running, Served } from './commands/exec-server.ts';
import { controlPath, launcher, proxyDirectory } from './proxy-place.ts';

/** Variables that would keep SDKs from the metadata service, or send them to another one. */
const REMOVED = [
  'AWS_EC2_METADATA_DISABLED',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
  'AWS_EC2_METADATA_V1_DISABLED',
];

/**
 * Serves credentials at 169.254.169.254, with the help of a proxy that is started with sudo unless one is running.
 * @throws VaultError PROCESS_FAILED
 */
export async function serveAsEc2(
  { credentials, region }: Served,
  { ec2HttpTokens: httpTokens }: Pick<ExecServerOptions, 'ec2HttpTokens'>,
  cli: Cli,
): Promise<Running> {
  const directory = proxyDirectory(cli);
  const isFile = cli.platform !== 'win32';
  if (isFile) makePrivateDirectory(directory);
  const path = isFile
    ? join(directory, `metadata-${process.pid}.sock`)
    : `\\\\.\\pipe\\keyturn-metadata-${process.pid}`;
  if (isFile) rmSync(path, { force: true }); // of a process that was killed and had our number
  const { log } = cli;
  const server = await startMetadataServer({
    listen: { path },
    credentials,
    region,
    httpTokens,
    now: () => new Date(),
    log,
  });
  try {
    if (isFile) chmodSync(path, 0o600);
    const { connection, isOurs } = await proxyFor(directory, cli);
    await connection.tell({ do: 'serve', path, stopsAtEnd: isOurs });
    const close = async (): Promise<void> => {
      server.close();
      try {
        if (isOurs) await stopProxy(connection);
      } finally {
        connection.socket.destroy();
      }
    };
    return { env: Object.fromEntries(REMOVED.map((name) => [name, undefined])), close };
  } catch (error) {
    server.close();
    throw error;
  }
}

type Found = { readonly connection: Connection; readonly isOurs: boolean };

/** A proxy that runs already, or one that is started for this exec and ends with it. */
async function proxyFor(directory: string, cli: Cli): Promise<Found> {
  const path = controlPath(directory);
  const running = await connectToProxy(path);
  if (running !== undefined) return { connection: running, isOurs: false };
  if (await isMetadataAddressTaken()) throw metadataAddressTaken();
  await startAsRoot(directory, cli);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const connection = await connectToProxy(path);
    if (connection !== undefined) return { connection, isOurs: true };
    await sleep(TRY_MS); // where the proxy is not handed over, nothing says when it is there
  }
  throw new VaultError('TIMEOUT', 'the proxy of 169.254.169.254 did not start');
}

const MAX_TRIES = 50;
const TRY_MS = 100;

async function startAsRoot(directory: string, cli: Cli): Promise<void> {
  const { env, platform } = cli;
  const words = [launcher(cli), 'proxy', '--state-dir', directory];
  if (platform === 'win32') return startDetached(words);
  const isRoot = process.geteuid?.() === 0;
  const [file = '', ...rest] = isRoot ? words : [findSudo(words, cli), ...words];
  if (!isRoot)
    cli.say(`${cli.programName}: root has to add the address 169.254.169.254 first; sudo may ask for your password`);
  const names = ['PATH', 'HOME', 'TERM', 'LANG', 'DISPLAY', 'SUDO_ASKPASS'];
  // Nothing that root's program does not need, and no secret.
  const few = Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  const status = await spawnAndWait(file, [file, ...rest], few);
  cli.signal.throwIfAborted();
  if (status !== 0)
    throw new VaultError('PROCESS_FAILED', `the proxy of 169.254.169.254 did not start (exit status ${status})`);
}

/** Windows: this terminal is an administrator's, or netsh will say so. A launcher there is a batch file, which cmd.exe runs. */
async function startDetached(words: readonly string[]): Promise<void> {
  const { spawn } = await import('node:child_process');
  const line = words.map((word) => `"${word}"`).join(' ');
  const options = { detached: true, stdio: 'ignore', windowsVerbatimArguments: true, windowsHide: true } as const;
  const proxy = spawn('cmd.exe', ['/d', '/s', '/c', `"${line}"`], options);
  proxy.on('error', () => undefined); // heard of as a proxy that does not start
  proxy.unref();
}

function findSudo(words: readonly string[], { env }: Cli): string {
  try {
    return resolveExecutable('sudo', env);
  } catch (cause) {
    const message = `root has to add the address 169.254.169.254, and there is no sudo; run this as root, then try again: ${words.join(' ')}`;
    throw new VaultError('PROCESS_FAILED', message, { cause });
  }
}
