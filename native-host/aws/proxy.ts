import { BlockList, isIP, isIPv6 } from 'node:net';
import { VaultError } from '../errors.ts';
import type { Env } from './profile.ts';

/** A proxy and the variable that named it; `url` may hold a password and goes into no message. */
export type HttpProxy = { readonly url: string; readonly host: string; readonly variable: string };

/**
 * The proxy for a URL by the rules of Go's programs, aws-vault among them: HTTPS_PROXY for https, HTTP_PROXY for http,
 * upper case before lower, `http://` when no scheme is given, none for loopback or for what NO_PROXY lists. ALL_PROXY
 * counts for nothing, as in Go and in the AWS CLI.
 * @throws VaultError CONFIG_INVALID for a proxy that is no http or https URL, naming the variable
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function proxyFor(url: URL, env: Env): HttpProxy | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const variable = env[name] ? name : name.toLowerCase();
  const text = env[variable]?.trim();
  if (!text || isBypassed(url, env.NO_PROXY || env.no_proxy || '')) return undefined;
  const proxy = proxyUrl(text, variable);
  return { url: proxy.href, host: proxy.host, variable };
}

function proxyUrl(text: string, variable: string): URL {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.hostname && isDecodable(url)) return url;
  const message = `${variable} must be an http or https URL such as http://proxy.example.com:3128; correct or unset it`;
  throw new VaultError('CONFIG_INVALID', message, { details: { flag: variable } });
}

function isDecodable({ username, password }: URL): boolean {
  return !/%(?![0-9a-f]{2})/i.test(username + password);
}

function isBypassed(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  if (isLoopback(host)) return true;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy.split(',').some((entry) => covers(entry.trim().toLowerCase(), host, port));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether one NO_PROXY entry (`*`, host, `.suffix`, `*.suffix`, address, CIDR block, each with an optional port) covers a host. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  if (entry.includes('/')) return isInBlock(host, entry);
  const { name, onlyPort } = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host;
  const suffix = name.replace(/^\*(?=\.)/, '');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): { name: string; onlyPort: string | undefined } {
  if (isIPv6(entry)) return { name: entry, onlyPort: undefined };
  const [, name = entry, onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return { name: name.replace(/^\[|\]$/g, ''), onlyPort };
}

function isInBlock(host: string, entry: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const isBlock = isIP(network) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 'ipv6' ? 128 : 32);
  if (!isBlock || isIP(host) === 0) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(bits), family);
  return block.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
