import { describe, expect, test } from 'vitest';
import { HostConnection } from '../../../extension/host-connection.ts';
import { HostPort } from '../../../extension/host-port.ts';
import type { HostState } from '../../../extension/popup-state.ts';
import {
  type LockState,
  type LoginPage,
  type OpenEvent,
  PROTOCOL_VERSION,
  type Prompt,
  type WireError,
} from '../../../native-host/protocol.ts';
import { FakePort } from './fake-port.ts';

const hello = () => ({
  protocol: PROTOCOL_VERSION,
  hostVersion: '1',
  capabilities: ['console-url', 'prompts'] as const,
});
const prompt: Prompt = { promptId: 'p', kind: 'mfa', requester: { source: 'browser' } };
const options = { timeoutMs: 60_000 };
const error = (code: WireError['code'], protocol?: number) => () => ({
  code,
  message: 'x',
  details: protocol === undefined ? {} : { protocol },
});

function connect(...hosts: FakePort[]) {
  const states: HostState[] = [];
  const prompts: (readonly Prompt[])[] = [];
  const logins: (LoginPage | string)[] = [];
  const wanted: OpenEvent[] = [];
  const locks: (LockState | undefined)[] = [];
  let opened = 0;
  const connection = new HostConnection({
    open: (handlers) => {
      const fake = hosts[opened++] ?? new FakePort();
      return new HostPort({ port: fake.port, lastError: () => undefined, ...handlers });
    },
    extensionVersion: '1',
    onState: (host) => states.push(host),
    onPrompts: (list) => prompts.push(list),
    onOpen: (one) => wanted.push(one),
    onLogin: (login) => logins.push(login),
    onLoginOver: (loginId) => logins.push(loginId),
    onLock: (lock) => locks.push(lock),
  });
  return { connection, states, prompts, wanted, logins, locks, opened: () => opened };
}

const statuses = (states: readonly HostState[]) =>
  states.map((host) =>
    host.status === 'failed' ? `${host.error.code}${host.isRetrying ? ' retrying' : ''}` : host.status,
  );

