import { VaultError } from './errors.ts';
import type { LoginPage, WireError } from './protocol.ts';

/** The news for the extension. */
export type LoginNews =
  | ({ readonly event: 'login' } & LoginPage)
  | { readonly event: 'loginOver'; readonly loginId: string };

type Open = {
  readonly shown: PromiseWithResolvers<void>;
  readonly onClosed: () => void;
};

export type ShowOptions = {
  /** Aborted when the login is over, however it ended: its tab is closed then. */
  readonly signal: AbortSignal;
  /** The person has closed the tab before that. */
  readonly onClosed?: () => void;
};

/** A device code is good for 10 minutes; its page may be looked at a little longer. */
const CODE_MS = 15 * 60_000;

/** The logins to IAM Identity Center whose page this browser shows, or may come to show. */
export class Logins {
  readonly #open = new Map<string, Open>();
  /** Code -> when it was asked for. */
  readonly #codes = new Map<string, number>();
  readonly #listeners = new Set<(news: LoginNews) => void>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Has the extension show the page of a login, and returns when it does; or, where `opensTab` is false, makes the login known
   * only. The login stays known until `signal` is aborted.
   * @throws VaultError BROWSER_NOT_CONNECTED, what the extension could not do, and the reason of `signal`
   */
  async show(page: LoginPage, { signal, onClosed = () => undefined }: ShowOptions): Promise<void> {
    signal.throwIfAborted();
    if (this.#listeners.size === 0) {
      throw new VaultError('BROWSER_NOT_CONNECTED', 'the Keyturn extension in this browser cannot show a login');
    }
    const { loginId, userCode, opensTab } = page;
    if (userCode !== undefined) this.#remember(userCode);
    const shown = Promise.withResolvers<void>();
    this.#open.set(loginId, { shown, onClosed });
    const over = () => {
      this.#open.delete(loginId);
      shown.reject(signal.reason);
      this.#tell({ event: 'loginOver', loginId });
    };
    signal.addEventListener('abort', over, { once: true });
    this.#tell({ event: 'login', ...page });
    if (opensTab) await shown.promise;
    else shown.promise.catch(() => undefined); // nobody waits for it
  }

  /** The page is open, or could not be opened; of a login that is over this is no news. */
  shown(loginId: string, error?: Pick<WireError, 'code' | 'message'>): void {
    const shown = this.#open.get(loginId)?.shown;
    if (error === undefined) shown?.resolve();
    else shown?.reject(new VaultError(error.code, error.message));
  }

  /** The person has closed its tab; one that is over is left alone. */
  closed(loginId: string): void {
    this.#open.get(loginId)?.onClosed();
  }

  /** Whether a login of this computer asked for the device code, and not somebody who sent a link with his own. */
  isAsked(userCode: string): boolean {
    const askedAt = this.#codes.get(bare(userCode));
    return askedAt !== undefined && this.#now() - askedAt < CODE_MS;
  }

  /** Calls `listener` with everything that happens from now on. Answers how to stop that. */
  onNews(listener: (news: LoginNews) => void): () => void {
    const own = (news: LoginNews) => listener(news); // so that one function may listen twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #remember(userCode: string) {
    const now = this.#now();
    for (const [code, askedAt] of this.#codes) if (now - askedAt >= CODE_MS) this.#codes.delete(code);
    this.#codes.set(bare(userCode), now);
  }

  #tell(news: LoginNews) {
    for (const listener of this.#listeners) listener(news);
  }
}

/** As it counts: AWS's page takes a code in small letters and without its hyphen too. */
function bare(userCode: string): string {
  return userCode.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}
