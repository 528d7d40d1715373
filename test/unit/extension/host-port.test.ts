import { describe, expect, test, vi } from 'vitest';
import { HostPort } from '../../../extension/host-port.ts';
import type { HostEvent } from '../../../native-host/protocol.ts';
import { FakePort } from './fake-port.ts';

function open(fake: FakePort) {
  const events: HostEvent[] = [];
  const gone: string[] = [];
  const port = new HostPort({
    port: fake.port,
    lastError: () => undefined,
    onEvent: (event) => events.push(event),
    onGone: (error) => gone.push(error.code),
  });
  return { port, events, gone };
}

const options = { timeoutMs: 60_000 };

describe('HostPort', () => {
  test('gives each call the answer with its id, in whatever order they come', async () => {
    const fake = new FakePort();
    const { port } = open(fake);
    const calls = [port.call('list', {}, options), port.call('list', {}, options)];
    fake.says({ id: 2, ok: true, result: { profiles: [{ name: 'second', kind: 'user' }] } });
    fake.says({ id: 1, ok: true, result: { profiles: [{ name: 'first', kind: 'user' }] } });
    expect((await Promise.all(calls)).map(({ profiles }) => profiles[0]?.name)).toEqual(['first', 'second']);
  });

  test('fails a call with the code of the host, or INTERNAL when it does not know the code', async () => {
    const fake = new FakePort();
    const { port } = open(fake);
    const denied = port.call('list', {}, options);
    fake.says({ id: 1, ok: false, error: { code: 'KEYRING_LOCKED', message: 'x', details: {} } });
    await expect(denied).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    const strange = port.call('list', {}, options);
    fake.says({ id: 2, ok: false, error: { code: 'FROM_THE_FUTURE', message: 'x', details: {} } });
    await expect(strange).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('passes over messages that are neither answer nor event', async () => {
    const fake = new FakePort();
    const { port, events } = open(fake);
    const call = port.call('list', {}, options);
    for (const message of [
      undefined,
      null,
      7,
      'x',
      [],
      {},
      { id: 1 },
      { id: 1, ok: true },
      { event: 'news' },
      { id: 9, ok: true, result: {} },
    ]) {
      fake.says(message);
    }
    fake.says({ event: 'prompts', prompts: [] });
    fake.says({ id: 1, ok: true, result: { profiles: [] } });
    await expect(call).resolves.toEqual({ profiles: [] });
    expect(events).toEqual([{ event: 'prompts', prompts: [] }]);
  });

  test('answers CANCELLED at once when aborted, and tells the host which call to stop', async () => {
    const fake = new FakePort();
    const { port } = open(fake);
    const abort = new AbortController();
    const call = port.call('consoleUrl', { profile: 'work' }, { ...options, signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fake.requests.at(-1)).toMatchObject({ action: 'cancel', params: { requestId: 1 } });
  });

  test('asks nothing of the host when it is aborted before', async () => {
    const fake = new FakePort();
    const call = open(fake).port.call('consoleUrl', { profile: 'work' }, { ...options, signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(fake.requests).toEqual([]);
  });

  test('gives up with TIMEOUT and tells the host to stop', async () => {
    vi.useFakeTimers();
    try {
      const fake = new FakePort();
      const call = open(fake).port.call('list', {}, { timeoutMs: 5000 });
      const outcome = expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
      await vi.advanceTimersByTimeAsync(5000);
      await outcome;
      expect(fake.requests.at(-1)).toMatchObject({ action: 'cancel', params: { requestId: 1 } });
    } finally {
      vi.useRealTimers();
    }
  });

  test('fails every call under way and every later one when the host is gone', async () => {
    const fake = new FakePort();
    const { port, gone } = open(fake);
    const calls = [port.call('list', {}, options), port.call('list', {}, options)];
    fake.dies('No such native application io.keyturn.host');
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'HOST_NOT_FOUND' });
    await expect(port.call('list', {}, options)).rejects.toMatchObject({ code: 'HOST_NOT_FOUND' });
    expect(gone).toEqual(['HOST_NOT_FOUND']);
  });

  test('does not report a host as gone that it let go itself', () => {
    const fake = new FakePort();
    const { port, gone } = open(fake);
    port.close();
    fake.dies();
    expect([fake.isDisconnected, gone]).toEqual([true, []]);
  });
});
