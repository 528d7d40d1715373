import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, VaultError } from '../../native-host/errors.ts';
import { encodeFrame, type Frame, FrameReader, MAX_TO_HOST_BYTES } from '../../native-host/framing.ts';
import type { ActionName } from '../../native-host/protocol.ts';
import { browserOf, HELLO } from '../unit/host/browser-end.ts';

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function lengthBytes(length: number): Buffer {
  const header = Buffer.alloc(4);
  if (isLittleEndian) header.writeUInt32LE(length);
  else header.writeUInt32BE(length);
  return header;
}

function frameOf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([lengthBytes(bytes.length), bytes]);
}

function nested(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

function read(chunks: readonly Uint8Array[], reader = new FrameReader()): Frame[] {
  return chunks.flatMap((chunk) => reader.push(chunk));
}

function problem(frame: Frame | undefined): string {
  if (frame === undefined || !('error' in frame)) throw new Error('no error frame');
  expect(frame.error).toBeInstanceOf(VaultError);
  expect(frame.error.code).toBe('BAD_MESSAGE');
  return `${frame.isFatal ? 'fatal' : 'skipped'}: ${frame.error.message}`;
}

describe('reading', () => {
  const messages = [{ id: 1, action: 'list', params: {} }, {}, { text: 'Zürich 🔑 \u2028' }];
  const stream = Buffer.concat(messages.map((message) => frameOf(JSON.stringify(message))));

  it('finds the same messages wherever one cut falls', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const frames = read([stream.subarray(0, cut), stream.subarray(cut)]);
      expect(frames, `cut at ${cut}`).toEqual(messages.map((message) => ({ message })));
    }
  });

  it('finds the same messages wherever two cuts fall', () => {
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 1) {
        const chunks = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
        const found = read(chunks).flatMap((frame) => ('message' in frame ? [frame.message] : []));
        if (found.length !== messages.length) expect.fail(`cuts at ${first} and ${second}`);
      }
    }
  });

  it('finds the same messages byte by byte', () => {
    const frames = read([...stream].map((byte) => Uint8Array.of(byte)));
    expect(frames).toEqual(messages.map((message) => ({ message })));
  });

  it('takes a message of exactly the cap and refuses one byte more', () => {
    const longest = `{"a":"${'x'.repeat(MAX_TO_HOST_BYTES - 8)}"}`;
    expect(longest).toHaveLength(MAX_TO_HOST_BYTES);
    expect(read([frameOf(longest)])[0]).toHaveProperty('message');
    expect(problem(read([lengthBytes(MAX_TO_HOST_BYTES + 1)])[0])).toBe(
      'fatal: a message of 1048577 bytes is longer than the 1048576 bytes allowed',
    );
  });

  it('refuses a length of 4 GiB without allocating for it', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(problem(read([Buffer.from([255, 255, 255, 255])])[0])).toMatch(/^fatal: a message of 4294967295 bytes/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it('trusts nothing after an over-long message', () => {
    const reader = new FrameReader(64);
    expect(read([lengthBytes(65), frameOf('{}')], reader)).toHaveLength(1);
    expect(read([frameOf('{}')], reader)).toEqual([]);
    expect(reader.end()).toBeUndefined();
  });

  it.each<[string, Buffer, string]>([
    ['not JSON', frameOf('{"code": 123456'), 'a message must be valid JSON'],
    ['empty', frameOf(''), 'a message must be valid JSON'],
    ['not UTF-8', frameOf(Buffer.from([0x7b, 0xff, 0x7d])), 'a message must be valid UTF-8'],
    ['a lone surrogate', frameOf(Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1')), 'a message must be valid UTF-8'],
    ['marked with a byte order mark', frameOf('\ufeff{}'), 'a message must be valid JSON'],
    ['an array', frameOf('[1]'), 'a message must be a JSON object'],
    ['null', frameOf('null'), 'a message must be a JSON object'],
    ['a string', frameOf('"hello"'), 'a message must be a JSON object'],
    ['17 levels deep', frameOf(nested(17)), 'a message may not be nested deeper than 16 levels'],
    [
      'as deep as fits',
      frameOf(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`),
      'a message may not be nested deeper than 16 levels',
    ],
  ])('skips a message that is %s, and reads the next', (_, bad, reason) => {
    const [first, second, ...more] = read([Buffer.concat([bad, frameOf('{"id":2}')])]);
    expect(problem(first)).toBe(`skipped: ${reason}`);
    expect(second).toEqual({ message: { id: 2 } });
    expect(more).toEqual([]);
  });

  it('never quotes what it could not read', () => {
    const [frame] = read([frameOf('{"answer": "123456 hunter2')]);
    expect(problem(frame)).not.toMatch(/123456|hunter2/);
    expect(frame && 'error' in frame && frame.error.cause).toBeUndefined();
  });

  it('takes 16 levels', () => {
    expect(read([frameOf(nested(16))])[0]).toHaveProperty('message');
  });

  it('calls a stream truncated unless it ends between two messages', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const reader = new FrameReader();
      const whole = reader.push(stream.subarray(0, cut)).length;
      const isBetween = messages.slice(0, whole).reduce((sum, m) => sum + frameOf(JSON.stringify(m)).length, 0) === cut;
      expect(reader.end()?.message, `cut at ${cut}`).toBe(
        isBetween ? undefined : 'the connection ended inside a message',
      );
    }
  });
});

describe('writing', () => {
  it('writes the length in bytes, not characters, and the message as UTF-8', () => {
    const json = '{"text":"Zürich 🔑"}';
    expect(encodeFrame({ text: 'Zürich 🔑' })).toEqual(
      Buffer.concat([lengthBytes(Buffer.byteLength(json)), Buffer.from(json)]),
    );
  });

  it('makes no message that a browser would not take', () => {
    expect(encodeFrame({ a: 'x'.repeat(1_000_000 - 8) })).toHaveLength(1_000_004);
    expect(() => encodeFrame({ a: 'x'.repeat(1_000_000 - 7) })).toThrow(
      expect.objectContaining({
        code: 'INTERNAL',
        message: 'a message of 1000001 bytes is longer than the 1000000 bytes a browser takes',
      }),
    );
  });
});

describe('golden messages', () => {
  const connect = (list: () => Promise<{ profiles: [] }>) => browserOf({ list });

  it.each<[ActionName, object, string]>([
    [
      'hello',
      HELLO,
      '{"id":7,"ok":true,"result":{"protocol":1,"hostVersion":"0.1.0","capabilities":["console-url","prompts","open-console","lock","logins"]}}',
    ],
    ['list', {}, '{"id":7,"ok":true,"result":{"profiles":[]}}'],
    ['consoleUrl', { profile: 'work' }, '{"id":7,"ok":true,"result":{"url":"https://example.com/"}}'],
    ['subscribePrompts', {}, '{"id":7,"ok":true,"result":{"prompts":[]}}'],
    [
      'answerPrompt',
      { promptId: 'x', answer: '123456' },
      '{"id":7,"ok":false,"error":{"code":"CANCELLED","message":"the question was withdrawn before this answer came","details":{}}}',
    ],
    ['cancelPrompt', { promptId: 'x' }, '{"id":7,"ok":true,"result":{}}'],
    ['cancel', { requestId: 1 }, '{"id":7,"ok":true,"result":{}}'],
  ])('%s is answered in exactly these bytes', async (action, params, json) => {
    const { browser } = await connect(async () => ({ profiles: [] }));
    const answered = once(browser.output, 'data');
    browser.send({ id: 7, action, params });
    expect((await answered)[0]).toEqual(frameOf(json));
  });

  it.each(ERROR_CODES)('%s is told in exactly these bytes', async (code) => {
    const details = { profile: 'work', line: 3 };
    const { browser } = await connect(() => Promise.reject(new VaultError(code, 'why, and what to do', { details })));
    const answered = once(browser.output, 'data');
    browser.send({ id: 7, action: 'list', params: {} });
    const error = `{"code":"${code}","message":"why, and what to do","details":{"profile":"work","line":3}}`;
    expect((await answered)[0]).toEqual(frameOf(`{"id":7,"ok":false,"error":${error}}`));
  });
});
