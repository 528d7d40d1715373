import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SecretServiceOptions, secretServiceKeyring } from '../../native-host/keyring/secret-service.ts';
import { type Person, type Prompter, startPrompter } from './prompter.ts';
import { type SessionBus, startSessionBus } from './session-bus.ts';

const WORK = { key: 'work', data: 'secret', label: 'aws-vault (work)' };

let bus: SessionBus;
let prompter: Prompter | undefined;
afterEach(async () => {
  prompter?.close();
  prompter = undefined;
  await bus.stop();
});

async function open(options: Partial<SecretServiceOptions> = {}) {
  const signal = new AbortController().signal;
  return secretServiceKeyring({ collection: 'awsvault', env: bus.env, signal, ...options });
}

async function withPerson(person: Person): Promise<Prompter> {
  prompter = await startPrompter(bus.socketPath, person);
  return prompter;
}

describe('a locked keyring', () => {
  beforeEach(async () => {
    bus = await startSessionBus();
    await bus.createCollection();
    const keyring = await open();
    await keyring.set(WORK);
    keyring.close();
    await bus.lockCollection();
  });

  it('is unlocked by the person, who is asked once for all waiting calls', async () => {
    const person = await withPerson({ types: 'test' });
    const keyring = await open();
    const answers = await Promise.all([keyring.get('work'), keyring.keys(), keyring.get('nobody')]);
    expect(answers).toEqual([WORK, ['work'], undefined]);
    expect(person.asked).toBe(1);
  });

  it.each(['get', 'keys', 'set', 'remove'] as const)(
    'makes %s say KEYRING_DENIED when the person cancels',
    async (method) => {
      await withPerson('cancels');
      await expect(callOf(method, await open())).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
    },
  );

  it.each(['get', 'keys', 'set', 'remove'] as const)(
    'makes %s say KEYRING_LOCKED when there is no desktop to ask on',
    async (method) => {
      const failure = expect(callOf(method, await open())).rejects;
      await failure.toMatchObject({ code: 'KEYRING_LOCKED', message: expect.stringContaining('--backend file') });
    },
  );

  it('says KEYRING_LOCKED when nobody answers in time, and leaves gnome-keyring running', async () => {
    const person = await withPerson('is away');
    const keyring = await open({ promptTimeoutMs: 1500 });
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_LOCKED' });
    expect(person.asked).toBe(1);
    await bus.unlockCollection();
    expect(await keyring.get('work')).toEqual(WORK);
  });

  it('stops asking when the command is stopped, and leaves gnome-keyring running', async () => {
    const person = await withPerson('is away');
    const controller = new AbortController();
    const keyring = await open({ signal: controller.signal });
    const stopped = expect(keyring.get('work')).rejects.toMatchObject({ code: 'CANCELLED' });
    await person.question();
    controller.abort();
    await stopped;
    await bus.unlockCollection();
    expect(await (await open()).get('work')).toEqual(WORK);
  });

  it('says KEYRING_UNAVAILABLE when the service dies while it asks', async () => {
    const person = await withPerson('is away');
    const keyring = await open();
    const died = expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE' });
    await person.question();
    await bus.killService();
    await died;
  });
});

describe('a missing collection', () => {
  beforeEach(async () => {
    bus = await startSessionBus();
  });

  it('reads as empty, and nobody is asked', async () => {
    const person = await withPerson({ types: 'test' });
    const keyring = await open();
    expect(await keyring.get('work')).toBeUndefined();
    expect(await keyring.keys()).toEqual([]);
    expect(await keyring.remove('work')).toBe(false);
    expect(person.asked).toBe(0);
  });

  it('is created by the first items, under the path where aws-vault looks, with one question', async () => {
    const person = await withPerson({ types: 'a new password' });
    const keyring = await open();
    await Promise.all([keyring.set(WORK), keyring.set({ ...WORK, key: 'second' })]);
    expect((await (await open()).keys()).sort()).toEqual(['second', 'work']);
    // gnome-keyring has a new password typed twice.
    expect(person.asked).toBe(2);
    await bus.lockCollection();
  });

  it('says KEYRING_DENIED when the person does not want it, and KEYRING_LOCKED when nobody can be asked', async () => {
    const keyring = await open();
    await expect(keyring.set(WORK)).rejects.toMatchObject({
      code: 'KEYRING_LOCKED',
      message: expect.stringMatching(
        /does not exist yet.*no desktop to ask on; store the first key once.*--backend file/,
      ),
    });
    await withPerson('cancels');
    await expect(keyring.set(WORK)).rejects.toMatchObject({ code: 'KEYRING_DENIED' });
  });
});

