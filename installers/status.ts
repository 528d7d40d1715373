import { asVaultError, type VaultError } from '../native-host/errors.ts';
import { BROWSERS, isPresent } from './browsers.ts';
import { type HelloResult, sayHello } from './hello.ts';
import { type AllowedExtensions, allowedIn, readOwnManifest } from './host-manifest.ts';
import { readIfThere } from './manifest-file.ts';
import { launcherProblem, type RegisterOptions, type Target, targetsOf } from './register.ts';
import { windowsRegistry } from './registry.ts';

export type StatusOptions = RegisterOptions & {
  readonly allowed: AllowedExtensions;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

export type TargetStatus = Target & {
  /** Whether it is a manifest of this user or of all. */
  readonly scope: 'user' | 'system';
  /** Whether the browser seems to be on this computer. */
  readonly isBrowserPresent: boolean;
  /** What the manifest names; absent without a manifest of ours. */
  readonly launcherPath?: string;
  /** In the order in which to mend them; none: the browser can use the host. */
  readonly problems: readonly string[];
  readonly hello?: HelloResult;
  /** Why the launcher did not say hello. */
  readonly error?: VaultError;
};

/**
 * Every place where a browser that is here would look for the host, and every other one that has a manifest of ours; with the
 * answer of the launcher it names.
 */
export async function status(options: StatusOptions): Promise<readonly TargetStatus[]> {
  const found: TargetStatus[] = [];
  for (const scope of ['user', 'system'] as const) {
    const isSystem = scope === 'system';
    const userDataDirs = isSystem ? [] : (options.userDataDirs ?? []);
    for (const target of targetsOf({ ...options, system: isSystem, userDataDirs }, 'all')) {
      const one = await statusAt(target, scope, options);
      const isAskedFor = options.browsers !== undefined || userDataDirs.includes(target.title);
      // A manifest of the user is what counts; the system's is told only where there is one.
      if (one.launcherPath !== undefined || (!isSystem && (one.isBrowserPresent || isAskedFor))) found.push(one);
    }
  }
  return withoutShadowedGaps(found);
}

/** A browser that finds a system manifest is not missing the user's. */
function withoutShadowedGaps(found: readonly TargetStatus[]): TargetStatus[] {
  const hasManifest = (title: string) => found.some((one) => one.title === title && one.launcherPath !== undefined);
  return found.filter((one) => one.launcherPath !== undefined || !hasManifest(one.title));
}

async function statusAt(target: Target, scope: 'user' | 'system', options: StatusOptions): Promise<TargetStatus> {
  const names = Object.entries(BROWSERS).filter(([, { title }]) => title === target.title);
  const isBrowserPresent = names.some(([name]) => isPresent(name as keyof typeof BROWSERS, options)); // its own key
  const base = { ...target, scope, isBrowserPresent };
  const text = readIfThere(target.file);
  const manifest = text === undefined ? undefined : readOwnManifest(text);
  if (manifest === undefined) {
    const problem =
      text === undefined ? 'the host is not installed for it' : `${target.file} is not Keyturn's manifest`;
    return { ...base, problems: [`${problem}; run 'keyturn host install'`] };
  }
  const problems = await manifestProblems(target, manifest.allowed, options);
  const greeted = await greeting(target, manifest.path, options);
  const launcher = launcherProblem(manifest.path);
  // Where it could not be started, the error says why.
  if (greeted.error !== undefined) problems.push(greeted.error.message);
  else if (launcher !== undefined) problems.push(`the launcher ${manifest.path} ${launcher}`);
  return { ...base, launcherPath: manifest.path, problems, ...greeted };
}

async function manifestProblems(target: Target, allowed: readonly string[], options: StatusOptions): Promise<string[]> {
  const problems: string[] = [];
  const missing = allowedIn(target.family, options.allowed).filter((id) => !allowed.includes(id));
  if (missing.length > 0)
    problems.push(`the manifest does not let ${missing.join(', ')} in; run 'keyturn host install'`);
  if (target.registryKey === undefined) return problems;
  const registry = options.registry ?? windowsRegistry(options.env);
  if ((await registry.read(target.registryKey)) !== target.file) {
    problems.push(`the registry key ${target.registryKey} does not name the manifest; run 'keyturn host install'`);
  }
  return problems;
}

async function greeting(
  target: Target,
  launcherPath: string,
  options: StatusOptions,
): Promise<Pick<TargetStatus, 'hello' | 'error'>> {
  const { env, platform, signal, timeoutMs } = options;
  const [extension = ''] = allowedIn(target.family, options.allowed);
  const limits = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
  try {
    const manifestFile = target.file;
    return {
      hello: await sayHello({ launcherPath, family: target.family, extension, manifestFile, env, platform, ...limits }),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    return { error: asVaultError(cause) };
  }
}
