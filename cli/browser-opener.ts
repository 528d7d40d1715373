import { VaultError } from '../native-host/errors.ts';
import { variable } from '../native-host/settings.ts';
import { isInstalled } from './child.ts';
import type { Cli } from './cli.ts';

type Surroundings = Pick<Cli, 'platform' | 'env'>;

/** A program, and what stands before the address in its arguments. */
export type Opener = readonly [file: string, ...args: string[]];

/**
 * What opens an address in the default browser here.
 * @throws VaultError PROCESS_FAILED where there is none: nobody should have typed a code for nothing
 */
export function browserOpener({ platform, env }: Surroundings): Opener {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return WINDOWS;
  if (isWithoutDisplay(env)) throw noBrowser('this is an SSH session without a display');
  const openers: readonly Opener[] = isWsl(env) ? [['wslview'], WSL, XDG] : [XDG];
  const installed = openers.find(([file]) => isInstalled(file, env));
  if (installed === undefined) throw noBrowser(`${openers.map(([file]) => file).join(' or ')} is not installed`);
  return installed;
}

const XDG: Opener = ['xdg-open'];
const WINDOWS: Opener = ['rundll32', 'url.dll,FileProtocolHandler'];
/** The same program, by the name that Linux in Windows finds it under. There, xdg-open often has no browser to open. */
const WSL: Opener = ['rundll32.exe', 'url.dll,FileProtocolHandler'];

/** A browser that the system opens over SSH would be one in the terminal, at best; BROWSER names one that somebody wants. */
export function isWithoutDisplay(env: Cli['env']): boolean {
  const isSet = (name: string): boolean => variable(env, name) !== undefined;
  const isRemote = isSet('SSH_CONNECTION') || isSet('SSH_TTY');
  return isRemote && !isSet('DISPLAY') && !isSet('WAYLAND_DISPLAY') && !isSet('BROWSER');
}

/** Linux inside Windows: its programs can be started, its browser is the default one. */
export function isWsl(env: Cli['env']): boolean {
  return variable(env, 'WSL_DISTRO_NAME') !== undefined;
}

function noBrowser(why: string): VaultError {
  return new VaultError('PROCESS_FAILED', `there is no browser to open here: ${why}; use --stdout to print the URL`);
}
