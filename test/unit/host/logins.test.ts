import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VaultError } from '../../../native-host/errors.ts';
import { type LoginNews, Logins } from '../../../native-host/logins.ts';
import type { LoginPage } from '../../../native-host/protocol.ts';
import { type ShowLoginRequest, showLogin } from '../../../native-host/user-socket-login.ts';
import { browserOf, failure } from './browser-end.ts';
import { useHosts } from './use-hosts.ts';

const { state, listen } = useHosts();
const PAGE: LoginPage = {
  ...{ loginId: 'l', flow: 'device', url: 'https://corp.awsapps.com/start/#/device?user_code=BCDF-GHJK' },
  ...{ userCode: 'BCDF-GHJK', startUrl: 'https://corp.awsapps.com/start', profile: 'dev' },
  ...{ requester: { source: 'browser' }, opensTab: true },
};

function watched(now?: () => number) {
  const logins = new Logins(now);
  const news: LoginNews[] = [];
  const stop = logins.onNews((one) => news.push(one));
  return { logins, news, stop };
}

describe('the page of a login', () => {
  it('is told to the extension, waited for until it is open, and over when the login is', async () => {
    const { logins, news } = watched();
    const over = new AbortController();
    const shown = logins.show(PAGE, { signal: over.signal });
    expect(news).toEqual([{ event: 'login', ...PAGE }]);
    logins.shown('l');
    await shown;
    over.abort();
    expect(news.at(-1)).toEqual({ event: 'loginOver', loginId: 'l' });
    logins.shown('l', { code: 'INTERNAL', message: 'too late' });
    logins.closed('l');
  });

  it('fails with what the extension could not do, and where no extension listens', async () => {
    const { logins, stop } = watched();
    const { signal } = new AbortController();
    const shown = logins.show(PAGE, { signal });
    logins.shown('l', { code: 'CONTAINERS_DISABLED', message: 'no containers' });
    await expect(shown).rejects.toMatchObject({ code: 'CONTAINERS_DISABLED', message: 'no containers' });
    stop();
    await expect(logins.show(PAGE, { signal })).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });

  it('that ends before it is open fails with the reason, and who began it hears of a closed tab', async () => {
    const { logins } = watched();
    const over = new AbortController();
    let closed = 0;
    const shown = logins.show(PAGE, { signal: over.signal, onClosed: () => void closed++ });
    logins.closed('other');
    logins.closed('l');
    expect(closed).toBe(1);
    over.abort(new VaultError('CANCELLED', 'enough'));
    await expect(shown).rejects.toThrow('enough');
    await expect(logins.show(PAGE, { signal: over.signal })).rejects.toThrow('enough');
  });
});

describe('a device code', () => {
  it('is known from the moment it was asked for, in any spelling, for a quarter of an hour, also when its login is over', () => {
    let now = 0;
    const { logins } = watched(() => now);
    const over = new AbortController();
    void logins.show({ ...PAGE, opensTab: false }, { signal: over.signal });
    over.abort();
    for (const code of ['BCDF-GHJK', 'bcdfghjk', ' bcdf ghjk ']) expect(logins.isAsked(code)).toBe(true);
    for (const code of ['BCDF-GHJZ', '', '-', 'BCDF']) expect(logins.isAsked(code)).toBe(false);
    now = 15 * 60_000;
    expect(logins.isAsked('BCDF-GHJK')).toBe(false);
  });

  it('is checked for the browser, which hears of logins only after it has subscribed', async () => {
    const { browser, logins } = await browserOf();
    browser.send({ id: 1, action: 'subscribeLogins', params: {} });
    await browser.next();
    void logins.show({ ...PAGE, opensTab: false }, { signal: new AbortController().signal });
    expect(await browser.next()).toEqual({ event: 'login', ...PAGE, opensTab: false });
    for (const [id, userCode, isAsked] of [
      [2, 'BCDF-GHJK', true],
      [3, 'ZZZZ-ZZZZ', false],
    ] as const) {
      browser.send({ id, action: 'checkUserCode', params: { userCode } });
      expect(await browser.next()).toEqual({ id, ok: true, result: { isAsked } });
    }
    browser.send({ id: 4, action: 'checkUserCode', params: { userCode: '' } });
    const problem = 'params.userCode must be a string of 1 to 64 characters';
    expect(await browser.next()).toEqual(failure(4, 'BAD_MESSAGE', problem));
  });
});

describe('a login of a terminal', () => {
  const { requester: _, ...page } = PAGE;
  const REQUEST: ShowLoginRequest = { ...page, program: 'terraform', pid: 42 };
  const host = (pid: number) => {
    const { logins, news, stop } = watched();
    const { close } = listen(undefined, pid, undefined, logins);
    return { logins, news, stop, close };
  };
  const show = (request: ShowLoginRequest, signal: AbortSignal) =>
    showLogin(request, { stateDir: state.dir, env: process.env, signal });

  it('is shown by one browser, known to all of them, and over in all when the terminal lets go', async () => {
    const [one, two] = [host(process.pid), host(process.ppid)];
    const over = new AbortController();
    for (const { logins } of [one, two]) logins.onNews(() => logins.shown('l'));
    expect(await show(REQUEST, over.signal)).toEqual({ isShown: true });
    const begun = [...one.news, ...two.news].map((news) => news.event === 'login' && news.opensTab);
    expect(begun.sort()).toEqual([false, true]);
    expect(one.news[0]).toMatchObject({ requester: { source: 'terminal', program: 'terraform', pid: 42 } });
    for (const { logins } of [one, two]) expect(logins.isAsked('BCDF-GHJK')).toBe(true);
    over.abort();
    for (const { news } of [one, two]) await expect.poll(() => news.at(-1)?.event).toBe('loginOver');
  });

  it('goes to the host that comes after one that was restarted, which opens nothing anew', async () => {
    const first = host(process.pid);
    first.logins.onNews(() => first.logins.shown('l'));
    const over = new AbortController();
    await show(REQUEST, over.signal);
    first.close();
    const second = host(process.pid);
    await expect.poll(() => second.news, { timeout: 5_000 }).toMatchObject([{ loginId: 'l', opensTab: false }]);
    expect(second.logins.isAsked('BCDF-GHJK')).toBe(true);
    over.abort();
  });

  it('is not shown where no browser listens, and a browser that cannot says why', async () => {
    const { signal } = new AbortController();
    fs.mkdirSync(state.dir, { mode: 0o700 });
    expect(await show(REQUEST, signal)).toEqual({ isShown: false });
    const { logins, stop } = host(process.pid);
    stop();
    expect(await show(REQUEST, signal)).toEqual({ isShown: false });
    logins.onNews(() => logins.shown('l', { code: 'CONTAINERS_DISABLED', message: 'no containers' }));
    const problem = expect.objectContaining({ code: 'CONTAINERS_DISABLED', message: 'no containers' });
    expect(await show(REQUEST, signal)).toEqual({ isShown: false, problem });
    const evil = expect.objectContaining({ code: 'BAD_MESSAGE' });
    for (const url of ['javascript:alert(1)', 'http://example.com/', 'http://127.0.0.1.example.com/']) {
      expect(await show({ ...REQUEST, url }, signal)).toEqual({ isShown: false, problem: evil });
    }
  });
});
