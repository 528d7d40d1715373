import type { Asker, MfaQuestion } from '../native-host/ask.ts';
import { VaultError } from '../native-host/errors.ts';
import type { FreshCodeOptions, GivenCode } from '../native-host/fresh-code.ts';
import type { ProgramPrompt } from './ask/programs.ts';
import type { AskHow, Cli } from './cli.ts';
import type { SsoFlow } from './grammar/sso-flags.ts';

export type PromptName = 'terminal' | 'browser' | ProgramPrompt;

/** The flags that say how a person is asked. */
export type AskFlags = {
  readonly prompt: PromptName | undefined;
  readonly ssoFlow: SsoFlow | undefined;
  /** For each question for a code or a passphrase. */
  readonly timeoutMs: number;
};

/**
 * Who answers a command's questions: `--mfa-token`, else the profile's `mfa_process`, else the chosen prompt, else the terminal,
 * a browser that is connected, a dialog: each gives way to the next when it fails. No code is given out twice.
 */
export function commandAsker(flags: AskFlags, how: AskHow, cli: Omit<Cli, 'ask'>): Asker {
  const failures = new Map();
  // An empty one is none, as for aws-vault: scripts pass on a variable that may be empty.
  const mfaToken = how.mfaToken?.trim() === '' ? undefined : how.mfaToken;
  let unusedToken = mfaToken;
  const given = async (question: MfaQuestion, signal: AbortSignal): Promise<GivenCode> => {
    const token = unusedToken;
    unusedToken = undefined;
    if (token !== undefined) return { code: token, from: 'flag' };
    // Who gave the code on the command line is not there to be asked for another one.
    if (mfaToken !== undefined && question.rejected !== undefined) throw rejected(question);
    const { askInTurn, mfaDrivers } = await import('./ask/mfa-drivers.ts');
    const mfaProcess = await cli.vault.mfa.mfaProcess(question.profile, how.profile);
    return askInTurn(mfaDrivers({ ...flags, mfaProcess, how, cli }), question, { failures, cli, signal });
  };
  return {
    async mfa(question, signal) {
      const { freshCode } = await import('../native-host/fresh-code.ts');
      const spent = await cli.vault.mfa.spentCodes();
      const options: FreshCodeOptions = { ask: given, spent, now: () => new Date(), signal, notice: cli.say };
      return freshCode(question, options);
    },
    async ssoLogin({ profile, session = '' }, signal) {
      const { ssoLogin } = await import('./ask/sso-login.ts');
      const target = profile === '' ? { session } : { profile };
      return ssoLogin({ target, flow: flags.ssoFlow, stdout: how.stdout, program: how.program, signal }, cli);
    },
    async awsLogin({ profile }, signal) {
      const { awsLogin } = await import('./ask/aws-login.ts');
      return awsLogin({ profile, stdout: how.stdout, program: how.program, signal }, cli);
    },
    async passphrase({ vaultDir, rejected: why }, signal) {
      // The Keyturn that runs this one for a profile keeps the variable from it.
      const variable = cli.env.KEYTURN_RESOLVING
        ? 'set file-passphrase-command in the settings file'
        : 'set AWS_VAULT_FILE_PASSPHRASE';
      const remedy = `${variable}, or unlock it for all terminals with 'keyturn unlock'`;
      if (how.withoutTerminal === true) {
        const message = `the vault ${JSON.stringify(vaultDir)} is locked, and nobody can be asked for its passphrase here; ${remedy}`;
        throw new VaultError('KEYRING_LOCKED', message);
      }
      if (why !== undefined) cli.say(`${cli.programName}: ${why}`);
      const { askTerminal, askTwice } = await import('./ask/terminal.ts');
      const withoutTerminal = { code: 'KEYRING_LOCKED', remedy } as const;
      const question = { secret: true, signal, timeoutMs: flags.timeoutMs, withoutTerminal };
      const vault = JSON.stringify(vaultDir);
      // A slip would lock the keys away for good.
      if (isEmpty(vaultDir))
        return askTwice({ ...question, message: `Choose a passphrase for the new vault ${vault}: ` });
      return askTerminal({ ...question, message: `Enter passphrase to unlock ${vault}: ` });
    },
  };
}

function isEmpty(dir: string): boolean {
  const { readdirSync } = process.getBuiltinModule('node:fs');
  try {
    return readdirSync(dir).length === 0;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

function rejected({ rejected: why = 'the MFA code was refused', mfaSerial }: MfaQuestion): VaultError {
  const message = `${why}; if it is new, check that ${mfaSerial} is your device`;
  return new VaultError('MFA_REJECTED', message, { details: { mfaSerial } });
}
