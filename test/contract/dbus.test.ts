import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BUS, type BusConnection, connectSessionBus } from '../../native-host/keyring/dbus.ts';
import { type Relay, startRelay } from './relay.ts';
import { type SessionBus, startSessionBus } from './session-bus.ts';

let bus: SessionBus;
const connections: BusConnection[] = [];
const relays: Relay[] = [];

beforeAll(async () => {
  bus = await startSessionBus({ service: false });
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
  for (const relay of relays.splice(0)) relay.close();
});
afterAll(async () => {
  await bus?.stop();
});

async function connectTo(address: string | undefined, options: { signal?: AbortSignal; timeoutMs?: number } = {}) {
  const env = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: bus.env.XDG_RUNTIME_DIR };
  const connection = await connectSessionBus(env, { signal: new AbortController().signal, ...options });
  connections.push(connection);
  return connection;
}

function here(name: string): string {
  return join(bus.env.HOME ?? '', name);
}

/** A connection that owns `name` and never answers. */
async function silentPeer(name: string): Promise<BusConnection> {
  const peer = await connectTo(undefined);
  await peer.call({ ...BUS, member: 'RequestName', signature: 'su', body: [name, 0] });
  return peer;
}

const SILENT = {
  destination: 'org.example.Silent',
  path: '/org/example',
  interface: 'org.example.Silent',
  member: 'Ask',
};

describe('the address of the session bus', () => {
  it('may be a path, with percent escapes and other keys', async () => {
    const escaped = bus.socketPath.replace('bus', '%62%75s');
    const connection = await connectTo(`unix:path=${escaped},guid=0123456789abcdef0123456789abcdef`);
    expect((await connection.call({ ...BUS, member: 'GetId' })).signature).toBe('s');
  });

  it('may be an abstract socket', async () => {
    relays.push(await startRelay(`\0keyturn-test-${process.pid}`, bus.socketPath));
    const connection = await connectTo(`unix:abstract=keyturn%2dtest-${process.pid}`);
    expect((await connection.call({ ...BUS, member: 'GetId' })).signature).toBe('s');
  });

  it('may be a list, of which the first that is there is taken', async () => {
    const connection = await connectTo(`tcp:host=x,port=1;unix:path=${here('missing')};unix:path=${bus.socketPath}`);
    expect((await connection.call({ ...BUS, member: 'GetId' })).signature).toBe('s');
  });

  it('is the bus of XDG_RUNTIME_DIR when none is given, or an empty one', async () => {
    for (const address of [undefined, '', 'unix:runtime=yes']) {
      expect((await (await connectTo(address)).call({ ...BUS, member: 'GetId' })).signature).toBe('s');
    }
  });

  it('is refused when an escape is broken', async () => {
    await expect(connectTo('unix:path=/a%2')).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.NoServer',
    });
  });
});