describe('a service that fails', () => {
  beforeEach(async () => {
    bus = await startSessionBus();
    await bus.createCollection();
  });

  it('ends a call with TIMEOUT when it does not answer', async () => {
    const keyring = await open({ callTimeoutMs: 200 });
    bus.pauseService();
    const start = performance.now();
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(performance.now() - start).toBeLessThan(2000);
    await expect(open({ callTimeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('does not hold up a command that is stopped', async () => {
    const controller = new AbortController();
    const keyring = await open({ signal: controller.signal });
    bus.pauseService();
    const waits = [keyring.get('work'), keyring.keys(), keyring.set(WORK), open({ signal: controller.signal })];
    const stopped = Promise.all(waits.map((wait) => expect(wait).rejects.toMatchObject({ code: 'CANCELLED' })));
    setImmediate(() => controller.abort());
    await stopped;
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends every waiting call with KEYRING_UNAVAILABLE when it is killed', async () => {
    const keyring = await open();
    bus.pauseService();
    const waits = Promise.allSettled([keyring.get('work'), keyring.keys(), keyring.set(WORK)]);
    await bus.control.call({
      destination: 'org.freedesktop.DBus',
      path: '/',
      interface: 'org.freedesktop.DBus',
      member: 'GetId',
    });
    await bus.killService();
    for (const wait of await waits) expect(wait).toMatchObject({ reason: { code: 'KEYRING_UNAVAILABLE' } });
  });

  it('is found again by an open keyring after a restart', async () => {
    const keyring = await open();
    await keyring.set(WORK);
    await bus.killService();
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE' });
    await bus.startService();
    await bus.unlockCollection();
    expect(await keyring.get('work')).toEqual(WORK);
    await keyring.set({ ...WORK, data: 'newer' });
    expect((await keyring.get('work'))?.data).toBe('newer');
  });

  it('ends every waiting call with KEYRING_UNAVAILABLE when the bus is killed', async () => {
    const keyring = await open();
    bus.pauseService();
    const waits = Promise.allSettled([keyring.get('work'), keyring.keys()]);
    await bus.killBus();
    for (const wait of await waits) expect(wait).toMatchObject({ reason: { code: 'KEYRING_UNAVAILABLE' } });
    await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE' });
  });

  it('does not keep a finished program running, nor lets one end that waits', async () => {
    const module = new URL('../../native-host/keyring/secret-service.ts', import.meta.url).href;
    const program = `
      const { secretServiceKeyring } = await import(${JSON.stringify(module)});
      const signal = new AbortController().signal;
      const keyring = await secretServiceKeyring({ collection: 'awsvault', env: process.env, signal });
      process.stdout.write(String((await keyring.keys()).length));`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: bus.env, timeout: 10_000 });
    expect(stdout).toBe('0');
  });
});

describe('without a keyring', () => {
  it('says KEYRING_UNAVAILABLE and names the address when no service is on the bus', async () => {
    bus = await startSessionBus({ service: false });
    const message = expect.stringMatching(/no Secret Service is on the session bus unix:path=\/.*--backend file/);
    await expect(open()).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE', message });
  });

  it('says KEYRING_UNAVAILABLE and names what was tried when there is no bus', async () => {
    bus = await startSessionBus({ service: false });
    const cases: [Record<string, string>, RegExp][] = [
      [{}, /DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR are not set/],
      [{ XDG_RUNTIME_DIR: '/nonexistent' }, /unix:path=\/nonexistent\/bus/],
      [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/a' }, /unix:path=\/nonexistent\/a/],
      [{ DBUS_SESSION_BUS_ADDRESS: 'tcp:host=localhost,port=1' }, /names no Unix socket: tcp:host=localhost/],
    ];
    for (const [env, message] of cases) {
      const failure = { code: 'KEYRING_UNAVAILABLE', message: expect.stringMatching(message) };
      await expect(open({ env })).rejects.toMatchObject(failure);
    }
  });
});

function callOf(
  method: 'get' | 'keys' | 'set' | 'remove',
  keyring: Awaited<ReturnType<typeof open>>,
): Promise<unknown> {
  if (method === 'keys') return keyring.keys();
  return method === 'set' ? keyring.set(WORK) : keyring[method]('work');
}
