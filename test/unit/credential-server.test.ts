import { describe, expect, it } from 'vitest';
import type { Credentials } from '../../native-host/aws/credentials.ts';
import { FreshCredentials } from '../../native-host/credential-server/fresh-credentials.ts';
import { isLoopback, isSameSecret } from '../../native-host/credential-server/http-server.ts';
import { VaultError } from '../../native-host/errors.ts';

const START = Date.parse('2026-11-21T10:00:00Z');

/** A clock that stands still, and a source whose answers the test gives. */
function setUp() {
  let seconds = 0;
  const calls: PromiseWithResolvers<Credentials>[] = [];
  const fresh = new FreshCredentials({
    now: () => new Date(START + seconds * 1000),
    fetch: () => {
      const call = Promise.withResolvers<Credentials>();
      calls.push(call);
      return call.promise;
    },
  });
  const until = (accessKeyId: string, atSecond: number): Credentials => ({
    ...{ accessKeyId, secretAccessKey: 's', sessionToken: 't' },
    expiresAt: new Date(START + atSecond * 1000),
  });
  const id = async (): Promise<string> => (await fresh.get()).accessKeyId;
  const pass = (more: number): void => {
    seconds += more;
  };
  const start = async (atSecond: number): Promise<void> => {
    const first = id();
    calls[0]?.resolve(until('first', atSecond));
    await first;
  };
  return { calls, id, pass, until, start };
}

describe('fresh credentials', () => {
  it('are got once for any number of callers, and kept', async () => {
    const { calls, id, until } = setUp();
    const all = Promise.all([id(), id(), id()]);
    calls[0]?.resolve(until('first', 3600));
    expect(await all).toEqual(['first', 'first', 'first']);
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(1);
  });

  it('are renewed with a quarter of an hour to spare, for all callers together', async () => {
    const { calls, id, pass, until, start } = setUp();
    await start(3600);
    pass(3600 - 900);
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(1);
    pass(1);
    const both = Promise.all([id(), id()]);
    calls[1]?.resolve(until('second', 7200));
    expect(await both).toEqual(['second', 'second']);
    expect(calls).toHaveLength(2);
  });

  it('that are still good are served while a person is being asked for new ones', async () => {
    const { calls, id, pass, until, start } = setUp();
    await start(3600);
    pass(3000);
    expect(await id()).toBe('first');
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(2);
    calls[1]?.resolve(until('second', 9000));
    await expect.poll(id).toBe('second');
  });

  it('that are still good are served though new ones cannot be had, and nobody is asked again at once', async () => {
    const { calls, id, pass, start } = setUp();
    await start(3600);
    pass(3000);
    const served = id();
    calls[1]?.reject(new VaultError('CANCELLED', 'the person said no'));
    expect(await served).toBe('first');
    pass(59);
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(2);
    pass(1);
    const again = id();
    expect(calls).toHaveLength(3);
    calls[2]?.reject(new VaultError('AWS_UNREACHABLE', 'no network'));
    expect(await again).toBe('first');
  });

  it('that have run out are never served: the failure is, and then the next attempt', async () => {
    const { calls, id, pass, until, start } = setUp();
    await start(3600);
    pass(3595);
    const failed = id();
    calls[1]?.reject(new VaultError('AWS_UNREACHABLE', 'no network'));
    await expect(failed).rejects.toThrow('no network');
    await expect(id()).rejects.toThrow('no network');
    expect(calls).toHaveLength(2);
    pass(2);
    const served = id();
    calls[2]?.resolve(until('second', 7200));
    expect(await served).toBe('second');
  });

  it('whose end cannot be moved are not asked for at every call', async () => {
    const { calls, id, pass, until, start } = setUp();
    await start(800);
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(1);
    pass(30);
    const same = id();
    calls[1]?.resolve(until('first', 800));
    expect(await same).toBe('first');
    expect(await id()).toBe('first');
    expect(calls).toHaveLength(2);
  });

  it('without an end are kept', async () => {
    const { calls, id, pass } = setUp();
    const served = id();
    calls[0]?.resolve({ accessKeyId: 'endless', secretAccessKey: 's' });
    expect(await served).toBe('endless');
    pass(1e9);
    expect(await id()).toBe('endless');
  });
});

describe('the guard', () => {
  it('knows loopback addresses from others that begin like them', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].map(isLoopback)).toEqual([true, true, true]);
    expect(['10.0.0.1', '127.example', '', '::2', '169.254.169.254'].some(isLoopback)).toBe(false);
  });

  it('takes a secret for the same only if it is', () => {
    expect(isSameSecret('abc', 'abc')).toBe(true);
    expect(['', 'ab', 'abcd', 'abC'].some((given) => isSameSecret(given, 'abc'))).toBe(false);
  });
});
