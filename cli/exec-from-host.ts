import { sessionFromHost, shapingEnvironment } from '../native-host/host-session.ts';
import { backendInUse, readSettings, type Settings } from '../native-host/settings.ts';
import type { CommandOf } from './args.ts';
import { childEnvironment, replaceProcess, resolveExecutable } from './child.ts';
import { type Inherited, keepInherited } from './inherited.ts';
import { reachEnvironment } from './reach-environment.ts';
import { noteProfileUse } from './recent-profiles.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Those that a host reads as quickly as it is asked. */
const KEYRINGS = ['file', 'secret-service'];

/**
 * Runs the program with a session that a host has, without loading what reads config files and vaults.
 * @returns the program's exit status where it could not take this process's place; undefined where no host has such a session, and
 *   the whole of `exec` has to be done
 */
export async function execFromHost(
  { args, flags }: CommandOf<'exec'>,
  env: Env & { readonly HOME?: string | undefined },
  inherited: Inherited,
): Promise<number | undefined> {
  const { profile = '', cmd: command = '' } = args;
  const homeDir = env.HOME ?? '';
  if (!homeDir.startsWith('/')) return undefined;
  const settings = readSettings(env, homeDir, flags);
  const { stateDir } = settings;
  if (!KEYRINGS.includes(inUse(settings))) return undefined;
  const { backend, fileDir, region, duration: durationSeconds, noSession } = flags;
  const request = {
    homeDir,
    env: shapingEnvironment(env),
    backend,
    fileDir,
    profile,
    region,
    durationSeconds,
    noSession,
  };
  const signal = new AbortController().signal;
  const found = await sessionFromHost(request, { stateDir, env, signal, log: () => undefined });
  if (found === undefined) return undefined;
  const { session, place } = found;
  const file = executable(command, env);
  if (file === undefined) return undefined;
  note(profile, stateDir);
  const credentials = { ...session, expiresAt: new Date(session.expiresAt) };
  const environment = childEnvironment(env, { profile, credentials, region: place.region });
  keepInherited(inherited);
  return replaceProcess(file, [command, ...args.args], Object.assign(environment, reachEnvironment(env, place)));
}

function inUse(settings: Settings): string {
  try {
    return backendInUse(settings) ?? '';
  } catch {
    return ''; // told by the whole of exec
  }
}

function executable(command: string, env: Env): string | undefined {
  try {
    return resolveExecutable(command, env);
  } catch {
    return undefined; // told by the whole of exec
  }
}

function note(profile: string, stateDir: string): void {
  try {
    noteProfileUse(profile, { stateDir, now: new Date() });
  } catch {
    // The order of a list to choose from: nothing else depends on it.
  }
}
