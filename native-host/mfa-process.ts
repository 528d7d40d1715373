import { type CommandOptions, readCommand, shellCommand } from './command.ts';

// Long enough to find and touch a hardware key.
const TIMEOUT_MS = 120_000;

/**
 * What a profile's `mfa_process` prints, trimmed. The command is run by the shell, as aws-vault does.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the output in it
 */
export function runMfaProcess(
  command: string,
  options: Pick<CommandOptions, 'signal' | 'env'> & { readonly timeoutMs?: number },
): Promise<string> {
  const { words, isVerbatim } = shellCommand(command, options.env);
  const title = 'process provider';
  const advice = 'check the mfa_process of the profile';
  return readCommand(words, { timeoutMs: TIMEOUT_MS, ...options, title, advice, isVerbatim });
}
