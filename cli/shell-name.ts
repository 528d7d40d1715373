import { basename, delimiter } from 'node:path';
import { VaultError } from '../native-host/errors.ts';
import { variable } from '../native-host/settings.ts';
import type { Cli } from './cli.ts';

/** The shells there are scripts for. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type ShellName = (typeof SHELLS)[number];

/**
 * The shell a script is for: the one that was named, else that of $SHELL.
 * @throws VaultError USAGE
 */
export function shellName(named: string | undefined, env: Cli['env']): ShellName {
  const wanted = named ?? basename(variable(env, 'SHELL') ?? '');
  const shell = wanted === 'pwsh' ? 'powershell' : SHELLS.find((name) => name === wanted);
  if (shell !== undefined) return shell;
  const got = named === undefined && wanted === '' ? '$SHELL is not set' : `got ${JSON.stringify(wanted.slice(0, 40))}`;
  throw new VaultError('USAGE', `the shell must be one of ${SHELLS.join(', ')} (${got})`);
}

/** How a script calls this program: by its name where that leads here, else by where it is. */
export function callableName({
  env,
  programName,
  programFile,
}: Pick<Cli, 'env' | 'programName' | 'programFile'>): string {
  const inPath = (env.PATH ?? '').split(delimiter).some((dir) => `${dir}/${programName}` === programFile);
  return inPath ? programName : programFile;
}

/** A text as one word of a POSIX shell, zsh or fish. */
export function posixQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A text as one word of PowerShell. */
export function powershellQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
