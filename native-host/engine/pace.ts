import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import { pause } from './pause.ts';

const MAX_SIDE_BY_SIDE = 8;
/** After so many good answers in a row one more call is made at a time. */
const ANSWERS_TO_WIDEN = 25;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 20_000;
/** In a row: some two minutes, within which AWS gives a client its calls back. */
const MAX_REFUSALS = 10;

/**
 * Makes many calls of one service as fast as it takes them: some at a time, fewer when it says that they are too many, and none
 * for a while, longer each time. A call that was refused for that is made again.
 */
export class Pace {
  private readonly context: Pick<Context, 'now' | 'signal'>;
  private width = MAX_SIDE_BY_SIDE;
  private answers = 0;
  private refusals = 0;
  private refusedAt = 0;
  private resumesAt = 0;

  constructor(context: Pick<Context, 'now' | 'signal'>) {
    this.context = context;
  }

  /** The results in the order of `items`. @throws VaultError the first failure; AWS_THROTTLED after minutes of refusals */
  async all<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    const left = items.entries();
    let running = 0;
    let failure: { readonly error: unknown } | undefined;
    const workers: Promise<void>[] = [];
    const worker = async (): Promise<void> => {
      running += 1;
      try {
        // Who is one too many by now leaves the rest to the others.
        while (failure === undefined && running <= this.width) {
          const next = left.next();
          if (next.done) break;
          const [index, item] = next.value;
          results[index] = await this.one(() => work(item));
          if (running < this.width) workers.push(worker());
        }
      } catch (error) {
        failure ??= { error };
      } finally {
        running -= 1;
      }
    };
    while (running < Math.min(this.width, items.length)) workers.push(worker());
    // More may join meanwhile.
    for (const run of workers) await run;
    if (failure !== undefined) throw failure.error;
    return results;
  }

  /** One call. */
  async one<R>(call: () => Promise<R>): Promise<R> {
    const { now, signal } = this.context;
    for (;;) {
      while (this.resumesAt > now().getTime()) await pause(this.resumesAt - now().getTime(), signal);
      const startedAt = now().getTime();
      try {
        const result = await call();
        this.answered();
        return result;
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== 'AWS_THROTTLED') throw error;
        this.refused(startedAt, error);
      }
    }
  }

  private answered(): void {
    this.refusals = 0;
    this.answers += 1;
    if (this.answers % ANSWERS_TO_WIDEN === 0) this.width = Math.min(MAX_SIDE_BY_SIDE, this.width + 1);
  }

  /** Calls that were under way together are refused together, which says no more than one refusal. */
  private refused(startedAt: number, error: VaultError): void {
    if (startedAt < this.refusedAt) return;
    this.refusals += 1;
    if (this.refusals > MAX_REFUSALS) throw error;
    const now = this.context.now().getTime();
    this.answers = 0;
    this.width = Math.max(1, Math.floor(this.width / 2));
    this.refusedAt = now;
    this.resumesAt =
      now + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.refusals - 1)) * (0.75 + Math.random() / 2);
  }
}
