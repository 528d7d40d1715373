import type { Env } from '../native-host/engine/context.ts';
import type { Settings } from '../native-host/settings.ts';
import type { Vault } from '../native-host/vault.ts';
import type { CallOptions } from '../native-host/vault-access.ts';
import type { Inherited } from './inherited.ts';

/** What a command works with: the vault, this process's surroundings, and ways to speak and to ask. */
export type Cli = {
  readonly vault: Vault;
  readonly settings: Settings;
  readonly env: Env;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  /** The name this program was started under, for messages. */
  readonly programName: string;
  /** Where this program is, for scripts that call it again. */
  readonly programFile: string;
  /** What a browser is to start as the native messaging host. */
  readonly hostLauncher: () => string;
  /** What the program that `exec` runs is to have besides. */
  readonly inherited: Inherited;
  readonly isDebug: boolean;
  readonly signal: AbortSignal;
  /** A result, on stdout, as it is. */
  readonly print: (text: string) => void;
  /** A line for the person, on stderr. */
  readonly say: (line: string) => void;
  /** A line for --debug. */
  readonly log: (line: string) => void;
  readonly stdoutIsTty: () => boolean;
  /** Interrupts are somebody else's from now on: `signal` no longer hears of them. */
  readonly leaveSignals: () => void;
  /** Runs `attempt`, asks the person for what it turns out to need, and repeats it. */
  readonly ask: <T>(attempt: (call: CallOptions) => Promise<T>, how?: AskHow) => Promise<T>;
};

export type AskHow = {
  /** `--mfa-token`: used once instead of asking. */
  readonly mfaToken?: string | undefined;
  /** `--stdout`: the person opens the page of an SSO login. */
  readonly stdout?: boolean | undefined;
  /** The profile the person named; the question itself names the one that holds the MFA device. */
  readonly profile?: string;
  /** The program the credentials are for, as the browser shows it. */
  readonly program?: string | undefined;
  /** The terminal belongs to the program that was started (a credential server's), so nothing is asked there. */
  readonly withoutTerminal?: boolean;
  /** What is typed is not handed to a host that runs: the command does that itself. */
  readonly keepsPassphrase?: boolean;
  /** Ends the questions, besides the command's own signal. */
  readonly signal?: AbortSignal;
};
