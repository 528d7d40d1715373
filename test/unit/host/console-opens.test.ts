import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConsoleOpens, type OpenNews } from '../../../native-host/console-opens.ts';
import { VaultError } from '../../../native-host/errors.ts';
import { terminalConsole } from '../../../native-host/terminal-console.ts';
import { callHost, hostAddresses } from '../../../native-host/user-socket-open.ts';
import { browserOf, failure } from './browser-end.ts';
import { useHosts } from './use-hosts.ts';

const { state, listen } = useHosts();
const PARAMS = { profile: 'work', plan: 'p', destination: 'https://console.aws.amazon.com/' };
const signal = new AbortController().signal;

/** A host of Firefox in this process, and the news its extension gets. */
function host(opens = new ConsoleOpens()) {
  const news: OpenNews[] = [];
  const heard = Promise.withResolvers<OpenNews>();
  const stop = opens.onOpen((one) => {
    news.push(one);
    heard.resolve(one);
  });
  const { address } = listen(undefined, process.pid, opens);
  return { opens, news, heard: heard.promise, stop, address };
}

const open = (address: string, params: object = PARAMS, options: object = {}) =>
  callHost(address, { action: 'openConsole', params }, { stateDir: state.dir, env: process.env, signal, ...options });

describe('a console that a terminal wants opened', () => {
  it('is told to the extension without any URL, and the terminal hears when it is open', async () => {
    const { opens, heard, address } = host();
    const answer = open(address, { ...PARAMS, consoleSeconds: 7200, browser: 'firefox' });
    const { openId, ...rest } = await heard;
    expect(rest).toEqual({ kind: 'console', profile: 'work' });
    const { intent, note } = opens.wanted(openId);
    expect(intent).toMatchObject({ request: { path: PARAMS.destination, consoleSeconds: 7200, noSession: false } });
    note({ isDurationIgnored: true });
    opens.finish(openId);
    expect(await answer).toEqual({ outcome: 'opened', isDurationIgnored: true });
    expect(() => opens.wanted(openId)).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });

  it('fails in the terminal with what the extension could not do', async () => {
    const { opens, heard, address } = host();
    const answer = open(address);
    opens.finish((await heard).openId, { code: 'CONTAINERS_DISABLED', message: 'no containers' });
    await expect(answer).rejects.toMatchObject({ code: 'CONTAINERS_DISABLED', message: 'no containers' });
  });

  it('is withdrawn when the terminal is interrupted, and its URL is no longer given', async () => {
    const { opens, heard, address } = host();
    const interrupt = new AbortController();
    const answer = open(address, PARAMS, { signal: interrupt.signal });
    const { openId } = await heard;
    const { signal: withdrawn } = opens.wanted(openId);
    interrupt.abort(new VaultError('CANCELLED', 'cancelled by SIGINT'));
    await expect(answer).rejects.toThrow('cancelled by SIGINT');
    await expect.poll(() => withdrawn.aborted).toBe(true);
    expect(() => opens.wanted(openId)).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    opens.finish(openId);
  });

  it('ends after its time', async () => {
    const { heard, address } = host();
    const answer = open(address, PARAMS, { timeoutMs: 100 });
    await heard;
    await expect(answer).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('--browser default'),
    });
  });

  it('is not opened where other settings lead to other credentials', async () => {
    const { news, address } = host();
    expect(await open(address, { ...PARAMS, plan: 'q' })).toEqual({ outcome: 'otherSettings' });
    expect(news).toEqual([]);
  });

  it('is not opened by a host whose own config cannot make anything of the profile', async () => {
    const opens = new ConsoleOpens();
    opens.onOpen(() => undefined);
    const vault = { consolePlan: () => Promise.reject(new VaultError('PROFILE_NOT_FOUND', 'no such profile')) };
    const console = terminalConsole({ vault, opens, family: 'firefox' });
    expect(await console.openConsole(PARAMS, signal)).toEqual({ outcome: 'otherSettings' });
  });

  it('is left to others by a browser of another kind, by one whose extension cannot, and by one that is gone', async () => {
    const { news, stop, address } = host();
    expect(await open(address, { ...PARAMS, browser: 'chromium' })).toBeUndefined();
    stop();
    expect(await open(address)).toBeUndefined();
    expect(await open(`${address}-gone`)).toBeUndefined();
    expect(news).toEqual([]);
  });

  it.each([
    [{ ...PARAMS, url: 'https://signin.aws.amazon.com/' }, 'params has a key nobody knows: "url"'],
    [{ ...PARAMS, roleArn: 'arn:aws:iam::1:role/x' }, 'params has a key nobody knows: "roleArn"'],
    [{ ...PARAMS, noSession: 'no' }, 'params.noSession must be true or false'],
    [{ ...PARAMS, browser: 'lynx' }, 'params.browser must be "firefox" or "chromium"'],
    [{ ...PARAMS, durationSeconds: -1 }, 'params.durationSeconds must be a whole number from 1 to 129600'],
    [{ profile: 'work' }, 'params.plan must be a string of 1 to 64 characters'],
  ])('cannot be described by %j', async (params, message) => {
    const { news, address } = host();
    await expect(open(address, params)).rejects.toMatchObject({ code: 'BAD_MESSAGE', message });
    expect(news).toEqual([]);
  });
});

