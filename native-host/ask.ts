import type { Answers } from './engine/credentials.ts';
import type { Locks, Release } from './engine/lock.ts';
import { VaultError } from './errors.ts';

export type MfaQuestion = {
  readonly profile: string;
  readonly mfaSerial: string;
  /** Why the previous code did not do. */
  readonly rejected?: string;
};

export type PassphraseQuestion = { readonly vaultDir: string; readonly profile?: string; readonly rejected?: string };

/** `session`: where the login is no profile's, its `[sso-session]`. */
export type SsoQuestion = { readonly profile: string; readonly session?: string };

/** Somebody who can be asked: a terminal, a browser, a program. Fails with CANCELLED when the person stops it. */
export type Asker = {
  mfa(question: MfaQuestion, signal: AbortSignal): Promise<string>;
  passphrase(question: PassphraseQuestion, signal: AbortSignal): Promise<string>;
  /** Has the person log in to the IAM Identity Center of the profile or session; when it returns, the vault has the token. */
  ssoLogin(question: SsoQuestion, signal: AbortSignal): Promise<void>;
  /** Has the person log in with console credentials as `aws login` does; when it returns, the login is in AWS's cache. */
  awsLogin(question: { readonly profile: string }, signal: AbortSignal): Promise<void>;
};

export type AskOptions = {
  readonly asker: Asker;
  readonly locks: Locks;
  readonly signal: AbortSignal;
  /** Keeps a passphrase for the next try. Absent where the passphrase is fixed by the environment: then nobody is asked. */
  readonly unlock?: ((passphrase: string) => void | Promise<void>) | undefined;
  /** Called once when another process is already getting the same session. */
  readonly onWait?: () => void;
};

const MAX_TRIES = 3;

/**
 * Repeats `attempt` with what the person answers until it needs nothing more. The lock that lets many processes share one MFA
 * prompt is held around "ask and repeat": who gets it looks once more before asking, because another may have answered.
 * A wrong code or passphrase can be corrected twice.
 * @throws VaultError CANCELLED, MFA_REJECTED, KEYRING_LOCKED and whatever `attempt` throws
 */
export async function asking<T>(attempt: (answers: Answers) => Promise<T>, options: AskOptions): Promise<T> {
  const held = new Map<string, Release>();
  const questioner = new Questioner(options, held);
  const given: Answers['given'] = new Map();
  let answers: Answers = { held, given };
  try {
    for (;;) {
      try {
        return await attempt(answers);
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
        answers = { held, given, ...(await questioner.answer(error)) };
      }
    }
  } catch (error) {
    // Who waits for the same session shares this failure (lock.ts) instead of asking the person again.
    if (error instanceof VaultError) for (const release of held.values()) release(error);
    throw error;
  } finally {
    for (const release of held.values()) release();
  }
}

class Questioner {
  private readonly options: AskOptions;
  private readonly held: Map<string, Release>;
  private readonly loggedIn = new Set<string>();
  private readonly tries = { code: 0, passphrase: 0, login: 0 };
  private question: (MfaQuestion & { readonly sessionKey: string }) | undefined;
  private tokenCode: Answers['tokenCode'];

  constructor(options: AskOptions, held: Map<string, Release>) {
    this.options = options;
    this.held = held;
  }

  /** What to repeat the call with after `error`; throws it when no answer can mend it. */
  async answer(error: VaultError): Promise<Pick<Answers, 'tokenCode'>> {
    if (isLockedFile(error)) return this.passphrase(error);
    if (error.code === 'MFA_REQUIRED') return this.code(error);
    if (error.code === 'SSO_LOGIN_REQUIRED') return this.login(error);
    if (error.code === 'LOGIN_REQUIRED') return this.awsLogin(error);
    if (error.code === 'MFA_REJECTED' && this.question !== undefined) return this.ask(error);
    throw error;
  }

  /** Once: a token that is refused as soon as it is there would be refused again. The login has a lock of its own. */
  private async login(error: VaultError): Promise<Pick<Answers, 'tokenCode'>> {
    const { asker, signal } = this.options;
    if (this.tries.login > 0) throw error;
    this.tries.login += 1;
    for (;;) {
      try {
        const { profile = '', ssoSession: session } = error.details;
        await asker.ssoLogin({ profile, ...(session !== undefined && { session }) }, signal);
        return this.tokenCode === undefined ? {} : { tokenCode: this.tokenCode };
      } catch (failure) {
        // In an empty vault nothing needed the passphrase before the token that is to be kept.
        if (!(failure instanceof VaultError) || !isLockedFile(failure)) throw failure;
        await this.passphrase(failure);
      }
    }
  }

  /** Once for each profile of a chain. */
  private async awsLogin(error: VaultError): Promise<Pick<Answers, 'tokenCode'>> {
    const { asker, signal } = this.options;
    const { profile = '' } = error.details;
    if (this.loggedIn.has(profile)) throw error;
    this.loggedIn.add(profile);
    await asker.awsLogin({ profile }, signal);
    return this.tokenCode === undefined ? {} : { tokenCode: this.tokenCode };
  }

  private async passphrase(error: VaultError): Promise<Pick<Answers, 'tokenCode'>> {
    const { asker, unlock, signal } = this.options;
    if (unlock === undefined || this.tries.passphrase >= MAX_TRIES) throw error;
    const rejected = this.tries.passphrase > 0 ? { rejected: error.message } : {};
    const profile = error.details.profile === undefined ? {} : { profile: error.details.profile };
    this.tries.passphrase += 1;
    try {
      await unlock(await asker.passphrase({ vaultDir: error.details.file ?? '', ...profile, ...rejected }, signal));
    } catch (failure) {
      // Who keeps passphrases for others takes a right one only.
      if (!(failure instanceof VaultError) || !isLockedFile(failure)) throw failure;
      return this.passphrase(failure);
    }
    return this.tokenCode === undefined ? {} : { tokenCode: this.tokenCode };
  }

  private async code(error: VaultError): Promise<Pick<Answers, 'tokenCode'>> {
    const { profile = '', mfaSerial = '', sessionKey = '' } = error.details;
    if (!this.held.has(sessionKey)) {
      const { signal, onWait } = this.options;
      const release = await this.options.locks.acquire(sessionKey, { signal, ...(onWait && { onWait }) });
      this.held.set(sessionKey, release);
      return {};
    }
    // A chain can need a second code for its next step: its tries are counted anew.
    this.tries.code = 0;
    this.question = { profile, mfaSerial, sessionKey };
    return this.ask(undefined);
  }

  private async ask(error: VaultError | undefined): Promise<Pick<Answers, 'tokenCode'>> {
    if (this.question === undefined || this.tries.code >= MAX_TRIES)
      throw error ?? new VaultError('INTERNAL', 'no question');
    this.tries.code += 1;
    const { sessionKey, ...question } = this.question;
    const rejected = error === undefined ? {} : { rejected: whyRejected(error) };
    const code = await this.options.asker.mfa({ ...question, ...rejected }, this.options.signal);
    this.tokenCode = { sessionKey, code };
    return { tokenCode: this.tokenCode };
  }
}

function isLockedFile({ code, details }: VaultError): boolean {
  return code === 'KEYRING_LOCKED' && details.backend === 'file';
}

/** AWS's own text says less, in more words, than a person who types a code needs. */
function whyRejected({ message, details }: VaultError): string {
  if (details.awsCode === undefined) return message;
  return 'AWS refused that code: enter the next one the device shows, because each works once';
}
