import fs from 'node:fs';
import path from 'node:path';

/** `confined`: only a Snap, which may not enter a home directory that is not the person's own. */
export type FoundFirefox = { readonly binary: string } | { readonly binary?: undefined; readonly isConfined: boolean };

const NAMES = ['firefox-esr', 'firefox'];

/** The Firefox that a person's shell would start. */
export function findFirefox(pathVariable = process.env.PATH ?? ''): FoundFirefox {
  const folders = pathVariable.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const candidates = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).filter(isProgram);
  const binary = candidates.find((file) => !isSnap(file));
  return binary === undefined ? { isConfined: candidates.length > 0 } : { binary };
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false; // not there, or not ours to run: the search goes on
  }
}

/** Ubuntu's `firefox` is a link to `snap`, or a short script that leads there. */
function isSnap(file: string): boolean {
  const real = fs.realpathSync(file);
  if (file.startsWith('/snap/') || path.basename(real) === 'snap') return true;
  return fs.statSync(real).size < 64 * 1024 && fs.readFileSync(real, 'utf8').includes('/snap/bin/firefox');
}

/**
 * What a window on this display needs, by absolute paths, so that the rest of the person's environment can stay outside;
 * `undefined` without a display.
 */
export function displayEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> | undefined {
  const { DISPLAY, WAYLAND_DISPLAY, XDG_RUNTIME_DIR, XAUTHORITY, HOME } = env;
  if (!DISPLAY && !WAYLAND_DISPLAY) return undefined;
  const authority = XAUTHORITY || (HOME && path.join(HOME, '.Xauthority'));
  return {
    ...(DISPLAY && { DISPLAY }),
    ...(DISPLAY && authority && fs.existsSync(authority) && { XAUTHORITY: authority }),
    ...(WAYLAND_DISPLAY && { WAYLAND_DISPLAY: path.resolve(XDG_RUNTIME_DIR || '/', WAYLAND_DISPLAY) }),
  };
}
