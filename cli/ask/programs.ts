import { type CommandOptions, readCommand } from '../../native-host/command.ts';
import { variable } from '../../native-host/settings.ts';
import { WINDOWS_CANCELLED, windowsPrompt } from './windows-prompt.ts';

/** Prompts of aws-vault's that are other programs. */
export const PROGRAM_PROMPTS = ['kdialog', 'osascript', 'wincredui', 'ykman', 'zenity'] as const;
export type ProgramPrompt = (typeof PROGRAM_PROMPTS)[number];

export type ProgramQuestion = Pick<CommandOptions, 'signal' | 'env' | 'timeoutMs'> & {
  readonly message: string;
  readonly mfaSerial: string;
  readonly title: string;
};

type Env = CommandOptions['env'];
type Words = readonly [string, ...string[]];

type Program = {
  readonly words: (question: ProgramQuestion) => Words;
  /** What the program is told by variables: arguments are public. */
  readonly variables?: (question: ProgramQuestion) => Env;
  readonly isCancel?: NonNullable<CommandOptions['isCancel']>;
};

// Both leave with 1 for Cancel, and zenity also when there is nowhere to show itself.
const isDialogCancel: Program['isCancel'] = ({ status, stderr }) => status === 1 && !/\bdisplay\b/i.test(stderr);

const PROGRAMS: { readonly [P in ProgramPrompt]: Program } = {
  kdialog: {
    words: ({ message, title }) => ['kdialog', '--inputbox', message, '--title', title],
    isCancel: isDialogCancel,
  },
  zenity: {
    words: ({ message, title }) => ['zenity', '--entry', '--title', title, '--text', message],
    isCancel: isDialogCancel,
  },
  osascript: {
    words: ({ message }) => [
      'osascript',
      '-e',
      `display dialog ${appleScriptText(message)} default answer "" buttons {"OK", "Cancel"} default button 1`,
      '-e',
      'text returned of result',
    ],
    // AppleScript's number for a person's Cancel; without a desktop there are others.
    isCancel: ({ stderr }) => stderr.includes('(-128)'),
  },
  wincredui: {
    words: windowsPrompt.words,
    variables: windowsPrompt.variables,
    isCancel: ({ status }) => status === WINDOWS_CANCELLED,
  },
  ykman: { words: ({ env, mfaSerial }) => ykmanWords(env, ['code'], ['--single', oathAccount(env, mfaSerial)]) },
};

/**
 * An MFA code from a dialog program, or from a YubiKey through ykman.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED by the person
 */
export function askProgram(prompt: ProgramPrompt, question: ProgramQuestion): Promise<string> {
  const { words, variables, isCancel } = PROGRAMS[prompt];
  const { signal, timeoutMs } = question;
  return readCommand(words(question), {
    ...{ signal, timeoutMs, title: prompt },
    env: { ...question.env, ...variables?.(question) },
    ...(isCancel !== undefined && { isCancel }),
  });
}

/** The name of a device's account on the YubiKey: YKMAN_OATH_CREDENTIAL_NAME, else the serial. */
export function oathAccount(env: Env, mfaSerial: string): string {
  return variable(env, 'YKMAN_OATH_CREDENTIAL_NAME') ?? mfaSerial;
}

/** ykman 4 and later has `oath accounts code`; AWS_VAULT_YKMAN_VERSION names an older one, which has `oath code`. */
export function ykmanWords(env: Env, action: readonly string[], rest: readonly string[]): Words {
  const device = variable(env, 'YKMAN_OATH_DEVICE_SERIAL');
  const isOld = ['1', '2', '3'].includes(variable(env, 'AWS_VAULT_YKMAN_VERSION') ?? '');
  const group = isOld ? ['oath'] : ['oath', 'accounts'];
  return ['ykman', ...(device === undefined ? [] : ['--device', device]), ...group, ...action, ...rest];
}

function appleScriptText(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
}