describe('the hosts of a user', () => {
  it('are none before the first one ran', () => {
    expect(hostAddresses({ stateDir: state.dir, env: process.env })).toEqual([]);
  });

  it('are found the newest first', () => {
    const addresses = [99, 100, 101].map((pid) => listen(undefined, pid).address);
    const [oldest = '', newest = '', middle = ''] = addresses;
    fs.utimesSync(oldest, 1000, 1000);
    fs.utimesSync(newest, 3000, 3000);
    fs.utimesSync(middle, 2000, 2000);
    expect(hostAddresses({ stateDir: state.dir, env: process.env })).toEqual([newest, middle, oldest]);
  });
});

describe('an extension', () => {
  it('hears of what is to be opened once it has subscribed, gets the URL by its id, and says when it is done', async () => {
    const asked: unknown[] = [];
    const { browser, opens } = await browserOf({
      openUrl: async (params) => {
        asked.push(params);
        return { url: 'https://example.com/' };
      },
    });
    const intent = { kind: 'signOut', profile: 'work' } as const;
    await expect(opens.open(intent, signal)).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
    browser.send({ id: 1, action: 'subscribeOpens', params: {} });
    expect(await browser.next()).toEqual({ id: 1, ok: true, result: {} });
    const opened = opens.open(intent, signal);
    const event = await browser.next();
    expect(event).toEqual({ event: 'open', openId: expect.any(String), ...intent });
    const { openId } = event as OpenNews; // its shape was just compared
    browser.send({ id: 2, action: 'openUrl', params: { openId } });
    expect(await browser.next()).toEqual({ id: 2, ok: true, result: { url: 'https://example.com/' } });
    expect(asked).toEqual([{ openId }]);
    browser.send({ id: 3, action: 'finishOpen', params: { openId } });
    expect(await browser.next()).toEqual({ id: 3, ok: true, result: {} });
    expect(await opened).toEqual({});
    browser.stop.abort();
    await browser.ended;
    expect(opens.isWatched).toBe(false);
  });

  it.each([
    ['openUrl', { openId: 'x', profile: 'work' }, 'params has a key nobody knows: "profile"'],
    ['finishOpen', {}, 'params.openId must be a string of 1 to 64 characters'],
    ['finishOpen', { openId: 'x', error: {} }, 'params.error.code must be "INTERNAL" or'],
  ])('cannot ask %s with %j', async (action, params, message) => {
    const { browser } = await browserOf();
    browser.send({ id: 1, action, params });
    expect(await browser.next()).toEqual(failure(1, 'BAD_MESSAGE', expect.stringContaining(message)));
  });
});
