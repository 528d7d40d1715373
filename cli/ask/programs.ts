import { type CommandOptions, readCommand } from '../../native-host/command.ts';
import { variable } from '../../native-host/settings.ts';

/** Prompts of aws-vault's that are other programs. */
export const PROGRAM_PROMPTS = ['kdialog', 'osascript', 'ykman', 'zenity'] as const;
export type ProgramPrompt = (typeof PROGRAM_PROMPTS)[number];

export type ProgramQuestion = Pick<CommandOptions, 'signal' | 'env'> & {
  readonly message: string;
  readonly mfaSerial: string;
  readonly title: string;
};

type Program = {
  readonly words: (question: ProgramQuestion) => readonly [string, ...string[]];
  /** The exit status of a dialog that was cancelled. */
  readonly cancelStatus?: number;
};

const PROGRAMS: { readonly [P in ProgramPrompt]: Program } = {
  kdialog: { words: ({ message, title }) => ['kdialog', '--inputbox', message, '--title', title], cancelStatus: 1 },
  zenity: {
    words: ({ message, title }) => ['zenity', '--entry', '--title', title, '--text', message],
    cancelStatus: 1,
  },
  osascript: {
    words: ({ message }) => [
      'osascript',
      '-e',
      `display dialog ${appleScriptText(message)} default answer "" buttons {"OK", "Cancel"} default button 1`,
      '-e',
      'text returned of result',
    ],
    cancelStatus: 1,
  },
  ykman: { words: ykmanWords },
};

// Long enough to find and touch a hardware key, or to notice a dialog behind a window.
const TIMEOUT_MS = 120_000;

/**
 * An MFA code from a dialog program, or from a YubiKey through ykman.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED
 */
export function askProgram(prompt: ProgramPrompt, question: ProgramQuestion): Promise<string> {
  const { words, cancelStatus } = PROGRAMS[prompt];
  return readCommand(words(question), {
    ...{ signal: question.signal, env: question.env, timeoutMs: TIMEOUT_MS, title: prompt },
    advice: 'choose another way to be asked with --prompt',
    ...(cancelStatus !== undefined && { cancelStatus }),
  });
}

/** ykman 4 and later has `oath accounts code`; AWS_VAULT_YKMAN_VERSION names an older one. */
function ykmanWords({ env, mfaSerial }: ProgramQuestion): readonly [string, ...string[]] {
  const device = variable(env, 'YKMAN_OATH_DEVICE_SERIAL');
  const name = variable(env, 'YKMAN_OATH_CREDENTIAL_NAME') ?? mfaSerial;
  const isOld = ['1', '2', '3'].includes(variable(env, 'AWS_VAULT_YKMAN_VERSION') ?? '');
  const command = isOld ? ['oath', 'code'] : ['oath', 'accounts', 'code'];
  return ['ykman', ...(device === undefined ? [] : ['--device', device]), ...command, '--single', name];
}

function appleScriptText(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
}
