import type { MfaQuestion } from './ask.ts';
import { VaultError } from './errors.ts';
import type { SpentCodes } from './spent-codes.ts';
import { nextCodeWindow, untilNextCodeSeconds } from './totp-window.ts';

/** A code and who it came from: a person can be asked again, a program has another code only in the next half minute. */
export type GivenCode = { readonly code: string; readonly from: 'person' | 'program' | 'flag' };

export type FreshCodeOptions = {
  readonly ask: (question: MfaQuestion, signal: AbortSignal) => Promise<GivenCode>;
  readonly spent: SpentCodes;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** A line for the person while a program's next code is waited for. */
  readonly notice: (line: string) => void;
};

/** How often one question may be answered with a code that was used before. */
const MAX_REPEATS = 3;

/**
 * A code that has not been sent to AWS before, by this or another process: AWS takes each once, and counts a second try as a
 * wrong one. It counts as sent from here on.
 * @throws VaultError MFA_REJECTED when there is none, and whatever `ask` throws
 */
export async function freshCode(question: MfaQuestion, options: FreshCodeOptions): Promise<string> {
  const { ask, spent, now, signal, notice } = options;
  const { mfaSerial } = question;
  let asked = question;
  for (let repeats = 0; ; repeats += 1) {
    const { code: given, from } = await ask(asked, signal);
    // Many devices show the digits in two groups.
    const code = given.replaceAll(/\s/g, '');
    if (!/^\d{6}$/.test(code) || (await spent.take(mfaSerial, code, signal))) return code;
    const wait = untilNextCodeSeconds(now());
    const rejected = `that code was sent to AWS already and each works once: the device shows a new one in ${wait} s`;
    if (from === 'flag' || repeats + 1 >= MAX_REPEATS) throw refused(mfaSerial, rejected);
    if (from === 'person') {
      asked = { ...question, rejected };
    } else if (repeats === 0) {
      notice(
        `The present MFA code of ${mfaSerial} has been used; waiting ${wait} s for the next (Ctrl-C stops it) ...`,
      );
      await nextCodeWindow(now(), signal);
    } else {
      throw refused(mfaSerial, 'the same code came again half a minute later; check the program that gives it');
    }
  }
}

function refused(mfaSerial: string, why: string): VaultError {
  return new VaultError('MFA_REJECTED', `the MFA code for ${mfaSerial} cannot be used: ${why}`, {
    details: { mfaSerial },
  });
}
