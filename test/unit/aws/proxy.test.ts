import { expect, test } from 'vitest';
import { proxyFor } from '../../../native-host/aws/proxy.ts';

const STS = new URL('https://sts.eu-west-1.amazonaws.com/');
const PROXY = 'http://proxy.example.com:3128';

test('HTTPS_PROXY is for https and HTTP_PROXY for http, upper case before lower', () => {
  const http = new URL('http://sts.example.com/');
  const env = { HTTPS_PROXY: PROXY, https_proxy: 'http://lower:1', HTTP_PROXY: 'http://plain:2' };
  expect(proxyFor(STS, env)).toEqual({ url: `${PROXY}/`, host: 'proxy.example.com:3128', variable: 'HTTPS_PROXY' });
  expect(proxyFor(http, env)?.host).toBe('plain:2');
  expect(proxyFor(STS, { https_proxy: PROXY })?.variable).toBe('https_proxy');
  expect(proxyFor(STS, { HTTPS_PROXY: '', https_proxy: PROXY })?.variable).toBe('https_proxy');
  expect(proxyFor(STS, { HTTP_PROXY: PROXY })).toBeUndefined();
  expect(proxyFor(STS, { ALL_PROXY: PROXY, all_proxy: PROXY })).toBeUndefined();
  expect(proxyFor(STS, {})).toBeUndefined();
});

test('a proxy without a scheme is an http proxy', () => {
  expect(proxyFor(STS, { HTTPS_PROXY: 'proxy.example.com:3128' })?.url).toBe(`${PROXY}/`);
  expect(proxyFor(STS, { HTTPS_PROXY: 'ann:p%40ss@proxy:3128' })?.url).toBe('http://ann:p%40ss@proxy:3128/');
});

test.each([
  'socks5://proxy:1080',
  'http://',
  'http://ann:hunter2@pro xy:1',
  'http://ann:hunter2%zz@proxy:1',
  'http://a:b:c',
])('the proxy %j is refused by the name of its variable and without its password', (text) => {
  const choose = () => proxyFor(STS, { HTTPS_PROXY: text });
  expect(choose).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { flag: 'HTTPS_PROXY' } }));
  expect(choose).not.toThrow(/hunter2/);
});

test.each(['http://127.0.0.1:4566/', 'http://127.8.8.8/', 'https://localhost:1/', 'http://[::1]:4566/'])(
  'loopback %s is never asked through a proxy',
  (url) => {
    expect(proxyFor(new URL(url), { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY })).toBeUndefined();
  },
);

const HOST = 'https://sts.eu-west-1.amazonaws.com/';
test.each([
  ['*', HOST, true],
  ['amazonaws.com', HOST, true],
  ['.amazonaws.com', HOST, true],
  ['*.amazonaws.com', HOST, true],
  ['AMAZONAWS.COM', HOST, true],
  ['sts.eu-west-1.amazonaws.com', HOST, true],
  ['.sts.eu-west-1.amazonaws.com', HOST, false],
  ['sts.eu-west-1.amazonaws.com:443', HOST, true],
  ['sts.eu-west-1.amazonaws.com:8443', HOST, false],
  ['amazonaws.com:443', HOST, true],
  ['azonaws.com', HOST, false],
  ['example.com, amazonaws.com', HOST, true],
  ['example.com,,', HOST, false],
  ['', HOST, false],
  ['192.0.2.7', 'https://192.0.2.7/', true],
  ['192.0.2.7:444', 'https://192.0.2.7/', false],
  ['192.0.2.0/24', 'https://192.0.2.7/', true],
  ['192.0.2.0/30', 'https://192.0.2.7/', false],
  ['192.0.2.0/99', 'https://192.0.2.7/', false],
  ['192.0.2.0/24', HOST, false],
  ['2.7', 'https://192.0.2.7/', false],
  ['2001:db8::/32', 'https://[2001:db8::7]/', true],
  ['2001:db8::7', 'https://[2001:db8::7]/', true],
  ['[2001:db8::7]:443', 'https://[2001:db8::7]/', true],
  ['2001:db9::/32', 'https://[2001:db8::7]/', false],
])('NO_PROXY=%j and %s: bypassed is %s', (noProxy, url, isBypassed) => {
  expect(proxyFor(new URL(url), { HTTPS_PROXY: PROXY, NO_PROXY: noProxy }) === undefined).toBe(isBypassed);
  expect(proxyFor(new URL(url), { HTTPS_PROXY: PROXY, no_proxy: noProxy }) === undefined).toBe(isBypassed);
});
