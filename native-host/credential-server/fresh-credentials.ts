import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';

export type FreshOptions = {
  /** Credentials that are good for a while longer. Never called twice at once. */
  readonly fetch: () => Promise<Credentials>;
  readonly now: () => Date;
};

/**
 * A credential server gets new credentials when the present ones have this much time left. AWS's SDKs begin to ask for new ones
 * 15 minutes before the end, and botocore asks before every call in the last 10.
 */
export const SPARE_SECONDS = 15 * 60;

/** Credentials with less time than this are not handed out: a program could not use them before they end. */
const LEAST_SECONDS = 10;
/** How long a program waits for new credentials while the present ones are good: SDKs give up after a second or two. */
const PATIENCE_MS = 800;
/** After an attempt that brought nothing better, the next one is at least this much later. */
const PAUSE_MS = 30_000;
/** After a failure: an SDK asks three times in a row, and each time again for its next call. */
const RETRY_MS = 2_000;
/** After a person has said no, or did not answer, nobody is asked again at once. */
const ASK_AGAIN_MS = 60_000;
const NEEDED_A_PERSON = new Set(['CANCELLED', 'TIMEOUT', 'MFA_REJECTED', 'KEYRING_DENIED', 'SSO_LOGIN_DENIED']);

/**
 * Keeps one set of credentials from running out, for any number of callers at once: they share one attempt to get new ones, and
 * while the present ones are good nobody waits long for it or hears of its failure.
 */
export class FreshCredentials {
  private readonly options: FreshOptions;
  private current: Credentials | undefined;
  private attempt: Promise<Credentials> | undefined;
  private failure: unknown;
  /** No attempt before this moment, in ms. */
  private notBefore = 0;

  constructor(options: FreshOptions) {
    this.options = options;
  }

  /** @throws VaultError what `fetch` throws, when there are no good credentials */
  async get(): Promise<Credentials> {
    const { current } = this;
    const secondsLeft = this.secondsLeft(current);
    if (current === undefined || secondsLeft < LEAST_SECONDS) return this.renewed();
    if (secondsLeft >= SPARE_SECONDS || (this.attempt === undefined && this.now() < this.notBefore)) return current;
    // Whoever needs them later hears why it failed; now they are not needed yet.
    const renewed = this.renewed().catch(() => current);
    return Promise.race([renewed, afterPatience(current)]);
  }

  private renewed(): Promise<Credentials> {
    if (this.attempt === undefined && this.failure !== undefined && this.now() < this.notBefore) {
      return Promise.reject(this.failure);
    }
    this.attempt ??= this.fetch().finally(() => {
      this.attempt = undefined;
    });
    return this.attempt;
  }

  private async fetch(): Promise<Credentials> {
    try {
      const credentials = await this.options.fetch();
      this.failure = undefined;
      this.notBefore = this.now() + PAUSE_MS;
      this.current = credentials;
      return credentials;
    } catch (error) {
      this.failure = error;
      const neededAPerson = error instanceof VaultError && NEEDED_A_PERSON.has(error.code);
      this.notBefore = this.now() + (neededAPerson ? ASK_AGAIN_MS : RETRY_MS);
      throw error;
    }
  }

  /** Infinite for a stored key, which does not run out. */
  private secondsLeft(credentials: Credentials | undefined): number {
    const expiresAt = credentials?.expiresAt?.getTime();
    return expiresAt === undefined ? Number.POSITIVE_INFINITY : (expiresAt - this.now()) / 1000;
  }

  private now(): number {
    return this.options.now().getTime();
  }
}

function afterPatience(credentials: Credentials): Promise<Credentials> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(credentials), PATIENCE_MS).unref();
  });
}
