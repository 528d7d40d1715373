import { describe, expect, it } from 'vitest';
import type { Actions } from '../../../native-host/protocol.ts';
import { browserOf, failure, HELLO } from './browser-end.ts';

describe('parameters', () => {
  it.each<[string, object, string]>([
    ['hello', {}, 'params.protocol must be an object'],
    [
      'hello',
      { ...HELLO, protocol: { min: 1 } },
      'params.protocol.max must be a whole number from 1 to 9007199254740991',
    ],
    ['hello', { ...HELLO, extensionVersion: 1 }, 'params.extensionVersion must be a string of 1 to 64 characters'],
    ['list', { profile: 'x' }, 'params has a key nobody knows: "profile"'],
    ['consoleUrl', {}, 'params.profile must be a string of 1 to 256 characters'],
    ['consoleUrl', { profile: '' }, 'params.profile must be a string of 1 to 256 characters'],
    ['consoleUrl', { profile: 'x'.repeat(257) }, 'params.profile must be a string of 1 to 256 characters'],
    ['consoleUrl', { profile: 'x', roleArn: 'arn:aws:iam::1:role/x' }, 'params has a key nobody knows: "roleArn"'],
    [
      'consoleUrl',
      { profile: 'x', region: null },
      'params.region must be a string of 1 to 32 characters, such as eu-west-1',
    ],
    [
      'consoleUrl',
      { profile: 'x', region: 'evil.example/' },
      'params.region must be a string of 1 to 32 characters, such as eu-west-1',
    ],
    [
      'consoleUrl',
      { profile: 'x', path: '//evil.example' },
      'params.path must be a string of 1 to 2048 characters, a path of the console such as /s3/home',
    ],
    [
      'consoleUrl',
      { profile: 'x', path: 'https://evil.example' },
      'params.path must be a string of 1 to 2048 characters, a path of the console such as /s3/home',
    ],
    [
      'consoleUrl',
      { profile: 'x', path: '/\\evil.example' },
      'params.path must be a string of 1 to 2048 characters, a path of the console such as /s3/home',
    ],
    ['answerPrompt', { promptId: 'x' }, 'params.answer must be a string of 0 to 4096 characters'],
    ['answerPrompt', { promptId: 'x', answer: 123456 }, 'params.answer must be a string of 0 to 4096 characters'],
    ['cancelPrompt', { promptId: '' }, 'params.promptId must be a string of 1 to 64 characters'],
    ['cancel', { requestId: '1' }, 'params.requestId must be a whole number from 0 to 9007199254740991'],
    ['subscribePrompts', { all: true }, 'params has a key nobody knows: "all"'],
  ])('of %s cannot be %j', async (action, params, message) => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action, params });
    expect(await browser.next()).toEqual(failure(1, 'BAD_MESSAGE', message));
  });

  it('of consoleUrl reach the vault as they are', async () => {
    const seen: Actions['consoleUrl']['params'][] = [];
    const { browser } = await browserOf({
      consoleUrl: async (params) => {
        seen.push(params);
        return { url: 'https://example.com/' };
      },
    });
    const params = { profile: 'prod.admin [eu]', region: 'eu-west-1', path: '/s3/home?region=eu-west-1#x' };
    browser.send({ id: 1, action: 'consoleUrl', params });
    browser.send({ id: 2, action: 'consoleUrl', params: { profile: 'work' } });
    await browser.next();
    await browser.next();
    expect(seen).toEqual([params, { profile: 'work' }]);
  });

  it('that try to be a prototype are keys like others', async () => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action: 'list', params: JSON.parse('{"__proto__":{"x":1}}') });
    expect(await browser.next()).toEqual(failure(1, 'BAD_MESSAGE', 'params has a key nobody knows: "__proto__"'));
  });
});

describe('prompts', () => {
  const request = { kind: 'mfa', profile: 'work', requester: { source: 'browser' } } as const;

  it('that were open before a browser subscribed are in its answer, and later ones in events', async () => {
    const { browser, prompts } = await browserOf();
    const first = prompts.ask(request, new AbortController().signal);
    browser.send({ id: 1, action: 'subscribePrompts', params: {} });
    expect(await browser.next()).toEqual({ id: 1, ok: true, result: { prompts: prompts.prompts } });
    const second = prompts.ask({ ...request, profile: 'other' }, new AbortController().signal);
    expect(await browser.next()).toMatchObject({
      event: 'prompts',
      prompts: [{ profile: 'work' }, { profile: 'other' }],
    });

    const [work, other] = prompts.prompts.map(({ promptId }) => promptId);
    browser.send({ id: 2, action: 'answerPrompt', params: { promptId: work, answer: '123 456' } });
    expect(await browser.next()).toMatchObject({ event: 'prompts', prompts: [{ profile: 'other' }] });
    expect(await browser.next()).toEqual({ id: 2, ok: true, result: {} });
    expect(await first).toBe('123456');

    browser.send({ id: 3, action: 'cancelPrompt', params: { promptId: other } });
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await browser.next()).toEqual({ event: 'prompts', prompts: [] });
    expect(await browser.next()).toEqual({ id: 3, ok: true, result: {} });
  });

  it('go to nobody once the connection is closed', async () => {
    const { browser, prompts } = await browserOf();
    browser.send({ id: 1, action: 'subscribePrompts', params: {} });
    await browser.next();
    expect(prompts.isWatched).toBe(true);
    browser.input.end();
    await browser.ended;
    expect(prompts.isWatched).toBe(false);
  });

  it('let terminals in only after a browser has subscribed', async () => {
    let subscriptions = 0;
    const { browser } = await browserOf({}, { onSubscribed: () => void subscriptions++ });
    expect(subscriptions).toBe(0);
    browser.send({ id: 1, action: 'subscribePrompts', params: {} });
    await browser.next();
    expect(subscriptions).toBe(1);
  });
});
