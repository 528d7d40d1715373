import type { VaultError } from '../errors.ts';

export type PageOptions = {
  /** Puts the page before the person, and answers whether a browser has it. */
  readonly show: (signal: AbortSignal) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** How long the person may take. */
  readonly seconds: number;
  readonly late: () => VaultError;
};

/** The code that comes back from a page; `undefined` as soon as it is known that no browser has the page. */
export async function codeFromPage(
  code: Promise<string>,
  { show, signal, seconds, late }: PageOptions,
): Promise<string | undefined> {
  const over = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => reject(late()), seconds * 1000);
  const shown = show(AbortSignal.any([over.signal, signal]));
  const unseen = shown.then((isShown) => (isShown ? stopped : undefined));
  // Once the answer is there, nobody listens to how the showing ended.
  unseen.catch(() => undefined);
  try {
    return await Promise.race([code, unseen, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    over.abort();
  }
}
