import { VaultError } from './errors.ts';
import type { ConsoleRequest, ConsoleSignIn } from './operations/console.ts';
import type { WireError } from './protocol.ts';

/** What a terminal wants this browser to open, in a profile's own container. */
export type OpenIntent =
  | { readonly kind: 'console'; readonly profile: string; readonly request: ConsoleRequest }
  | { readonly kind: 'signOut'; readonly profile: string };

/** What the person at the terminal is told once the console is open. */
export type OpenFacts = Partial<Omit<ConsoleSignIn, 'url'>>;

/** The news for the extension: no URL, which it has to ask for. */
export type OpenNews = { readonly openId: string; readonly kind: OpenIntent['kind']; readonly profile: string };

type Pending = {
  readonly intent: OpenIntent;
  /** Aborted when the terminal is gone. */
  readonly signal: AbortSignal;
  readonly resolve: (facts: OpenFacts) => void;
  readonly reject: (error: unknown) => void;
  facts: OpenFacts;
};

/** Consoles that terminals asked for and the extension has not opened yet. */
export class ConsoleOpens {
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Set<(news: OpenNews) => void>();

  /** Whether an extension has subscribed: without one, nobody would open anything. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * Has the extension open something; answers when it has. Aborting `signal` withdraws it.
   * @throws VaultError BROWSER_NOT_CONNECTED, what the extension could not do, and the reason of `signal`
   */
  async open(intent: OpenIntent, signal: AbortSignal): Promise<OpenFacts> {
    signal.throwIfAborted();
    if (!this.isWatched) {
      throw new VaultError('BROWSER_NOT_CONNECTED', 'the Keyturn extension in this browser cannot open consoles');
    }
    const openId = process.getBuiltinModule('node:crypto').randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<OpenFacts>();
    const withdraw = () => reject(signal.reason);
    signal.addEventListener('abort', withdraw, { once: true });
    this.#pending.set(openId, { intent, signal, resolve, reject, facts: {} });
    const { kind, profile } = intent;
    for (const listener of this.#listeners) listener({ openId, kind, profile });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', withdraw);
      this.#pending.delete(openId);
    }
  }

  /**
   * What is to be opened, for the extension that asks for its URL; `note` keeps what the terminal is to be told.
   * @throws VaultError CANCELLED when the terminal has withdrawn it
   */
  wanted(openId: string): {
    readonly intent: OpenIntent;
    readonly signal: AbortSignal;
    readonly note: (facts: OpenFacts) => void;
  } {
    const pending = this.#pending.get(openId);
    if (!pending) throw new VaultError('CANCELLED', 'the terminal has withdrawn what it asked to open');
    const { intent, signal } = pending;
    const note = (facts: OpenFacts) => {
      pending.facts = facts;
    };
    return { intent, signal, note };
  }

  /** The extension has opened it, or says why not; one that was withdrawn is left alone. */
  finish(openId: string, error?: Pick<WireError, 'code' | 'message'>): void {
    const pending = this.#pending.get(openId);
    if (error === undefined) pending?.resolve(pending.facts);
    else pending?.reject(new VaultError(error.code, error.message));
  }

  /** Calls `listener` for everything that is to be opened from now on. Answers how to stop that. */
  onOpen(listener: (news: OpenNews) => void): () => void {
    const own = (news: OpenNews) => listener(news); // so that one function may listen twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}
