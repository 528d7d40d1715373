import fs from 'node:fs';
import path from 'node:path';
import { VaultError } from '../native-host/errors.ts';
import { HOST_NAME } from '../native-host/protocol.ts';
import {
  BROWSER_NAMES,
  BROWSERS,
  type BrowserName,
  type Family,
  isPresent,
  lookedFor,
  manifestDirs,
  placeOf,
  type Surroundings,
  sandboxNotes,
} from './browsers.ts';
import { type AllowedExtensions, hostManifest, MANIFEST_FILE, readOwnManifest } from './host-manifest.ts';
import { readIfThere, removeFile, writeManifest } from './manifest-file.ts';
import { type Registry, windowsRegistry } from './registry.ts';

export type RegisterOptions = Surroundings & {
  /** Only these, whether they are found or not; otherwise every browser that is found. */
  readonly browsers?: readonly BrowserName[];
  /** For all users of this computer. */
  readonly system?: boolean;
  /** Of Chromium browsers started with `--user-data-dir`, which look for hosts nowhere else. */
  readonly userDataDirs?: readonly string[];
  readonly registry?: Registry;
};

export type InstallOptions = RegisterOptions & {
  /** Absolute: what the browsers start. */
  readonly launcherPath: string;
  readonly allowed: AllowedExtensions;
};

/** One place where a browser looks for the host manifest. */
export type Target = {
  /** For people: "Firefox", or the directory of a browser started with one of its own. */
  readonly title: string;
  readonly family: Family;
  readonly file: string;
  readonly registryKey?: string;
};

export type Change = Target & {
  /**
   * `replaced`: there was a manifest of this name that Keyturn did not write; it is kept beside the new one, as `note` says.
   * `kept`: the same, and it was not removed. `absent`: there was nothing to remove.
   */
  readonly action: 'written' | 'unchanged' | 'replaced' | 'removed' | 'absent' | 'kept';
  readonly note?: string;
};

export type RegisterResult = { readonly changes: readonly Change[]; readonly notes: readonly string[] };

/**
 * Tells the browsers where the host is. Repeating it changes nothing; nothing but the manifests (and on Windows their registry
 * keys) is touched.
 * @throws VaultError USAGE when no browser is found or a place may not be written to, HOST_NOT_FOUND when the launcher is missing
 */
export async function install(options: InstallOptions): Promise<RegisterResult> {
  requireLauncher(options.launcherPath);
  const targets = targetsOf(options, 'present');
  if (targets.length === 0) throw noBrowser(options);
  const changes: Change[] = [];
  for (const target of targets) changes.push(await installAt(target, options));
  return { changes, notes: sandboxNotes(options) };
}

/** Takes back what install wrote, also for browsers that are gone by now. @throws VaultError USAGE */
export async function uninstall(options: RegisterOptions): Promise<RegisterResult> {
  const changes: Change[] = [];
  for (const target of targetsOf(options, 'all')) changes.push(await uninstallAt(target, options));
  return { changes, notes: [] };
}

/** Where the manifests go: of the browsers asked for, else of those `which` says. */
export function targetsOf(options: RegisterOptions, which: 'present' | 'all'): readonly Target[] {
  const { system = false, userDataDirs = [], browsers } = options;
  const names = browsers ?? BROWSER_NAMES.filter((name) => which === 'all' || isPresent(name, options));
  const ownTargets = userDataDirs.map((dir): Target => {
    const hosts = path.basename(dir) === 'NativeMessagingHosts' ? dir : path.join(dir, 'NativeMessagingHosts');
    return { title: dir, family: 'chromium', file: path.resolve(hosts, MANIFEST_FILE) };
  });
  return [...names.flatMap((name) => browserTargets(name, system, options)), ...ownTargets];
}

function browserTargets(name: BrowserName, isSystem: boolean, around: Surroundings): Target[] {
  const { title, family } = BROWSERS[name];
  const { registryKey } = placeOf(name, around.platform);
  const key =
    registryKey === undefined ? {} : { registryKey: `${isSystem ? 'HKLM' : 'HKCU'}\\${registryKey}\\${HOST_NAME}` };
  return manifestDirs(name, isSystem, around).map((dir) => ({
    title,
    family,
    file: path.join(dir, MANIFEST_FILE),
    ...key,
  }));
}

async function installAt(target: Target, options: InstallOptions): Promise<Change> {
  const content = hostManifest(target.family, options.launcherPath, options.allowed);
  const before = readIfThere(target.file);
  const isForeign = before !== undefined && readOwnManifest(before) === undefined;
  const kept = `${target.file}.before-keyturn`;
  if (before !== content) writeManifest(target.file, content, isForeign ? { keepOldAs: kept } : {});
  const isKeyNew = await register(target, options);
  if (isForeign) return { ...target, action: 'replaced', note: `the manifest that was there is kept as ${kept}` };
  return { ...target, action: before === content && !isKeyNew ? 'unchanged' : 'written' };
}

async function register({ registryKey, file }: Target, options: RegisterOptions): Promise<boolean> {
  if (registryKey === undefined) return false;
  const registry = options.registry ?? windowsRegistry(options.env);
  if ((await registry.read(registryKey)) === file) return false;
  await registry.write(registryKey, file);
  return true;
}

async function uninstallAt(target: Target, options: RegisterOptions): Promise<Change> {
  const before = readIfThere(target.file);
  if (before !== undefined && readOwnManifest(before) === undefined) {
    return { ...target, action: 'kept', note: 'Keyturn did not write this manifest' };
  }
  const hadKey = await unregister(target, options);
  if (before !== undefined) removeFile(target.file);
  return { ...target, action: before === undefined && !hadKey ? 'absent' : 'removed' };
}

/** A key that points elsewhere is somebody else's. */
async function unregister({ registryKey, file }: Target, options: RegisterOptions): Promise<boolean> {
  if (registryKey === undefined) return false;
  const registry = options.registry ?? windowsRegistry(options.env);
  if ((await registry.read(registryKey)) !== file) return false;
  await registry.remove(registryKey);
  return true;
}

function requireLauncher(launcherPath: string): void {
  const problem = launcherProblem(launcherPath);
  if (problem === undefined) return;
  throw new VaultError('HOST_NOT_FOUND', `the launcher ${JSON.stringify(launcherPath)} ${problem}`, {
    details: { file: launcherPath },
  });
}

/** Why a browser could not start this file; undefined when it can. */
export function launcherProblem(launcherPath: string): string | undefined {
  if (!path.isAbsolute(launcherPath)) return 'is not an absolute path, and a browser starts no other';
  if (!fs.existsSync(launcherPath)) return 'does not exist; build or install Keyturn again';
  try {
    fs.accessSync(launcherPath, fs.constants.X_OK);
  } catch {
    return 'may not be executed; run: chmod +x on it'; // the only thing access() can still object to
  }
  return fs.statSync(launcherPath).isFile() ? undefined : 'is not a program';
}

function noBrowser(options: InstallOptions): VaultError {
  const titles = BROWSER_NAMES.map((name) => BROWSERS[name].title).join(', ');
  const looked = BROWSER_NAMES.flatMap((name) => lookedFor(name, { ...options, env: { ...options.env, PATH: '' } }));
  const notes = sandboxNotes(options).map((note) => `; ${note}`);
  const message =
    `found none of ${titles} (looked for ${looked.join(', ')} and their programs on PATH)${notes.join('')}; ` +
    "'keyturn host install --browser firefox' installs all the same";
  return new VaultError('USAGE', message);
}
