import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { socketDirectory } from '../native-host/user-socket-place.ts';
import type { Cli } from './cli.ts';

/** Where the proxy of a user listens for its commands: only the user, and root, can open it. */
export function controlPath(directory: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\keyturn-proxy-${userName()}` : join(directory, 'proxy.sock');
}

function userName(): string {
  return encodeURIComponent(process.getBuiltinModule('node:os').userInfo().username.toLowerCase());
}

/** The directory of the user's sockets. @throws VaultError CONFIG_INVALID */
export function proxyDirectory({ env, settings }: Cli, stateDir = settings.stateDir): string {
  return socketDirectory({ env, stateDir });
}

/** The launcher of this program, to start another one of it. */
export function launcher({ hostLauncher, platform }: Pick<Cli, 'hostLauncher' | 'platform'>): string {
  return join(dirname(hostLauncher()), platform === 'win32' ? 'keyturn.cmd' : 'keyturn');
}

export type User = { readonly uid: number; readonly gid: number };

/** Who called sudo, if this was started with it. */
export function sudoUser({ SUDO_UID, SUDO_GID }: Cli['env']): User | undefined {
  const isNumber = (text: string | undefined): text is string => text !== undefined && /^\d{1,10}$/.test(text);
  return isNumber(SUDO_UID) && isNumber(SUDO_GID) ? { uid: Number(SUDO_UID), gid: Number(SUDO_GID) } : undefined;
}

/**
 * The variables that say where a user's sockets are, out of an environment that is otherwise root's. A home directory only if
 * it is that user's: some systems' sudo keeps HOME, others give root's.
 */
export function placeVariables(env: Cli['env'], { uid }: User): Record<string, string> {
  const isOwnHome = env.HOME ? statSync(env.HOME, { throwIfNoEntry: false })?.uid === uid : false;
  const names = ['XDG_STATE_HOME', 'TMPDIR', ...(isOwnHome ? ['HOME'] : [])];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
