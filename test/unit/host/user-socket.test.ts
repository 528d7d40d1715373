import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../native-host/framing.ts';
import { MessageClient } from '../../../native-host/message-client.ts';
import { PromptBroker } from '../../../native-host/prompts.ts';
import type { Prompt } from '../../../native-host/protocol.ts';
import { type AskOptions, askInBrowser } from '../../../native-host/user-socket.ts';
import { listenForTerminals, type UserSocket } from '../../../native-host/user-socket-server.ts';
import { HELLO } from './browser-end.ts';

const request = {
  kind: 'mfa',
  profile: 'work',
  mfaSerial: 'arn:aws:iam::111111111111:mfa/jon',
  program: 'terraform',
  pid: 42,
} as const;
const DEAD_PID = 4_194_305; // above what Linux gives out

let stateDir: string;
let stop: AbortController;
let children: ChildProcess[];

beforeEach(() => {
  stateDir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-socket-')), 'state');
  stop = new AbortController();
  children = [];
});
afterEach(() => {
  stop.abort();
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(path.dirname(stateDir), { recursive: true });
});

/** A host in this process, with a browser that has subscribed. */
function host(pid = process.pid) {
  const prompts = new PromptBroker();
  const lists: (readonly Prompt[])[] = [];
  const waiting: { resolve: () => void; isRight: (list: readonly Prompt[]) => boolean }[] = [];
  prompts.onChange((list) => {
    lists.push(list);
    for (const { resolve, isRight } of waiting) if (isRight(list)) resolve();
  });
  const until = (isRight: (list: readonly Prompt[]) => boolean) =>
    new Promise<void>((resolve) => {
      if (isRight(prompts.prompts)) resolve();
      waiting.push({ resolve, isRight });
    });
  const socket = listen(prompts, pid);
  return {
    socket,
    prompts,
    lists,
    asked: () => until((list) => list.length === 1),
    withdrawn: () => until((list) => list.length === 0),
    answer: (text: string) => prompts.answer(prompts.prompts[0]?.promptId ?? '', text),
    cancel: () => prompts.cancel(prompts.prompts[0]?.promptId ?? ''),
  };
}

function listen(prompts: PromptBroker, pid = process.pid): UserSocket {
  const log = () => undefined;
  return listenForTerminals({
    stateDir,
    env: process.env,
    prompts,
    hostVersion: '0.1.0',
    pid,
    signal: stop.signal,
    log,
  });
}

function ask(options: Partial<AskOptions> = {}, more: object = {}): Promise<string> {
  return askInBrowser({ ...request, ...more }, { stateDir, env: process.env, signal: stop.signal, ...options });
}

/** A host in a process of its own. */
async function hostProcess() {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'host-process.ts'), stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value;
  expect(await line()).toBe('listening');
  return { child, line };
}

const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);

describe('a question from a terminal', () => {
  it('is shown with who asks, and answered', async () => {
    const { prompts, asked, answer } = host();
    const question = ask({}, { parent: 'bash', rejected: 'wrong code' });
    await asked();
    expect(prompts.prompts).toEqual([
      {
        promptId: expect.any(String),
        kind: 'mfa',
        profile: 'work',
        mfaSerial: request.mfaSerial,
        rejected: 'wrong code',
        requester: { source: 'terminal', program: 'terraform', parent: 'bash', pid: 42 },
      },
    ]);
    answer('123 456');
    expect(await question).toBe('123456');
  });

  it('is cancelled by the person', async () => {
    const { asked, cancel } = host();
    const question = ask();
    await asked();
    cancel();
    await expect(question).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is withdrawn when the terminal is interrupted', async () => {
    const { asked, withdrawn } = host();
    const interrupt = new AbortController();
    const question = ask({ signal: interrupt.signal });
    await asked();
    interrupt.abort(new Error('cancelled by SIGINT'));
    await expect(question).rejects.toThrow('cancelled by SIGINT');
    await withdrawn();
  });

  it('ends after its time, and is withdrawn', async () => {
    const { asked, withdrawn } = host();
    const question = ask({ timeoutMs: 200 });
    await asked();
    await expect(question).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'nobody answered in the browser within 0.2 s; run the command again',
    });
    await withdrawn();
  });

  it('can hold nothing that a person would not see', async () => {
    const { prompts, asked, answer } = host();
    const question = ask({}, { program: 'a\u202eb\u0007\nc', parent: '\u200b', profile: 'p'.repeat(300) });
    await asked();
    expect(prompts.prompts[0]).toMatchObject({
      profile: `${'p'.repeat(255)}…`,
      requester: { program: 'a b c', parent: '?' },
    });
    answer('123456');
    await question;
  });

  it('goes to every browser; the first answer counts, and the others withdraw it', async () => {
    const [first, second] = [host(1), host(2)];
    const question = ask();
    await Promise.all([first.asked(), second.asked()]);
    second.answer('222222');
    expect(await question).toBe('222222');
    await first.withdrawn();
  });

  it('goes to every browser; a cancel in one ends it in all', async () => {
    const [first, second] = [host(1), host(2)];
    const question = ask();
    await Promise.all([first.asked(), second.asked()]);
    first.cancel();
    await expect(question).rejects.toMatchObject({ code: 'CANCELLED' });
    await second.withdrawn();
  });

  it('goes to a browser that is opened while it waits', async () => {
    const first = host(1);
    const question = ask();
    await first.asked();
    const second = host(2);
    await second.asked();
    second.answer('222222');
    expect(await question).toBe('222222');
  });
});

