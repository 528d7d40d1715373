import { describe, expect, test } from 'vitest';
import { isOwnPage, parseIntent } from '../../../extension/messages.ts';

describe('isOwnPage', () => {
  const ours = { id: 'keyturn@keyturn.io', origin: 'moz-extension://0000/' };
  test('takes the pages of this extension and nobody else', () => {
    const url = 'moz-extension://0000/extension/popup/popup.html';
    expect(isOwnPage({ id: ours.id, url }, ours)).toBe(true);
    expect(isOwnPage({ id: 'other@addon', url }, ours)).toBe(false);
    expect(isOwnPage({ id: ours.id, url: 'https://console.aws.amazon.com/' }, ours)).toBe(false);
    expect(isOwnPage({ id: ours.id }, ours)).toBe(false);
    expect(isOwnPage(undefined, ours)).toBe(false);
  });
});

describe('parseIntent', () => {
  test('takes each intent with its fields', () => {
    expect(parseIntent({ type: 'openConsole', profile: 'work' })).toEqual({ type: 'openConsole', profile: 'work' });
    expect(parseIntent({ type: 'retryHost' })).toEqual({ type: 'retryHost' });
  });

  test.each([
    [undefined],
    ['openConsole'],
    [null],
    [{}],
    [{ type: 'openConsole' }],
    [{ type: 'openConsole', profile: 7 }],
    [{ type: 'answerPrompt', promptId: 'p' }],
    [{ type: 'toString' }],
    [{ type: '__proto__' }],
    [{ type: 'consoleUrl', profile: 'work' }],
  ])('ignores %j', (message) => {
    expect(parseIntent(message)).toBeUndefined();
  });
});
