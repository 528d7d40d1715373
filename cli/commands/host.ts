import { BROWSER_NAMES, type BrowserName } from '../../installers/browsers.ts';
import {
  type Change,
  install,
  type RegisterOptions,
  type RegisterResult,
  uninstall,
} from '../../installers/register.ts';
import { status, type TargetStatus } from '../../installers/status.ts';
import { VaultError } from '../../native-host/errors.ts';
import { CHROMIUM_EXTENSION_ID, FIREFOX_ADDON_ID } from '../../native-host/protocol.ts';
import type { Cli } from '../cli.ts';

export type HostOptions = {
  /** Comma-separated names of browsers; undefined: those that are found. */
  readonly browser: string | undefined;
  /** A Chromium profile directory given by `--user-data-dir`, which is the only place such a Chromium looks in. */
  readonly userDataDir: string | undefined;
  readonly system: boolean;
};

const ALLOWED = { chromiumExtensionIds: [CHROMIUM_EXTENSION_ID], firefoxAddonIds: [FIREFOX_ADDON_ID] };

/** Lets browsers start the native messaging host. Says what it wrote; repeating it changes nothing. */
export async function installHost(options: HostOptions, cli: Cli): Promise<void> {
  const launcherPath = cli.hostLauncher();
  printChanges(await install({ ...registerOptions(options, cli), launcherPath, allowed: ALLOWED }), cli);
}

/** Takes back what `host install` wrote. */
export async function uninstallHost(options: HostOptions, cli: Cli): Promise<void> {
  printChanges(await uninstall(registerOptions(options, cli)), cli);
}

/**
 * Starts the launcher of each browser's manifest as that browser does and says hello through it.
 * @returns 0 when a browser can use the host, and none that it was installed for cannot; else 1
 */
export async function hostStatus(options: HostOptions, cli: Cli): Promise<number> {
  const found = await status({ ...registerOptions(options, cli), allowed: ALLOWED, signal: cli.signal });
  if (found.length === 0) {
    cli.print("No browser was found here; 'keyturn host install --browser firefox' installs all the same.\n");
    return 1;
  }
  for (const target of found) cli.print(describe(target));
  const isWorking = ({ hello, problems }: TargetStatus): boolean => hello !== undefined && problems.length === 0;
  const installed = found.filter(({ launcherPath }) => launcherPath !== undefined);
  return installed.length > 0 && installed.every(isWorking) ? 0 : 1;
}

function registerOptions({ browser, userDataDir, system }: HostOptions, cli: Cli): RegisterOptions {
  const { homeDir, env, platform } = cli;
  return {
    ...{ homeDir, env, platform, system },
    ...(browser === undefined
      ? userDataDir === undefined
        ? {}
        : { browsers: [] }
      : { browsers: browserNames(browser) }),
    ...(userDataDir !== undefined && { userDataDirs: [userDataDir] }),
  };
}

function browserNames(text: string): BrowserName[] {
  return text.split(',').map((given) => {
    const name = BROWSER_NAMES.find((known) => known === given.trim());
    if (name !== undefined) return name;
    const message = `enum value must be one of ${BROWSER_NAMES.join(',')}, got '${given}', try --help`;
    throw new VaultError('USAGE', message, { details: { flag: 'browser' } });
  });
}

const WORDS: { readonly [A in Change['action']]: string } = {
  written: 'installed',
  unchanged: 'is installed already',
  replaced: 'installed in place of another manifest',
  removed: 'removed',
  absent: 'was not installed',
  kept: 'left alone, because Keyturn did not write it',
};

function printChanges({ changes, notes }: RegisterResult, cli: Cli): void {
  for (const { title, file, action, note } of changes) {
    cli.print(`${title}: ${WORDS[action]}: ${file}${note === undefined ? '' : ` (${note})`}\n`);
  }
  for (const note of notes) cli.say(`${cli.programName}: ${note}`);
}

function describe({ title, file, launcherPath, hello, problems, error }: TargetStatus): string {
  const lines = [
    hello === undefined
      ? `${title}: not working`
      : `${title}: ok, host ${hello.hostVersion} answers in ${Math.round(hello.ms)} ms`,
    `  manifest ${file}`,
    ...(launcherPath === undefined ? [] : [`  starts   ${launcherPath}`]),
    ...problems.map((problem) => `  problem  ${problem}${problem === error?.message ? ` [${error.code}]` : ''}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
