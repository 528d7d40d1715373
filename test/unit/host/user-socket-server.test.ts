import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../native-host/framing.ts';
import { MessageClient } from '../../../native-host/message-client.ts';
import { HELLO } from './browser-end.ts';
import { request, useHosts } from './use-hosts.ts';

const { state, host, hostProcess, ask } = useHosts();
const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);

describe('the socket', () => {
  it('is for its owner only, and so is its directory', () => {
    const { socket } = host();
    expect(socket.address).toBe(path.join(state.dir, `host-${process.pid}.sock`));
    expect(mode(socket.address)).toBe('600');
    expect(mode(state.dir)).toBe('700');
  });

  it('is removed at the end, and who waits at it is let go', async () => {
    const { socket, asked } = host();
    const question = ask({ reconnectMs: 50 });
    await asked();
    socket.close();
    expect(fs.readdirSync(state.dir)).toEqual([]);
    await expect(question).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });

  it('is removed by a host that is told to stop, although a terminal waits', async () => {
    const { child, line } = await hostProcess();
    // Expected from the start: the question may give up before the end of the process is heard of.
    const refused = expect(ask({ reconnectMs: 50 })).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
    expect(await line()).toBe('1');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(fs.readdirSync(state.dir)).toEqual([]);
    await refused;
  });

  it('takes another name where one of its own is taken', () => {
    const [first, second] = [host(7), host(7)];
    expect([first, second].map(({ socket }) => path.basename(socket.address))).toEqual([
      'host-7.sock',
      'host-7-2.sock',
    ]);
    first.socket.close();
    expect(fs.readdirSync(state.dir)).toEqual(['host-7-2.sock']);
  });

  it.each([0o755, 0o770, 0o500])('is not made in, nor looked for in a directory with mode %o', async (dirMode) => {
    fs.mkdirSync(state.dir);
    fs.chmodSync(state.dir, dirMode);
    const refusal = {
      code: 'CONFIG_INVALID',
      message: `the directory of the browser's socket must be private to you, and "${state.dir}" has mode ${dirMode.toString(8)}; run: chmod 700 ${state.dir}`,
      details: { file: state.dir },
    };
    expect(() => host()).toThrow(expect.objectContaining(refusal));
    await expect(ask()).rejects.toMatchObject(refusal);
  });

  it('is not made in, nor looked for in what is not a directory of this user', async () => {
    const real = `${state.dir}-real`;
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, state.dir);
    expect(() => host()).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('is not a directory') }),
    );
    await expect(ask()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    fs.rmSync(state.dir);
    fs.mkdirSync(state.dir, { mode: 0o700 });
    await expect(ask({ uid: 12345 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('belongs to user'),
    });
  });

  it('stands in a short directory where the state directory is too long for one', async () => {
    state.dir = path.join(state.dir, 'x'.repeat(100));
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

  it('no more than 128 terminals are served', async () => {
    const { socket } = host();
    const streams = Array.from({ length: 129 }, () => net.connect(socket.address));
    const clients = streams.map((stream) => new MessageClient(stream, stream));
    const results = await Promise.allSettled(clients.map((client) => client.call('hello', HELLO)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(128);
    for (const stream of streams) stream.destroy();
  });
});
