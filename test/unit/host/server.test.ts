import { describe, expect, it } from 'vitest';
import { VaultError } from '../../../native-host/errors.ts';
import { encodeFrame } from '../../../native-host/framing.ts';
import { nothing } from '../../../native-host/message-check.ts';
import { action } from '../../../native-host/server.ts';
import { BrowserEnd, browserOf, failure, greets, HELLO, slow } from './browser-end.ts';

describe('the envelope', () => {
  it.each<[string, object, number | null, string]>([
    ['without an id', { action: 'list', params: {} }, null, 'id must be a whole number from 0 to 9007199254740991'],
    [
      'with a negative id',
      { id: -1, action: 'list', params: {} },
      null,
      'id must be a whole number from 0 to 9007199254740991',
    ],
    [
      'with half an id',
      { id: 1.5, action: 'list', params: {} },
      null,
      'id must be a whole number from 0 to 9007199254740991',
    ],
    [
      'with a text as id',
      { id: '1', action: 'list', params: {} },
      null,
      'id must be a whole number from 0 to 9007199254740991',
    ],
    [
      'with an unsafe id',
      { id: 2 ** 53, action: 'list', params: {} },
      null,
      'id must be a whole number from 0 to 9007199254740991',
    ],
    ['without an action', { id: 1, params: {} }, 1, 'action must be a string'],
    ['without params', { id: 1, action: 'list' }, 1, 'params must be an object'],
    ['with an array as params', { id: 1, action: 'list', params: [] }, 1, 'params must be an object'],
    [
      'with one key more',
      { id: 1, action: 'list', params: {}, secret: 'hunter2' },
      1,
      'the message has a key nobody knows: "secret"',
    ],
    ['for an unknown action', { id: 1, action: 'credentials', params: {} }, 1, 'there is no action "credentials"'],
    [
      'for something every object has',
      { id: 1, action: 'constructor', params: {} },
      1,
      'there is no action "constructor"',
    ],
    [
      'with a parameter too many',
      { id: 1, action: 'list', params: { all: true } },
      1,
      'params has a key nobody knows: "all"',
    ],
  ])('of a message %s is refused, and the next one answered', async (_, message, id, text) => {
    const { browser } = await browserOf();
    browser.send(message);
    browser.send({ id: 2, action: 'list', params: {} });
    expect(await browser.next()).toEqual(failure(id, 'BAD_MESSAGE', text));
    expect(await browser.next()).toEqual({ id: 2, ok: true, result: { profiles: [] } });
  });

  it('of a message that is not JSON is answered without an id', async () => {
    const { browser } = await browserOf();
    const bad = encodeFrame({ id: 1 });
    browser.input.write(bad.fill('x', 4));
    expect(await browser.next()).toEqual(failure(null, 'BAD_MESSAGE', 'a message must be valid JSON'));
  });
});

describe('hello', () => {
  it('comes first', async () => {
    const browser = new BrowserEnd(greets);
    browser.read();
    browser.send({ id: 1, action: 'hello', params: {} });
    browser.send({ id: 2, action: 'list', params: {} });
    expect(await browser.next()).toEqual({ id: 1, ok: true, result: { protocol: 1 } });
    expect(await browser.next()).toEqual(failure(2, 'BAD_MESSAGE', 'there is no action "list"'));
  });

  it('is what every other action waits for', async () => {
    const ran: string[] = [];
    const browser = new BrowserEnd({ ...greets, list: action(nothing, () => ({ ran: ran.push('list') })) });
    browser.read();
    browser.send({ id: 1, action: 'list', params: {} });
    expect(await browser.next()).toEqual(
      failure(1, 'BAD_MESSAGE', 'the first message must be hello, and list came before it'),
    );
    expect(ran).toEqual([]);
  });

  it.each([
    [
      { min: 2, max: 3 },
      'this Keyturn host speaks protocol 1, and the client needs 2 or newer; update the keyturn program',
    ],
    [{ min: 0, max: 0 }, 'params.protocol.min must be a whole number from 1 to 9007199254740991'],
  ])('with the protocols %j is refused', async (protocol, message) => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action: 'hello', params: { ...HELLO, protocol } });
    const code = protocol.min === 2 ? 'VERSION_MISMATCH' : 'BAD_MESSAGE';
    expect(await browser.next()).toEqual(failure(1, code, message, code === 'VERSION_MISMATCH' ? { protocol: 1 } : {}));
  });

  it('that failed closes every other action', async () => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action: 'hello', params: { ...HELLO, protocol: { min: 9, max: 9 } } });
    browser.send({ id: 2, action: 'list', params: {} });
    await browser.next();
    expect(await browser.next()).toEqual(
      failure(2, 'VERSION_MISMATCH', expect.stringContaining('protocol 1'), { protocol: 1 }),
    );
  });

  it('tells a newer client, which says more than this host knows, what the two can speak', async () => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action: 'hello', params: { ...HELLO, protocol: { min: 1, max: 7 }, capabilities: ['x'] } });
    expect(await browser.next()).toMatchObject({ id: 1, ok: true, result: { protocol: 1, hostVersion: '0.1.0' } });
  });
});

