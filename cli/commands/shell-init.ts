import { shellVariables } from '../child.ts';
import type { Cli } from '../cli.ts';
import { completionScript } from '../completion-script.ts';
import bash from '../shell/init.bash?raw';
import fish from '../shell/init.fish?raw';
import powershell from '../shell/init.ps1?raw';
import zsh from '../shell/init.zsh?raw';
import { callableName, posixQuoted, powershellQuoted, type ShellName, shellName } from '../shell-name.ts';

const TEMPLATES: Readonly<Record<ShellName, string>> = { bash, zsh, fish, powershell };

export type ShellInitOptions = { readonly shell: string | undefined; readonly segment: boolean };

/**
 * Prints what a shell's start-up file evaluates: the function kt, the prompt, and the completion of both. Only names of variables,
 * and where this program is, go into the text.
 * @throws VaultError USAGE
 */
export async function shellInit({ shell: named, segment }: ShellInitOptions, cli: Cli): Promise<void> {
  const shell = shellName(named, cli.env);
  const call = callableName(cli);
  const isPowershell = shell === 'powershell';
  const values: Readonly<Record<string, string>> = {
    '@CALL@': isPowershell ? powershellQuoted(call) : posixQuoted(call),
    '@VARIABLES@': shellVariables()
      .map((name) => (isPowershell ? powershellQuoted(name) : name))
      .join(isPowershell ? ', ' : ' '),
    '@PROMPT@': segment ? '1' : '0',
  };
  const script = TEMPLATES[shell].replaceAll(/@(CALL|VARIABLES|PROMPT)@/g, (name) => values[name] ?? name);
  cli.print(`${script}\n${completionScript(shell, { names: [cli.programName, 'kt'], call })}`);
}
