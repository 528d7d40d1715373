import { basename } from 'node:path';
import type { Asker, MfaQuestion } from '../native-host/ask.ts';
import { VaultError } from '../native-host/errors.ts';
import type { ProgramPrompt } from './ask/programs.ts';
import type { AskHow, Cli } from './cli.ts';
import type { SsoFlow } from './grammar/sso-flags.ts';

/** The flags that say how a person is asked. */
export type AskFlags = { readonly prompt: PromptName | undefined; readonly ssoFlow: SsoFlow | undefined };

export type PromptName = 'terminal' | 'browser' | ProgramPrompt;

/**
 * Who answers a command's questions: `--mfa-token`, else the profile's `mfa_process`, else the chosen prompt. Without a choice
 * that is the terminal and, where there is none, a browser that is connected.
 */
export function commandAsker({ prompt, ssoFlow: flow }: AskFlags, how: AskHow, cli: Omit<Cli, 'ask'>): Asker {
  let unusedToken = how.mfaToken;
  return {
    async mfa(question, signal) {
      const token = unusedToken;
      unusedToken = undefined;
      if (token !== undefined) return token;
      // Who gave the code on the command line is not there to be asked for another one.
      if (how.mfaToken !== undefined && question.rejected !== undefined) throw rejected(question);
      const mfaProcess = await cli.vault.mfaProcess(question.profile);
      if (mfaProcess !== undefined) {
        if (question.rejected !== undefined) throw rejected(question);
        const { runMfaProcess } = await import('../native-host/mfa-process.ts');
        return runMfaProcess(mfaProcess, { signal, env: cli.env });
      }
      return askPerson(prompt, { question, how, cli, signal });
    },
    async ssoLogin({ profile }, signal) {
      const { ssoLogin } = await import('./ask/sso-login.ts');
      return ssoLogin({ profile, flow, stdout: how.stdout, signal }, cli);
    },
    async passphrase({ vaultDir, rejected: why }, signal) {
      if (how.withoutTerminal) throw terminalIsTaken('KEYRING_LOCKED', 'the passphrase of the vault');
      if (why !== undefined) cli.say(`${cli.programName}: ${why}`);
      const { askTerminal } = await import('./ask/terminal.ts');
      const message = `Enter passphrase to unlock ${JSON.stringify(vaultDir)}: `;
      const withoutTerminal = { code: 'KEYRING_LOCKED', remedy: 'set AWS_VAULT_FILE_PASSPHRASE' } as const;
      return askTerminal({ message, secret: true, signal, withoutTerminal });
    },
  };
}

type Ask = {
  readonly question: MfaQuestion;
  readonly how: AskHow;
  readonly cli: Omit<Cli, 'ask'>;
  readonly signal: AbortSignal;
};

async function askPerson(prompt: PromptName | undefined, ask: Ask): Promise<string> {
  const { how } = ask;
  if (prompt === 'browser') return askBrowser(ask);
  if (prompt !== undefined && prompt !== 'terminal') return askByProgram(prompt, ask);
  const { askTerminal, hasTerminal } = await import('./ask/terminal.ts');
  if (how.withoutTerminal || (prompt === undefined && !hasTerminal())) {
    try {
      return await askBrowser(ask);
    } catch (error) {
      // Nobody chose the browser, so its absence is not what the person has to hear about.
      if (!(error instanceof VaultError) || error.code !== 'BROWSER_NOT_CONNECTED') throw error;
    }
  }
  const { question, cli, signal } = ask;
  if (how.withoutTerminal) throw terminalIsTaken('MFA_REQUIRED', `the MFA code of ${question.mfaSerial}`);
  if (question.rejected !== undefined) cli.say(`${cli.programName}: ${question.rejected}; try again`);
  const message = `Enter MFA code for ${question.mfaSerial}: `;
  const remedy = 'use --prompt browser, --mfa-token CODE, or an mfa_process in the profile';
  return askTerminal({ message, secret: false, signal, withoutTerminal: { code: 'MFA_REQUIRED', remedy } });
}

function terminalIsTaken(code: 'MFA_REQUIRED' | 'KEYRING_LOCKED', what: string): VaultError {
  const remedy =
    code === 'MFA_REQUIRED'
      ? 'connect a browser, or choose --prompt or an mfa_process'
      : 'set AWS_VAULT_FILE_PASSPHRASE';
  return new VaultError(code, `nobody can be asked for ${what} while the program has the terminal; ${remedy}`);
}

async function askByProgram(prompt: ProgramPrompt, { question, cli, signal }: Ask): Promise<string> {
  const { mfaSerial, rejected: why } = question;
  // A key gives the same code until the next half minute; asking it again at once would only repeat the refusal.
  if (prompt === 'ykman' && why !== undefined) throw rejected(question);
  const { askProgram } = await import('./ask/programs.ts');
  const message = `${why === undefined ? '' : `${why}. `}Enter MFA code for ${mfaSerial}: `;
  return askProgram(prompt, { message, mfaSerial, title: cli.programName, signal, env: cli.env });
}

async function askBrowser({ question, how, cli, signal }: Ask): Promise<string> {
  const { askInBrowser } = await import('../native-host/user-socket.ts');
  const { parentProgram } = await import('./parent-program.ts');
  const parent = parentProgram();
  const request = {
    kind: 'mfa',
    ...question,
    profile: how.profile ?? question.profile,
    program: how.program ?? basename(cli.programName),
    ...(parent !== undefined && { parent }),
    pid: process.pid,
  } as const;
  const onAsked = (): void => cli.say(`Asking for the MFA code of ${question.mfaSerial} in the browser ...`);
  return askInBrowser(request, { stateDir: cli.settings.stateDir, env: cli.env, signal, onAsked });
}

function rejected({ rejected: why }: MfaQuestion): VaultError {
  return new VaultError('MFA_REJECTED', why ?? 'the MFA code was refused');
}
