import type { Cli } from '../cli.ts';
import { completionScript } from '../completion-script.ts';
import { callableName, shellName } from '../shell-name.ts';

/** Prints the completion script of a shell. @throws VaultError USAGE */
export async function completion({ shell }: { readonly shell: string | undefined }, cli: Cli): Promise<void> {
  const names = [cli.programName];
  cli.print(completionScript(shellName(shell, cli.env), { names, call: callableName(cli) }));
}
