import type { CommandInvocation, CommandName, Grammar, Invocation } from './args-grammar.ts';
import { parse } from './args-parse.ts';
import { consoleCommands } from './grammar/console-commands.ts';
import { execCommands } from './grammar/exec-commands.ts';
import { explainCommand } from './grammar/explain-command.ts';
import { globalFlags } from './grammar/global-flags.ts';
import { hostCommands } from './grammar/host-commands.ts';
import { mfaCommands } from './grammar/mfa-commands.ts';
import { moveCommands } from './grammar/move-commands.ts';
import { sessionCommands } from './grammar/session-commands.ts';
import { vaultCommands } from './grammar/vault-commands.ts';

/** Every flag and argument there is: aws-vault 7.2's names, shorts, variables and defaults, then our own commands. */
export const GRAMMAR = {
  help: 'A vault for AWS credentials, in the terminal and in the browser.',
  globals: globalFlags,
  commands: {
    ...vaultCommands,
    ...moveCommands,
    ...execCommands,
    ...sessionCommands,
    ...mfaCommands,
    ...consoleCommands,
    ...explainCommand,
    ...hostCommands,
  },
} as const satisfies Grammar;

export type Command = CommandName<typeof GRAMMAR>;

/** What `C` is run with: `CommandOf<'exec'>` has `flags.duration` (seconds), `args.profile`, … */
export type CommandOf<C extends Command> = CommandInvocation<typeof GRAMMAR, C>;

/**
 * Keyturn's command line (without program name) as a command with typed values. Only this and its parser are loaded for it.
 * @throws VaultError USAGE, with aws-vault's texts
 */
export function parseArgs(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation<typeof GRAMMAR> {
  return parse(GRAMMAR, argv, env);
}
