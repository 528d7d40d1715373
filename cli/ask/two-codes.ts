import type { MfaCodes } from '../../native-host/aws/iam-mfa.ts';
import { VaultError } from '../../native-host/errors.ts';
import { freshCode } from '../../native-host/fresh-code.ts';
import { nextCodeWindow, untilNextCodeSeconds } from '../../native-host/totp-window.ts';
import type { Cli } from '../cli.ts';
import { askProgram } from './programs.ts';
import { askTerminal } from './terminal.ts';

/** Gets two codes in a row of a device, neither of which was sent to AWS before. */
export type CodePair = (serial: string) => Promise<MfaCodes>;

export type PairOptions = { readonly cli: Cli; readonly timeoutMs: number };

const MAX_TRIES = 3;

/** The person at the terminal types them. */
export function typedCodes(options: PairOptions): CodePair {
  return async (serial) => {
    const first = await typedCode('First code of the device: ', { ...options, serial });
    const second = await typedCode('The next code it shows:   ', { ...options, serial, first });
    return [first, second];
  };
}

type Typing = PairOptions & { readonly serial: string; readonly first?: string };

async function typedCode(message: string, typing: Typing): Promise<string> {
  const { cli, timeoutMs, serial } = typing;
  const { signal } = cli;
  const withoutTerminal = { code: 'USAGE', remedy: 'use --yubikey, or run this in a terminal' } as const;
  for (let tries = 1; ; tries += 1) {
    const answer = await askTerminal({ message, secret: false, signal, timeoutMs, withoutTerminal });
    const code = answer.replaceAll(/\s/g, '');
    const problem = await problemOf(code, typing);
    if (problem === undefined) return code;
    const refusal = `${serial}: ${problem}`;
    if (tries === MAX_TRIES)
      throw new VaultError('MFA_REJECTED', `no usable code of ${refusal}; run the command again`);
    cli.say(`${cli.programName}: ${refusal}`);
  }
}

async function problemOf(code: string, { cli, serial, first }: Typing): Promise<string | undefined> {
  if (!/^\d{6}$/.test(code)) return 'an MFA code has six digits';
  const wait = `the device shows the next one in ${untilNextCodeSeconds(new Date())} s`;
  if (code === first) return `that is the first code again; ${wait}`;
  const spent = await cli.vault.mfa.spentCodes();
  return (await spent.take(serial, code, cli.signal)) ? undefined : `that code was sent to AWS already; ${wait}`;
}

/** A YubiKey gives them, half a minute apart. */
export function yubikeyCodes({ cli, timeoutMs }: PairOptions): CodePair {
  const { signal, env } = cli;
  return async (mfaSerial) => {
    const spent = await cli.vault.mfa.spentCodes();
    let since = new Date();
    const next = (): Promise<string> =>
      freshCode(
        { profile: '', mfaSerial },
        {
          ask: async () => {
            since = new Date();
            const question = { message: '', mfaSerial, title: cli.programName, signal, env, timeoutMs };
            return { code: await askProgram('ykman', question), from: 'program' };
          },
          ...{ spent, signal, now: () => new Date(), notice: cli.say },
        },
      );
    const first = await next();
    cli.say(`Waiting ${untilNextCodeSeconds(since)} s for the next code of the YubiKey (Ctrl-C stops it) ...`);
    await nextCodeWindow(since, signal);
    return [first, await next()];
  };
}

/** Repeats `send` with other codes where AWS does not take them for two in a row. */
export async function withCodes(
  serial: string,
  {
    pair,
    send,
    cli,
  }: { pair: CodePair; send: (codes: MfaCodes) => Promise<void>; cli: Pick<Cli, 'programName' | 'say'> },
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(await pair(serial));
    } catch (error) {
      const isWrong =
        error instanceof VaultError && error.code === 'MFA_REJECTED' && error.details.awsCode !== undefined;
      if (!isWrong || tries === MAX_TRIES) throw error;
      cli.say(`${cli.programName}: AWS does not take these for two codes in a row of ${serial}; wait for new ones`);
    }
  }
}