describe('a call', () => {
  it('may overlap with many others, and each gets its own answer', async () => {
    const connection = await connectTo(undefined);
    const names = Array.from({ length: 100 }, (_, index) => `org.example.Name${index}`);
    const owned = names.map((name) =>
      connection.call({ ...BUS, member: 'RequestName', signature: 'su', body: [name, 0] }),
    );
    expect(new Set((await Promise.all(owned)).map((reply) => reply.replySerial)).size).toBe(100);
    const [listed] = (await connection.call({ ...BUS, member: 'ListNames' })).body;
    expect(listed).toEqual(expect.arrayContaining(names));
  });

  it('is answered in full when the bytes come one at a time', async () => {
    relays.push(await startRelay(here('slow'), bus.socketPath, { isBytewise: true }));
    const connection = await connectTo(`unix:path=${here('slow')}`);
    const reply = await connection.call({
      ...BUS,
      member: 'GetConnectionCredentials',
      signature: 's',
      body: [BUS.destination],
    });
    expect(reply.body[0]).toEqual(expect.any(Map));
  });

  it('fails with the name and the message of an error of the other side', async () => {
    const connection = await connectTo(undefined);
    const failure = connection.call({ ...BUS, member: 'GetNameOwner', signature: 's', body: ['org.example.Nobody'] });
    const message = expect.stringContaining('org.example.Nobody');
    await expect(failure).rejects.toMatchObject({ errorName: 'org.freedesktop.DBus.Error.NameHasNoOwner', message });
  });

  it('fails with Timeout when its own time is over, and the connection goes on', async () => {
    await silentPeer(SILENT.destination);
    const connection = await connectTo(undefined);
    const failure = connection.call({ ...SILENT, timeoutMs: 50 });
    await expect(failure).rejects.toMatchObject({ errorName: 'org.freedesktop.DBus.Error.Timeout' });
    expect((await connection.call({ ...BUS, member: 'GetId' })).signature).toBe('s');
  });

  it('fails with NoReply when the other side goes without an answer', async () => {
    const peer = await silentPeer(SILENT.destination);
    const connection = await connectTo(undefined);
    const failure = expect(connection.call(SILENT)).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.NoReply',
    });
    await connection.call({ ...BUS, member: 'GetId' });
    peer.close();
    await failure;
  });

  it('ends with CANCELLED when the signal aborts, and so does every later one', async () => {
    await silentPeer(SILENT.destination);
    const controller = new AbortController();
    const connection = await connectTo(undefined, { signal: controller.signal });
    const waits = [connection.call(SILENT), connection.call(SILENT)];
    controller.abort();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(connection.call(SILENT)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('fails with Disconnected when the connection is lost or closed', async () => {
    await silentPeer(SILENT.destination);
    const relay = await startRelay(here('lost'), bus.socketPath);
    const lost = await connectTo(`unix:path=${here('lost')}`);
    const closed = await connectTo(undefined);
    const waits = [lost.call(SILENT), closed.call(SILENT)];
    relay.close();
    closed.close();
    for (const wait of [...waits, lost.call(SILENT), closed.call(SILENT)]) {
      await expect(wait).rejects.toMatchObject({ errorName: 'org.freedesktop.DBus.Error.Disconnected' });
    }
  });
});

describe('a watched signal', () => {
  const ownerChanged = {
    sender: BUS.destination,
    path: BUS.path,
    interface: BUS.interface,
    member: 'NameOwnerChanged',
  };

  it('is heard until the watch ends', async () => {
    const connection = await connectTo(undefined);
    const heard: unknown[] = [];
    const end = connection.watch({ ...ownerChanged, arg0: 'org.example.Watched' }, (signal) =>
      heard.push(signal.body[0]),
    );
    for (const name of ['org.example.Other', 'org.example.Watched']) {
      await connection.call({ ...BUS, member: 'RequestName', signature: 'su', body: [name, 0] });
    }
    end();
    await connection.call({ ...BUS, member: 'ReleaseName', signature: 's', body: ['org.example.Watched'] });
    expect(heard).toEqual(['org.example.Watched']);
  });

  it('is not believed from anybody but the sender that was named', async () => {
    const connection = await connectTo(undefined);
    const heard: unknown[] = [];
    const rule = {
      sender: ':1.9999',
      path: '/prompt',
      interface: 'org.freedesktop.Secret.Prompt',
      member: 'Completed',
    };
    connection.watch(rule, (signal) => heard.push(signal));
    const { destination: own } = await connection.call({ ...BUS, member: 'GetId' });
    const forged = [
      '--session',
      `--dest=${own}`,
      '--type=signal',
      '/prompt',
      'org.freedesktop.Secret.Prompt.Completed',
    ];
    execFileSync('dbus-send', [...forged, 'boolean:false', 'variant:string:x'], { env: bus.env });
    await connection.call({ ...BUS, member: 'GetId' });
    expect(heard).toEqual([]);
  });
});

describe('a bus that misbehaves', () => {
  const WELCOME = Buffer.from('OK 0123456789abcdef\r\n');
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server = undefined;
  });

  async function connectToFake(answer: () => Buffer | string | undefined, timeoutMs = 2000) {
    const path = here(`fake-${performance.now()}`);
    server = createServer((socket) => {
      socket.once('data', () => {
        const bytes = answer();
        if (bytes === undefined) socket.destroy();
        else socket.write(bytes);
      });
    });
    server.listen(path);
    await once(server, 'listening');
    return connectTo(`unix:path=${path}`, { timeoutMs });
  }

  it.each<[string, () => string | undefined, string]>([
    ['refuses us', () => 'REJECTED EXTERNAL\r\n', 'AuthFailed'],
    ['hangs up', () => undefined, 'Disconnected'],
    ['never ends its line', () => 'x'.repeat(20_000), 'InconsistentMessage'],
    ['says nothing', () => '', 'Timeout'],
  ])('that %s is an error with a name', async (_, answer, name) => {
    await expect(connectToFake(answer, 300)).rejects.toMatchObject({ errorName: `org.freedesktop.DBus.Error.${name}` });
  });

  it.each([
    ['is not D-Bus', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['announces a gigabyte', Buffer.from('6c02010100000040010000000000000000000000', 'hex')],
    ['speaks another version', Buffer.from('6c02010200000000010000000000000000000000', 'hex')],
  ])('that %s is left at once', async (_, message) => {
    const answer = () => Buffer.concat([WELCOME, message]);
    const failure = { errorName: 'org.freedesktop.DBus.Error.InconsistentMessage' };
    await expect(connectToFake(answer)).rejects.toMatchObject(failure);
  });

  it('may write its answers big-endian', async () => {
    // METHOD_RETURN, serial 1, REPLY_SERIAL (5) = 1, no body: what follows from the specification's layout.
    const reply = Buffer.from('42020101 00000000 00000001 00000008 05017500 00000001'.replaceAll(' ', ''), 'hex');
    const connection = await connectToFake(() => Buffer.concat([WELCOME, reply]));
    expect(connection.address).toContain('fake');
  });
});