describe('without a browser', () => {
  const notConnected = {
    code: 'BROWSER_NOT_CONNECTED',
    message:
      "no browser is connected, so nobody can be asked there: open the browser that has the Keyturn extension ('keyturn host status' " +
      'shows what is missing), or use --prompt terminal, --mfa-token or an mfa_process in the profile',
  };

  it('a question fails with the alternatives', async () => {
    await expect(ask()).rejects.toMatchObject(notConnected);
    fs.mkdirSync(stateDir, { mode: 0o700 });
    await expect(ask()).rejects.toMatchObject(notConnected);
  });

  it('what a killed host left is removed', async () => {
    fs.mkdirSync(stateDir, { mode: 0o700 });
    const { child } = await hostProcess();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(fs.readdirSync(stateDir)).toEqual([`host-${child.pid}.sock`]);
    await expect(ask()).rejects.toMatchObject(notConnected);
    expect(fs.readdirSync(stateDir)).toEqual([]);
  });

  it('nothing is removed that is no socket of a host', async () => {
    fs.mkdirSync(stateDir, { mode: 0o700 });
    fs.writeFileSync(path.join(stateDir, 'host-1.sock.bak'), '');
    fs.writeFileSync(path.join(stateDir, 'backend'), 'file');
    await expect(ask()).rejects.toMatchObject(notConnected);
    expect(fs.readdirSync(stateDir)).toEqual(['backend', 'host-1.sock.bak']);
  });

  it('a host whose browser has unsubscribed counts as none', async () => {
    listen(new PromptBroker());
    await expect(ask({ reconnectMs: 50 })).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });
});

describe('a host that goes away while it asks', () => {
  it('is followed to the one that takes its place', async () => {
    const { child, line } = await hostProcess();
    const question = ask();
    expect(await line()).toBe('1');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = host(DEAD_PID);
    await next.asked();
    next.answer('654321');
    expect(await question).toBe('654321');
  });

  it('and does not come back ends the question', async () => {
    const { child, line } = await hostProcess();
    const question = ask({ reconnectMs: 100 });
    expect(await line()).toBe('1');
    child.kill('SIGKILL');
    await expect(question).rejects.toMatchObject({
      code: 'BROWSER_NOT_CONNECTED',
      message: expect.stringMatching(/^the browser has gone, so nobody can be asked there: /),
    });
  });

  it('is no loss while another one still asks', async () => {
    const { child, line } = await hostProcess();
    const other = host();
    const question = ask({ reconnectMs: 50 });
    expect(await line()).toBe('1');
    await other.asked();
    child.kill('SIGKILL');
    await once(child, 'exit');
    other.answer('111111');
    expect(await question).toBe('111111');
  });
});