describe('calls', () => {
  it('overlap, and each answer carries its own id', async () => {
    const list = slow();
    const { browser } = await browserOf(list);
    browser.send({ id: 1, action: 'list', params: {} });
    await list.started;
    browser.send({ id: 2, action: 'consoleUrl', params: { profile: 'work' } });
    expect(await browser.next()).toEqual({ id: 2, ok: true, result: { url: 'https://example.com/' } });
    list.finish();
    expect(await browser.next()).toEqual({ id: 1, ok: true, result: { profiles: [] } });
  });

  it('are stopped by cancel, which answers both', async () => {
    const list = slow();
    const { browser } = await browserOf(list);
    browser.send({ id: 1, action: 'list', params: {} });
    const signal = await list.started;
    browser.send({ id: 2, action: 'cancel', params: { requestId: 1 } });
    const answers = [await browser.next(), await browser.next()];
    expect(answers).toContainEqual({ id: 2, ok: true, result: {} });
    expect(answers).toContainEqual(failure(1, 'CANCELLED', 'the call was cancelled'));
    expect(signal.aborted).toBe(true);
  });

  it('answer a cancel even when their work does not notice it', async () => {
    const { browser } = await browserOf({ list: () => new Promise(() => undefined) });
    browser.send({ id: 1, action: 'list', params: {} });
    browser.send({ id: 2, action: 'cancel', params: { requestId: 1 } });
    expect([await browser.next(), await browser.next()]).toContainEqual(failure(1, 'CANCELLED'));
  });

  it('that are over are left alone by cancel', async () => {
    const { browser } = await browserOf();
    browser.send({ id: 2, action: 'cancel', params: { requestId: 1 } });
    expect(await browser.next()).toEqual({ id: 2, ok: true, result: {} });
  });

  it('cannot share an id while one is under way', async () => {
    const list = slow();
    const { browser } = await browserOf(list);
    browser.send({ id: 1, action: 'list', params: {} });
    await list.started;
    browser.send({ id: 1, action: 'consoleUrl', params: { profile: 'work' } });
    expect(await browser.next()).toEqual(
      failure(1, 'BAD_MESSAGE', 'the id 1 belongs to a call that is still under way'),
    );
    list.finish();
    expect(await browser.next()).toMatchObject({ id: 1, ok: true });
    browser.send({ id: 1, action: 'consoleUrl', params: { profile: 'work' } });
    expect(await browser.next()).toMatchObject({ id: 1, ok: true });
  });

  it('are limited in number, but one can always be stopped', async () => {
    const list = slow();
    const { browser } = await browserOf(list, { maxCalls: 1 });
    browser.send({ id: 1, action: 'list', params: {} });
    await list.started;
    browser.send({ id: 2, action: 'list', params: {} });
    expect(await browser.next()).toEqual(
      failure(2, 'BAD_MESSAGE', '1 calls are under way, and no more are taken before one is answered'),
    );
    browser.send({ id: 3, action: 'cancel', params: { requestId: 1 } });
    expect([await browser.next(), await browser.next()]).toContainEqual({ id: 3, ok: true, result: {} });
    browser.send({ id: 4, action: 'consoleUrl', params: { profile: 'work' } });
    expect(await browser.next()).toMatchObject({ id: 4, ok: true });
  });
});

describe('errors', () => {
  it('go out with their code, message and listed details, and nothing else', async () => {
    const details = { profile: 'work', mfaSerial: 'arn:aws:iam::111111111111:mfa/jon', secret: 'hunter2' };
    const cause = new Error('hunter2');
    const { browser } = await browserOf({
      list: () => Promise.reject(new VaultError('MFA_REQUIRED', 'no code', { details, cause })),
    });
    browser.send({ id: 1, action: 'list', params: {} });
    const { secret, ...listed } = details;
    expect(secret).toBe('hunter2');
    expect(await browser.next()).toEqual(failure(1, 'MFA_REQUIRED', 'no code', listed));
  });

  it('of our own are INTERNAL', async () => {
    const { browser } = await browserOf({
      list() {
        throw new TypeError('x is not a function');
      },
    });
    browser.send({ id: 1, action: 'list', params: {} });
    expect(await browser.next()).toEqual(failure(1, 'INTERNAL', 'unexpected failure: x is not a function'));
  });

  it('take the place of an answer that no browser would take', async () => {
    const { browser } = await browserOf({ consoleUrl: async () => ({ url: 'x'.repeat(1_000_000) }) });
    browser.send({ id: 1, action: 'consoleUrl', params: { profile: 'work' } });
    expect(await browser.next()).toEqual(
      failure(1, 'INTERNAL', 'a message of 1000038 bytes is longer than the 1000000 bytes a browser takes'),
    );
  });

  it('and answers leave no params or results in the log', async () => {
    const { browser } = await browserOf({
      consoleUrl: async () => ({ url: 'https://signin.example/?SigninToken=hunter2' }),
    });
    browser.send({ id: 1, action: 'consoleUrl', params: { profile: 'canary-profile' } });
    browser.send({ id: 2, action: 'consoleUrl', params: { profile: '' } });
    await Promise.all([browser.next(), browser.next()]);
    expect(browser.log.join('\n')).not.toMatch(/hunter2|canary-profile/);
    expect(browser.log).toContainEqual(expect.stringMatching(/^consoleUrl answered in [\d.]+ ms$/));
    expect(browser.log).toContainEqual(expect.stringMatching(/^consoleUrl failed with BAD_MESSAGE in [\d.]+ ms$/));
  });
});
