import { VaultError } from '../errors.ts';
import type { HttpProxy } from './proxy.ts';

export type Destination = { readonly host: string; readonly proxy: HttpProxy | undefined };

const NOT_TRUSTED =
  'the certificate is not trusted: if your company inspects TLS, set AWS_CA_BUNDLE to a PEM file with its CA certificate';
const WRONG_TIME = "the certificate is not valid at this machine's time: check its clock, or AWS_CA_BUNDLE";

/** What the socket, name look-up or TLS said -> what it means and what to do. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host: check the region and the network',
  EAI_AGAIN: 'the name could not be looked up: check the network',
  ECONNREFUSED: 'the connection was refused: check the endpoint',
  ECONNRESET: 'the connection was closed: try again',
  EPIPE: 'the connection was closed: try again',
  EHOSTUNREACH: 'there is no way to that host: check the network',
  ENETUNREACH: 'there is no network: check the connection',
  EPROTO: 'it does not speak TLS there: check the endpoint and the proxy',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there: check the endpoint and the proxy',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there: check the endpoint and the proxy',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host: check the endpoint and the proxy',
  CERT_HAS_EXPIRED: WRONG_TIME,
  CERT_NOT_YET_VALID: WRONG_TIME,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
};

/** A failed connection as AWS_UNREACHABLE: the host, the proxy if one was used (without its password), and the way out. */
export function networkError(error: unknown, { host, proxy }: Destination): VaultError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const said =
    error instanceof Error
      ? error.message
          .replace(/[^\x20-\x7e]+/g, ' ')
          .trim()
          .slice(0, 300)
      : String(error);
  const means = remedy(code, said, proxy);
  const through = proxy ? ` through the proxy ${proxy.host} of ${proxy.variable}` : '';
  // Its text and code only: a parser's error, for one, carries the bytes that came, which may hold a token. The SDK tells
  // by the code whether to try again.
  const cause = Object.assign(new Error(said), { code });
  return new VaultError('AWS_UNREACHABLE', `cannot reach ${host}${through}${code && ` (${code})`}, ${means}`, {
    cause,
  });
}

function remedy(code: string, said: string, proxy: HttpProxy | undefined): string {
  if (code === 'ERR_PROXY_TUNNEL') {
    const answer = /HTTP\/1\.\d (.+)$/.exec(said)?.[1];
    const refusal = answer === undefined ? 'the proxy did not connect' : `the proxy answered ${answer}`;
    return `${refusal}: check ${proxy?.variable ?? 'the proxy'} and NO_PROXY`;
  }
  const known = REMEDIES[code] ?? `${said || 'the connection failed'}: check the network`;
  return proxy && code.startsWith('E') ? `${known}, or ${proxy.variable} and NO_PROXY` : known;
}
