import { VaultError } from './errors.ts';
import type { Prompt } from './protocol.ts';

/** A question without the id the broker gives it. */
export type PromptRequest = Omit<Prompt, 'promptId'>;

type Pending = {
  readonly prompt: Prompt;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: unknown) => void;
};

const MAX_PASSPHRASE_BYTES = 1024;
const SUBJECTS = { mfa: 'the MFA code', passphrase: 'the passphrase' } as const;

/** The questions that wait for whoever sits at the browser, and the way their answers go back. */
export class PromptBroker {
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Set<(prompts: readonly Prompt[]) => void>();

  /** All open questions, the oldest first. */
  get prompts(): readonly Prompt[] {
    return [...this.#pending.values()].map(({ prompt }) => prompt);
  }

  /** Whether a browser has subscribed: without one, nobody would see a question. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * The person's answer. Aborting `signal` withdraws the question. One from this browser waits for the popup to subscribe; one
   * from a terminal does not, because the terminal has other ways to ask.
   * @throws VaultError CANCELLED by the person, BROWSER_NOT_CONNECTED, and the reason of `signal`
   */
  async ask(request: PromptRequest, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (request.requester.source === 'terminal' && !this.isWatched) {
      throw new VaultError('BROWSER_NOT_CONNECTED', 'no Keyturn extension is listening for questions in this browser');
    }
    const promptId = process.getBuiltinModule('node:crypto').randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const withdraw = () => this.#take(promptId)?.reject(signal.reason);
    this.#pending.set(promptId, { prompt: { ...request, promptId }, resolve, reject });
    signal.addEventListener('abort', withdraw, { once: true });
    this.#tell();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', withdraw);
    }
  }

  /**
   * Hands an answer to who asked; the question is gone then. An MFA code may be written with blanks.
   * @throws VaultError BAD_MESSAGE for what cannot be an answer (the question stays), CANCELLED when it is no longer open
   */
  answer(promptId: string, text: string): void {
    const pending = this.#pending.get(promptId);
    if (!pending) throw new VaultError('CANCELLED', 'the question was withdrawn before this answer came');
    const answer = checkAnswer(pending.prompt.kind, text);
    this.#take(promptId)?.resolve(answer);
  }

  /** The person does not want to answer; a question that is gone already is left alone. */
  cancel(promptId: string): void {
    const pending = this.#take(promptId);
    if (!pending) return;
    const { kind, profile } = pending.prompt;
    const subject = profile === undefined ? SUBJECTS[kind] : `${SUBJECTS[kind]} of profile ${JSON.stringify(profile)}`;
    pending.reject(new VaultError('CANCELLED', `the question for ${subject} was cancelled in the browser`));
  }

  /** Calls `listener` with the full list at every change from now on. Answers how to stop that. */
  onChange(listener: (prompts: readonly Prompt[]) => void): () => void {
    const own = (prompts: readonly Prompt[]) => listener(prompts); // so that one function may listen twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #take(promptId: string): Pending | undefined {
    const pending = this.#pending.get(promptId);
    if (this.#pending.delete(promptId)) this.#tell();
    return pending;
  }

  #tell() {
    const { prompts } = this;
    for (const listener of this.#listeners) listener(prompts);
  }
}

function checkAnswer(kind: Prompt['kind'], text: string): string {
  if (kind === 'mfa') {
    const code = text.replaceAll(/\s/g, '');
    if (/^\d{6}$/.test(code)) return code;
    throw new VaultError('BAD_MESSAGE', 'an MFA code has 6 digits');
  }
  if (text !== '' && Buffer.byteLength(text) <= MAX_PASSPHRASE_BYTES) return text;
  throw new VaultError('BAD_MESSAGE', `a passphrase has 1 to ${MAX_PASSPHRASE_BYTES} bytes`);
}
