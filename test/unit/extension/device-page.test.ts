import { describe, expect, test, vi } from 'vitest';
import type { Runtime } from 'webextension-polyfill';
import { bare, codeInAddress, isDevicePage } from '../../../extension/device-page/aws-page.ts';
import { answerDevicePage } from '../../../extension/device-page/questions.ts';
import { VaultError } from '../../../native-host/errors.ts';

const URL_OF = 'https://corp.awsapps.com/start/#/device';
const sender = { id: 'own', tab: { id: 7 }, frameId: 0, url: URL_OF } as Runtime.MessageSender; // a tab has more, none of it used

function background(call: () => Promise<unknown> = async () => ({ isAsked: true })) {
  const calls: unknown[] = [];
  const connection = {
    call: (...args: unknown[]) => {
      calls.push(args.slice(0, 2));
      return call();
    },
  };
  const loginTabs = { codeFor: async (...args: unknown[]) => args.join(' '), close: vi.fn(async () => undefined) };
  const to = { ownId: 'own', connection, loginTabs } as unknown as Parameters<typeof answerDevicePage>[2]; // what is used of them
  const ask = (message: unknown, from: object = {}) =>
    answerDevicePage(message, { ...sender, ...from } as Runtime.MessageSender, to); // as above
  return { ask, calls, loginTabs };
}

describe('what a device page asks', () => {
  test('is answered by the host, and what no host answers is unknown', async () => {
    const { ask, calls } = background();
    expect(await ask({ type: 'checkUserCode', userCode: 'BCDFGHJK', more: 'x' })).toBe('asked');
    expect(calls).toEqual([['checkUserCode', { userCode: 'BCDFGHJK' }]]);
    const foreign = background(async () => ({ isAsked: false }));
    expect(await foreign.ask({ type: 'checkUserCode', userCode: 'BCDFGHJK' })).toBe('foreign');
    const silent = background(() => Promise.reject(new VaultError('HOST_NOT_FOUND', 'none')));
    expect(await silent.ask({ type: 'checkUserCode', userCode: 'BCDFGHJK' })).toBe('unknown');
  });

  test('is the code of its own tab and page, and to be closed itself', async () => {
    const { ask, loginTabs } = background();
    expect(await ask({ type: 'pendingUserCode', tabId: 8 })).toBe('7 https://corp.awsapps.com');
    await ask({ type: 'closePage' });
    expect(loginTabs.close).toHaveBeenCalledWith(7);
  });

  test.each<[unknown, object]>([
    [{ type: 'pendingUserCode' }, { id: 'another extension' }],
    [{ type: 'pendingUserCode' }, { tab: undefined }],
    [{ type: 'pendingUserCode' }, { frameId: 3 }],
    [{ type: 'pendingUserCode' }, { url: undefined }],
    [{ type: 'openConsole', profile: 'prod' }, {}],
    [{ type: 'checkUserCode' }, {}],
    [{ type: 'checkUserCode', userCode: '' }, {}],
    [{ type: 'checkUserCode', userCode: 'x'.repeat(65) }, {}],
    ['pendingUserCode', {}],
    [null, {}],
  ])('is not answered: %j from %j', (message, from) => {
    expect(background().ask(message, from)).toBeUndefined();
  });
});

describe('a page of AWS', () => {
  test.each<[string, boolean, string | undefined]>([
    [`${URL_OF}?user_code=BCDF-GHJK`, true, 'BCDFGHJK'],
    ['https://ssoins-0.portal.eu-west-1.app.aws/#/device?a=b&user_code=bcdf-ghjk', true, 'BCDFGHJK'],
    ['https://device.sso.eu-west-1.amazonaws.com/?user_code=BCDF-GHJK', true, 'BCDFGHJK'],
    ['https://device.sso.eu-west-1.amazonaws.com/', true, undefined],
    [URL_OF, true, undefined],
    [`${URL_OF}?user_code=`, true, undefined],
    ['https://corp.awsapps.com/start/#/console?account_id=1', false, undefined],
    ['https://corp.awsapps.com/start/#/devices', false, undefined],
    ['https://corp.awsapps.com/start/', false, undefined],
  ])('%s', (address, isOne, code) => {
    const { hostname, hash, search } = new URL(address);
    expect(isDevicePage({ hostname, hash })).toBe(isOne);
    expect(codeInAddress({ hash, search })).toBe(code);
  });

  test('takes a code however it is written', () => expect(bare(' bcdf ghjk\n')).toBe('BCDFGHJK'));
});
