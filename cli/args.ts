import type { SettingsFile } from '../native-host/settings-file.ts';
import type { CommandInvocation, CommandName, Grammar, Invocation } from './args-grammar.ts';
import { parse, type SettingsOf } from './args-parse.ts';
import { settingsFor } from './args-settings.ts';
import { consoleCommands } from './grammar/console-commands.ts';
import { doctorCommand } from './grammar/doctor-command.ts';
import { execCommands } from './grammar/exec-commands.ts';
import { explainCommand } from './grammar/explain-command.ts';
import { globalFlags } from './grammar/global-flags.ts';
import { hostCommands } from './grammar/host-commands.ts';
import { importCommand } from './grammar/import-command.ts';
import { mfaCommands } from './grammar/mfa-commands.ts';
import { moveCommands } from './grammar/move-commands.ts';
import { sessionCommands } from './grammar/session-commands.ts';
import { shellCommands } from './grammar/shell-commands.ts';
import { ssoCommands } from './grammar/sso-commands.ts';
import { unlockCommands } from './grammar/unlock-commands.ts';
import { vaultCommands } from './grammar/vault-commands.ts';

/** Every flag and argument there is: aws-vault 7.2's names, shorts, variables and defaults, then our own commands. */
export const GRAMMAR = {
  help: 'A vault for AWS credentials, in the terminal and in the browser.',
  globals: globalFlags,
  commands: {
    ...vaultCommands,
    ...importCommand,
    ...moveCommands,
    ...unlockCommands,
    ...execCommands,
    ...sessionCommands,
    ...ssoCommands,
    ...mfaCommands,
    ...consoleCommands,
    ...explainCommand,
    ...hostCommands,
    ...doctorCommand,
    ...shellCommands,
  },
} as const satisfies Grammar;

export type Command = CommandName<typeof GRAMMAR>;

/** What `C` is run with: `CommandOf<'exec'>` has `flags.duration` (seconds), `args.profile`, … */
export type CommandOf<C extends Command> = CommandInvocation<typeof GRAMMAR, C>;

/**
 * Keyturn's command line (without program name) as a command with typed values. Only this and its parser are loaded for it.
 * `settingsFile` is called when there is a command to run.
 * @throws VaultError USAGE, with aws-vault's texts; CONFIG_INVALID for a settings file that cannot be read
 */
export function parseArgs(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  settingsFile?: () => SettingsFile | undefined,
): Invocation<typeof GRAMMAR> {
  const settings: SettingsOf = (command) => {
    const file = settingsFile?.();
    return file && settingsFor(command, GRAMMAR, file);
  };
  return parse(GRAMMAR, argv, { env, settings });
}
