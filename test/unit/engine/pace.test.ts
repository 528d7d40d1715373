import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../native-host/engine/pace.ts';
import { VaultError } from '../../../native-host/errors.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const throttled = new VaultError('AWS_THROTTLED', 'too many');
const items = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A service whose calls take 10 ms each; `answer` says how the n-th of them ends. */
function service(answer: (call: number, at: number) => Error | undefined = () => undefined) {
  const startedAt = Date.now();
  const seen = { calls: 0, running: 0, most: 0, startsAt: [] as number[] };
  const work = async (item: number): Promise<number> => {
    const call = seen.calls;
    const at = Date.now() - startedAt;
    seen.calls += 1;
    seen.startsAt.push(at);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await new Promise((resolve) => setTimeout(resolve, 10));
    seen.running -= 1;
    const error = answer(call, at);
    if (error !== undefined) throw error;
    return item * 2;
  };
  return { seen, work };
}

async function run(count: number, work: (item: number) => Promise<number>, signal = new AbortController().signal) {
  const pace = new Pace({ now: () => new Date(), signal });
  const outcome = pace.all(items(count), work).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(600_000);
  return outcome;
}

describe('many calls', () => {
  it('are made eight at a time, and answered in the order of what was asked', async () => {
    const { seen, work } = service();
    expect(await run(100, work)).toEqual(items(100).map((item) => item * 2));
    expect(seen).toMatchObject({ calls: 100, most: 8 });
    expect(await run(0, work)).toEqual([]);
  });

  it('stop for a while when they are too many, are fewer from then on, and none is lost', async () => {
    const { seen, work } = service((call) => (call < 8 ? throttled : undefined));
    expect(await run(20, work)).toEqual(items(20).map((item) => item * 2));
    // Eight that were refused together count as one: half a second, and not a minute.
    expect(seen.calls).toBe(28);
    const resumed = seen.startsAt.slice(8);
    expect(Math.min(...resumed)).toBeGreaterThanOrEqual(375);
    expect(Math.max(...resumed)).toBeLessThan(1000);
  });

  it('wait longer each time, up to 20 s, and give up in the end', async () => {
    const { seen, work } = service(() => throttled);
    expect(await run(1, work)).toBe(throttled);
    expect(seen.calls).toBe(11);
    const waits = seen.startsAt.map((at, index) => at - (seen.startsAt[index - 1] ?? 0)).slice(1);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(25_010);
  });

  it('end with the first failure of another kind, and no more are begun', async () => {
    const failure = new VaultError('AWS_ACCESS_DENIED', 'no');
    const { seen, work } = service((call) => (call === 3 ? failure : undefined));
    expect(await run(100, work)).toBe(failure);
    expect(seen.calls).toBeLessThanOrEqual(16);
  });

  it('end in the middle of a wait when they are cancelled', async () => {
    const stop = new AbortController();
    const reason = new VaultError('CANCELLED', 'cancelled');
    const { seen, work } = service(() => throttled);
    setTimeout(() => stop.abort(reason), 700);
    expect(await run(1, work, stop.signal)).toBe(reason);
    expect(seen.calls).toBe(2);
  });
});