describe('the socket', () => {
  it('is for its owner only, and so is its directory', () => {
    const { socket } = host();
    expect(socket.address).toBe(path.join(stateDir, `host-${process.pid}.sock`));
    expect(mode(socket.address)).toBe('600');
    expect(mode(stateDir)).toBe('700');
  });

  it('is removed at the end, and who waits at it is let go', async () => {
    const { socket, asked } = host();
    const question = ask({ reconnectMs: 50 });
    await asked();
    socket.close();
    expect(fs.readdirSync(stateDir)).toEqual([]);
    await expect(question).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });

  it('takes another name where one of its own is taken', () => {
    const [first, second] = [host(7), host(7)];
    expect([first, second].map(({ socket }) => path.basename(socket.address))).toEqual([
      'host-7.sock',
      'host-7-2.sock',
    ]);
    first.socket.close();
    expect(fs.readdirSync(stateDir)).toEqual(['host-7-2.sock']);
  });

  it.each([0o755, 0o770, 0o500])('is not made in, nor looked for in a directory with mode %o', async (dirMode) => {
    fs.mkdirSync(stateDir);
    fs.chmodSync(stateDir, dirMode);
    const refusal = {
      code: 'CONFIG_INVALID',
      message: `the directory of the browser's socket must be private to you, and "${stateDir}" has mode ${dirMode.toString(8)}; run: chmod 700 ${stateDir}`,
      details: { file: stateDir },
    };
    expect(() => host()).toThrow(expect.objectContaining(refusal));
    await expect(ask()).rejects.toMatchObject(refusal);
  });

  it('is not made in, nor looked for in what is not a directory of this user', async () => {
    const real = `${stateDir}-real`;
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, stateDir);
    expect(() => host()).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('is not a directory') }),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    fs.rmSync(stateDir);
    fs.mkdirSync(stateDir, { mode: 0o700 });
    await expect(ask({ uid: 12345 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('belongs to user'),
    });
  });

  it('stands in a short directory where the state directory is too long for one', async () => {
    stateDir = path.join(stateDir, 'x'.repeat(100));
    const { socket, asked, answer } = host();
    const dir = path.dirname(socket.address);
    try {
      expect(dir).toMatch(new RegExp(`^${os.tmpdir()}/keyturn-${process.getuid?.()}-[0-9a-f]{16}$`));
      expect(mode(dir)).toBe('700');
      const question = ask();
      await asked();
      answer('123456');
      expect(await question).toBe('123456');
    } finally {
      socket.close();
      fs.rmdirSync(dir);
      stateDir = path.dirname(stateDir);
    }
  });
});

describe('over the socket', () => {
  async function connect() {
    const { socket, prompts } = host();
    const stream = net.connect(socket.address);
    const client = new MessageClient(stream, stream);
    return { stream, client, prompts };
  }

  it.each(['list', 'consoleUrl', 'answerPrompt', 'subscribePrompts', 'cancel'])('there is no %s', async (action) => {
    const { client } = await connect();
    await client.call('hello', HELLO);
    await expect(client.call(action, {})).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
      message: `there is no action "${action}"`,
    });
  });

  it.each([
    [{ ...request, kind: 'passphrase' }, 'params.kind must be "mfa"'],
    [{ ...request, program: 'a\nb' }, 'params.program must be a string of 1 to 256 characters, none of them invisible'],
    [{ ...request, requester: { source: 'browser' } }, 'params has a key nobody knows: "requester"'],
    [{ ...request, pid: 0 }, 'params.pid must be a whole number from 1 to 4294967295'],
  ])('nothing else can be asked: %j', async (params, message) => {
    const { client } = await connect();
    await client.call('hello', HELLO);
    await expect(client.call('ask', params)).rejects.toMatchObject({ code: 'BAD_MESSAGE', message });
  });

  it('a message over 16 KiB ends the connection', async () => {
    const { stream, client } = await connect();
    stream.write(encodeFrame({ id: 1, action: 'hello', params: { ...HELLO, more: 'x'.repeat(16 * 1024) } }));
    expect(await client.closed).toMatchObject({
      code: 'BAD_MESSAGE',
      message: expect.stringContaining('16384 bytes allowed'),
    });
  });

  it('only one question at a time is open on a connection', async () => {
    const { client, prompts } = await connect();
    await client.call('hello', HELLO);
    const first = client.call('ask', request);
    await expect(client.call('ask', request)).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    prompts.answer(prompts.prompts[0]?.promptId ?? '', '123456');
    expect(await first).toEqual({ answer: '123456' });
  });

  it('no more than 16 terminals are served', async () => {
    const { socket } = host();
    const streams = Array.from({ length: 17 }, () => net.connect(socket.address));
    const clients = streams.map((stream) => new MessageClient(stream, stream));
    const results = await Promise.allSettled(clients.map((client) => client.call('hello', HELLO)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
    for (const stream of streams) stream.destroy();
  });
});
