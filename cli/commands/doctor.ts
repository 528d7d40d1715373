import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { status, type TargetStatus } from '../../installers/status.ts';
import { VaultError } from '../../native-host/errors.ts';
import type { Finding } from '../../native-host/operations/finding.ts';
import { CHROMIUM_EXTENSION_ID, FIREFOX_ADDON_ID } from '../../native-host/protocol.ts';
import { VERSION } from '../../native-host/version.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output.ts';
import { alignedColumns } from '../table.ts';

const HELLO_TIMEOUT_MS = 2_000;
const TITLES: { readonly [A in Finding['area']]: string } = {
  vault: 'Vault',
  files: 'Files',
  config: 'Config',
  aws: 'AWS',
  browsers: 'Browsers',
  program: 'Program',
  environment: 'Environment',
};

/**
 * Shows what works here and what does not.
 * @returns 1 where something is broken, else 0
 */
export async function doctor(
  { json, offline }: { readonly json: boolean; readonly offline: boolean },
  cli: Cli,
): Promise<number> {
  const [ofVault, ofBrowsers] = await Promise.all([
    cli.vault.diagnose({ isOffline: offline, signal: cli.signal }),
    examineBrowsers(cli),
  ]);
  const findings = [...ofVault, ...ofBrowsers, ...examineProgram(cli)];
  const broken = findings.filter(({ level }) => level === 'broken').length;
  if (json) cli.print(`${JSON.stringify({ version: VERSION, broken, findings }, undefined, 2)}\n`);
  else cli.print(report(findings, broken));
  return broken > 0 ? 1 : 0;
}

function report(findings: readonly Finding[], broken: number): string {
  const areas = Object.keys(TITLES).flatMap((area) => {
    const own = findings.filter((finding) => finding.area === area);
    if (own.length === 0) return [];
    const rows = alignedColumns(own.map(({ level, subject, text }) => [level.padEnd(6), subject, text])).split('\n');
    const lines = own.flatMap(({ remedy }, index) => [
      rows[index] ?? '',
      ...(remedy === undefined ? [] : [`          -> ${printable(remedy)}`]),
    ]);
    return [`${TITLES[own[0]?.area ?? 'vault']}\n${lines.join('\n')}\n`];
  });
  const sum = broken === 0 ? 'Nothing is broken.' : `${broken === 1 ? '1 thing is' : `${broken} things are`} broken.`;
  return `${areas.join('\n')}\n${sum}\n`;
}

async function examineBrowsers(cli: Cli): Promise<Finding[]> {
  const { homeDir, env, platform, signal } = cli;
  const allowed = { chromiumExtensionIds: [CHROMIUM_EXTENSION_ID], firefoxAddonIds: [FIREFOX_ADDON_ID] };
  const targets = await status({ homeDir, env, platform, system: false, allowed, signal, timeoutMs: HELLO_TIMEOUT_MS });
  if (targets.length > 0) return targets.map(browserFinding);
  return [{ area: 'browsers', subject: 'browsers', level: 'off', text: 'none was found here' }];
}

function browserFinding({ title, launcherPath, hello, problems }: TargetStatus): Finding {
  const finding = { area: 'browsers', subject: title } as const;
  if (hello !== undefined && problems.length === 0) {
    return { ...finding, level: 'ok', text: `the host ${hello.hostVersion} answers in ${Math.round(hello.ms)} ms` };
  }
  if (launcherPath === undefined) {
    return { ...finding, level: 'off', text: 'the host is not installed for it', remedy: "'keyturn host install'" };
  }
  return {
    ...finding,
    level: 'broken',
    text: problems.join(', '),
    remedy: "'keyturn host install' writes the manifest anew",
  };
}

function examineProgram(cli: Cli): Finding[] {
  const { programFile, hostLauncher } = cli;
  const finding = { area: 'program' } as const;
  const host = hostLauncher();
  const hasHost = statSync(host, { throwIfNoEntry: false })?.isFile() === true;
  return [
    { ...finding, subject: 'keyturn', level: 'ok', text: `${VERSION}, ${programFile}, Node ${process.versions.node}` },
    hasHost
      ? { ...finding, subject: 'host', level: 'ok', text: host }
      : { ...finding, subject: 'host', level: 'broken', text: `${host} is missing`, remedy: 'install Keyturn anew' },
    shellFinding(cli),
  ];
}

/** Start-up files that may load the completion, and where packages put it. */
const START_FILES: Readonly<Record<string, readonly string[]>> = {
  bash: ['.bashrc', '.bash_profile', '.profile', '.bash_completion'],
  zsh: ['.zshrc', '.zprofile', '.zshenv'],
  fish: ['.config/fish/config.fish', '.config/fish/completions/keyturn.fish'],
};
const SYSTEM_FILES: Readonly<Record<string, readonly string[]>> = {
  bash: ['/usr/share/bash-completion/completions/keyturn', '/etc/bash_completion.d/keyturn'],
  zsh: ['/usr/share/zsh/site-functions/_keyturn', '/usr/share/zsh/vendor-completions/_keyturn'],
  fish: ['/usr/share/fish/vendor_completions.d/keyturn.fish'],
};

function shellFinding({ env, homeDir }: Cli): Finding {
  const shell = env.SHELL?.split('/').at(-1) ?? '';
  const finding = { area: 'program', subject: 'completion' } as const;
  const own = START_FILES[shell];
  if (own === undefined)
    return { ...finding, level: 'off', text: 'not looked for: $SHELL is none of bash, zsh and fish' };
  const file =
    own.map((name) => join(homeDir, name)).find(mentionsCompletion) ??
    SYSTEM_FILES[shell]?.find((name) => statSync(name, { throwIfNoEntry: false }) !== undefined);
  if (file !== undefined) return { ...finding, level: 'ok', text: `${shell}: ${file}` };
  const line = shell === 'fish' ? 'keyturn shell-init fish | source' : `eval "$(keyturn shell-init ${shell})"`;
  return {
    ...finding,
    level: 'off',
    text: `${shell}: not set up`,
    remedy: `add this line to ~/${own[0]}: ${line}`,
  };
}

function mentionsCompletion(file: string): boolean {
  try {
    return /^[^#\n]*keyturn["']? (?:shell-init|completion)|complete -c keyturn/m.test(readFileSync(file, 'utf8'));
  } catch (error) {
    // Not there, or not for us: then it loads nothing.
    if (error instanceof VaultError || !(error instanceof Error) || !('code' in error)) throw error;
    return false;
  }
}
