import { type CommandOptions, readCommand, shellCommand } from './command.ts';

/**
 * What a profile's `mfa_process` prints, trimmed. The command is run by the shell, as aws-vault does.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the output in it
 */
export function runMfaProcess(
  command: string,
  options: Pick<CommandOptions, 'signal' | 'env' | 'timeoutMs'>,
): Promise<string> {
  const { words, isVerbatim } = shellCommand(command, options.env);
  const title = 'process provider';
  const advice = 'check the mfa_process of the profile';
  return readCommand(words, { ...options, title, advice, isVerbatim });
}
