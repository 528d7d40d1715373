import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { METADATA_ADDRESS } from '../native-host/credential-server/metadata.ts';
import {
  addressCommands,
  addressInterface,
  isMetadataAddressTaken,
  metadataAddressTaken,
  OUR_LABEL,
  removeAddress,
  runAddressCommand,
} from '../native-host/credential-server/metadata-address.ts';
import { runProxy } from '../native-host/credential-server/metadata-proxy.ts';
import { VaultError } from '../native-host/errors.ts';
import type { Cli } from './cli.ts';
import { controlPath, launcher, placeVariables, proxyDirectory, sudoUser, type User } from './proxy-place.ts';
import { READY, type WayToRestore } from './proxy-worker.ts';

/**
 * What needs root: gives the loopback interface the address, listens there, and hands the listening socket to a worker that
 * runs as the user who asked for it. Returns when the worker has it.
 * @throws VaultError PROCESS_FAILED, USAGE, TIMEOUT
 */
export async function startProxy(cli: Cli, stateDir: string | undefined): Promise<void> {
  const { platform } = cli;
  const commands = addressCommands(platform);
  if (platform !== 'win32' && process.geteuid?.() !== 0) {
    const message = `only root can add the address ${METADATA_ADDRESS}; run: sudo ${launcher(cli)} proxy`;
    throw new VaultError('PROCESS_FAILED', message);
  }
  if (await isMetadataAddressTaken()) throw metadataAddressTaken();
  const before = addressInterface();
  if (before === undefined) await runAddressCommand(commands.add);
  // One that a killed proxy left is ours to take away.
  const isOurs = before === undefined || before === OUR_LABEL;
  const restore = async (): Promise<void> => {
    if (isOurs) await removeAddress(platform);
  };
  if (platform === 'win32') return runHere(cli, restore);
  let server: Server | undefined;
  try {
    server = await listenOnAddress();
    await startWorker(server, { cli, stateDir, isOurs, remove: commands.remove });
  } catch (error) {
    await restore();
    throw error;
  } finally {
    server?.close();
  }
  if (stateDir === undefined) {
    cli.say(`${METADATA_ADDRESS} leads to exec --ec2-server from now on; end it with: ${cli.programName} proxy --stop`);
  }
}

/** Windows has nobody to hand over to: an administrator's program stays one. */
async function runHere(cli: Cli, restore: () => Promise<void>): Promise<void> {
  const listen = { host: METADATA_ADDRESS, port: 80, exclusive: true };
  const path = controlPath(proxyDirectory(cli));
  await sleep(ADDRESS_MS); // Windows looks for another owner of a new address before it lets anybody use it
  await runProxy({ listen, controlPath: path, restore, uid: undefined, signal: cli.signal }, () => undefined);
}

const ADDRESS_MS = 3000;
const RETRY_MS = 50;

async function listenOnAddress(): Promise<Server> {
  const until = Date.now() + ADDRESS_MS;
  for (;;) {
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: METADATA_ADDRESS, port: 80, exclusive: true }, resolve);
      });
      return server;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (code === 'EADDRINUSE') throw metadataAddressTaken(cause);
      // A new address can take a moment to be there.
      if (code !== 'EADDRNOTAVAIL' || Date.now() > until) {
        throw new VaultError('PROCESS_FAILED', `cannot listen on ${METADATA_ADDRESS}:80: ${code}`, { cause });
      }
      await sleep(RETRY_MS);
    }
  }
}

type WorkerOptions = {
  readonly cli: Cli;
  readonly stateDir: string | undefined;
  readonly isOurs: boolean;
  readonly remove: readonly [string, ...string[]];
};

const WORKER_MS = 10_000;
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

async function startWorker(server: Server, { cli, stateDir, isOurs, remove }: WorkerOptions): Promise<void> {
  const { env } = cli;
  const user = userOf(cli, stateDir);
  const setpriv = cli.platform === 'linux' && hasSetpriv();
  const way: WayToRestore = !isOurs ? 'keep' : setpriv ? 'capability' : 'guardian';
  const place = stateDir === undefined ? [] : ['--state-dir', stateDir];
  const words = [launcher(cli), 'proxy', '--worker', way, ...place];
  const [file = '', ...args] = setpriv ? ['setpriv', ...privileges(user), '--', ...words] : words;
  // Node has no public way to a server's descriptor, and the worker cannot open a port below 1024 itself.
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const guardian = way === 'guardian' ? startGuardian(remove) : undefined;
  const worker = spawn(file, args, {
    // Nothing of root's environment, but for what says where the user's sockets are.
    env: { PATH: SYSTEM_PATH, ...placeVariables(env, user) },
    stdio: ['ignore', 'pipe', 'pipe', fd, guardian?.stdin ?? 'ignore'] as StdioOptions, // streams are allowed from 3 on too
    cwd: '/',
    detached: true, // a Ctrl-C in the terminal of exec is not meant for it
    ...(!setpriv && user),
  });
  await isReady(worker);
  worker.unref();
}

/** The owner of the directory that was named, else the user who called sudo, else root itself. */
function userOf({ env }: Cli, stateDir: string | undefined): User {
  const owner = stateDir === undefined ? undefined : statSync(stateDir, { throwIfNoEntry: false });
  if (owner !== undefined) return { uid: owner.uid, gid: owner.gid };
  return sudoUser(env) ?? { uid: 0, gid: 0 };
}

/** Everything goes but what it takes to remove an address, and nothing can come back. */
function privileges({ uid, gid }: User): string[] {
  const only = '-all,+net_admin';
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return [...ids, `--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`, '--no-new-privs'];
}

/** util-linux's; the one of busybox cannot change users. */
function hasSetpriv(): boolean {
  const { stdout } = spawnSync('setpriv', ['--help'], { encoding: 'utf8', env: { PATH: SYSTEM_PATH } });
  return typeof stdout === 'string' && stdout.includes('--ambient-caps') && stdout.includes('--reuid');
}

/** Where a user's process cannot remove an address: root's shell waits for the end of the worker, and then does only that. */
function startGuardian(remove: readonly string[]): ChildProcess {
  const script = 'cat > /dev/null; exec "$@"';
  const guardian = spawn('/bin/sh', ['-c', script, 'sh', ...remove], {
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    detached: true,
  });
  guardian.unref();
  return guardian;
}

async function isReady(worker: ChildProcess): Promise<void> {
  let printed = '';
  let complaint = '';
  worker.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  try {
    await new Promise<void>((resolve, reject) => {
      const failed = (reason: string): void =>
        reject(new VaultError('PROCESS_FAILED', `the proxy could not be started: ${reason}`));
      worker.stdout?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (printed === READY) resolve();
      });
      worker.once('error', ({ message }) => failed(message));
      worker.once('close', (status) => failed(complaint.trim() || `exit status ${status}`));
      setTimeout(() => failed(`not ready after ${WORKER_MS / 1000} s`), WORKER_MS).unref();
    });
  } catch (error) {
    worker.kill('SIGKILL');
    throw error;
  } finally {
    worker.stdout?.destroy();
    worker.stderr?.destroy();
  }
}