describe('HostConnection', () => {
  test('says hello, subscribes to the prompts and is ready', async () => {
    const fake = new FakePort({ hello, subscribePrompts: () => ({ prompts: [prompt] }) });
    const { connection, states, prompts } = connect(fake);
    await connection.keepOpen();
    expect(fake.requests.map(({ action }) => action)).toEqual(['hello', 'subscribePrompts']);
    expect(statuses(states)).toEqual(['connecting', 'ready']);
    expect(prompts).toEqual([[prompt]]);
  });

  test('hears of logins and of their end, from a host that can tell it, and of nothing it does not know', async () => {
    const capabilities = ['logins'] as const;
    const fake = new FakePort({ hello: () => ({ ...hello(), capabilities }), subscribeLogins: () => ({}) });
    const { connection, logins } = connect(fake);
    await connection.keepOpen();
    const login = {
      ...{ event: 'login', loginId: 'l', flow: 'pkce', startUrl: 'https://corp.awsapps.com/start', opensTab: true },
      ...{ url: 'https://oidc.eu-west-1.amazonaws.com/authorize', requester: { source: 'browser' } },
    };
    for (const wrong of [{ url: 7 }, { event: 'somethingNew' }, { opensTab: 'yes' }, { requester: null }]) {
      fake.says({ ...login, ...wrong });
    }
    fake.says(login);
    fake.says({ event: 'loginOver' });
    fake.says({ event: 'loginOver', loginId: 'l' });
    await expect.poll(() => logins).toEqual([login, 'l']);
  });

  test('hears of what a terminal wants opened, from a host that can tell it', async () => {
    const capabilities = ['prompts', 'open-console'] as const;
    const subscribed = { subscribeOpens: () => ({}), subscribePrompts: () => ({ prompts: [] }) };
    const fake = new FakePort({ hello: () => ({ ...hello(), capabilities }), ...subscribed });
    const { connection, wanted, prompts } = connect(fake);
    await connection.keepOpen();
    expect(fake.requests.map(({ action }) => action)).toEqual(['hello', 'subscribeOpens', 'subscribePrompts']);
    const open = { event: 'open', openId: 'o', kind: 'console', profile: 'work' };
    for (const message of [{ event: 'open', openId: 'o' }, { event: 'other' }, open]) fake.says(message);
    await connection.call('cancel', { requestId: 1 }, { timeoutMs: 10 }).catch(() => undefined);
    expect(wanted).toEqual([open]);
    expect(prompts).toEqual([[]]);
  });

  test('hears whether the vault is locked, from a host that can tell it, until that host is gone', async () => {
    const capabilities = ['lock'] as const;
    const locked = { status: 'locked' } as const;
    const fake = new FakePort({ hello: () => ({ ...hello(), capabilities }), subscribeLock: () => ({ lock: locked }) });
    const { connection, locks } = connect(fake);
    await connection.keepOpen();
    const unlocked = { status: 'unlocked', lockAfterSeconds: 900 };
    for (const lock of ['open', null, unlocked]) fake.says({ event: 'lock', lock });
    await expect.poll(() => locks).toEqual([locked, unlocked]);
    fake.dies();
    expect(locks.at(-1)).toBeUndefined();
    expect(locks).toHaveLength(3);
  });

  test('makes one connection however many ask at the same time', async () => {
    const list = () => ({ profiles: [] });
    const { connection, opened } = connect(new FakePort({ hello, list, subscribePrompts: () => ({ prompts: [] }) }));
    await Promise.all([
      connection.keepOpen(),
      connection.call('list', {}, options),
      connection.call('list', {}, options),
    ]);
    expect(opened()).toBe(1);
  });

  test.each([
    ['no longer knows our protocol', { hello: error('VERSION_MISMATCH', 7) }, 'VERSION_MISMATCH', 7],
    ['does not say what it knows', { hello: error('VERSION_MISMATCH') }, 'VERSION_MISMATCH', 0],
    ['has never heard of hello', { hello: error('BAD_MESSAGE') }, 'VERSION_MISMATCH', 0],
    ['answers hello in another protocol', { hello: () => ({ ...hello(), protocol: 2 }) }, 'VERSION_MISMATCH', 2],
    ['does not allow this extension', { hello: error('HOST_FORBIDDEN') }, 'HOST_FORBIDDEN', undefined],
  ] as const)('lets a host go that %s', async (_, answers, code, protocol) => {
    const fake = new FakePort(answers);
    const { connection, states } = connect(fake);
    await connection.keepOpen();
    expect(states.at(-1)).toMatchObject({
      status: 'failed',
      error: { code, details: protocol === undefined ? {} : { protocol } },
    });
    expect(fake.isDisconnected).toBe(true);
  });

  test('takes the prompts away when the host dies, and brings them back with the next one', async () => {
    const first = new FakePort({ hello, subscribePrompts: () => ({ prompts: [prompt] }) });
    const second = new FakePort({ hello, subscribePrompts: () => ({ prompts: [] }) });
    const { connection, states, prompts } = connect(first, second);
    await connection.keepOpen();
    first.dies();
    await connection.keepOpen();
    expect(statuses(states)).toEqual(['connecting', 'ready', 'HOST_GONE', 'HOST_GONE retrying', 'ready']);
    expect(prompts).toEqual([[prompt], [], []]);
  });

  test('asks nothing that the host cannot do', async () => {
    const fake = new FakePort({ hello: () => ({ ...hello(), capabilities: [] }) });
    const { connection } = connect(fake);
    const call = connection.call('consoleUrl', { profile: 'work' }, { ...options, needs: 'console-url' });
    await expect(call).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
    expect(fake.requests.map(({ action }) => action)).toEqual(['hello']);
  });
});
