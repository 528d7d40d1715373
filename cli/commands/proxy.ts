import { connectToProxy, stopProxy } from '../../native-host/credential-server/metadata-control.ts';
import { VaultError } from '../../native-host/errors.ts';
import { makePrivateDirectory } from '../../native-host/user-socket-place.ts';
import type { Cli } from '../cli.ts';
import { controlPath, launcher, placeVariables, proxyDirectory, sudoUser, type User } from '../proxy-place.ts';

export type ProxyOptions = {
  readonly stop: boolean;
  readonly stateDir: string | undefined;
  readonly worker: string | undefined;
};

/**
 * Leads 169.254.169.254 to exec --ec2-server, or stops doing so. Started by root; what runs on is the user's.
 * @throws VaultError PROCESS_FAILED, USAGE, TIMEOUT
 */
export async function proxy({ stop, stateDir, worker }: ProxyOptions, cli: Cli): Promise<number> {
  if (stop) {
    const user = stateDir === undefined && process.geteuid?.() === 0 ? sudoUser(cli.env) : undefined;
    if (user !== undefined) return stopAs(user, cli);
    await endProxy(cli, stateDir);
    return 0;
  }
  if (worker === undefined) {
    const { startProxy } = await import('../start-proxy.ts');
    await startProxy(cli, stateDir);
    return 0;
  }
  const { runWorker } = await import('../proxy-worker.ts');
  const directory = proxyDirectory(cli, stateDir);
  if (cli.platform !== 'win32') makePrivateDirectory(directory);
  await runWorker(worker, controlPath(directory), cli);
  return 0;
}

/** `sudo keyturn proxy --stop` means the proxy of the user who typed it. */
async function stopAs(user: User, cli: Cli): Promise<number> {
  const { spawnSync } = await import('node:child_process');
  const env = { PATH: '/usr/bin:/bin', ...placeVariables(cli.env, user) };
  const { status } = spawnSync(launcher(cli), ['proxy', '--stop'], { ...user, env, stdio: 'inherit', cwd: '/' });
  return status ?? 1;
}

async function endProxy(cli: Cli, stateDir: string | undefined): Promise<void> {
  const connection = await connectToProxy(controlPath(proxyDirectory(cli, stateDir)));
  if (connection === undefined) {
    throw new VaultError('PROCESS_FAILED', 'no proxy of yours is running');
  }
  try {
    await stopProxy(connection);
  } finally {
    connection.socket.destroy();
  }
}
