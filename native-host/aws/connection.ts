import { type Agent, type ClientRequest, type IncomingMessage, request as openHttp } from 'node:http';
import { VaultError } from '../errors.ts';
import { agentFor, type Pool, poolOf, widenTrust } from './connection-pool.ts';
import { networkError } from './network-error.ts';
import type { Env } from './profile.ts';
import { type HttpProxy, proxyFor } from './proxy.ts';

export type Route = { readonly env: Env; readonly caBundle?: string | undefined; readonly signal: AbortSignal };

export type HttpRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
};

export type HttpAnswer = {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
};

/** Name look-up, TCP, proxy tunnel, TLS and the request on its way. */
const CONNECT_TIMEOUT_MS = 5_000;
/** The whole exchange, answer included. */
const REQUEST_TIMEOUT_MS = 30_000;
/** AWS's answers here are a few kilobytes; what is longer is not AWS. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * One HTTP exchange by the user's proxy and certificate settings, which come from `env` alone. Redirects are answers like
 * any other. Names in errors are hosts, never paths: a sign-in path holds credentials.
 * @throws VaultError AWS_UNREACHABLE (its cause is what the socket said), CONFIG_INVALID, CANCELLED
 */
export async function send(request: HttpRequest, route: Route): Promise<HttpAnswer> {
  const proxy = proxyFor(request.url, route.env);
  const pool = poolOf(route.env, route.caBundle);
  const wasWhole = pool.whole !== undefined;
  try {
    return await sendOnce(request, pool, proxy, route.signal).catch((error: unknown) => {
      // No byte of the request has left yet: the handshake failed.
      if (wasWhole || !isUnknownAuthority(error) || !widenTrust(pool)) throw error;
      return sendOnce(request, pool, proxy, route.signal);
    });
  } catch (error) {
    throw asVaultError(error, request, route, proxy);
  }
}

function asVaultError(
  error: unknown,
  request: HttpRequest,
  { signal }: Route,
  proxy: HttpProxy | undefined,
): VaultError {
  if (signal.aborted) return new VaultError('CANCELLED', 'the call to AWS was cancelled');
  if (error instanceof VaultError) return error;
  return networkError(error, { host: request.url.host, proxy });
}

const UNKNOWN_AUTHORITY = [
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
];

function isUnknownAuthority(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNKNOWN_AUTHORITY.includes(String(error.code));
}

async function sendOnce(
  request: HttpRequest,
  pool: Pool,
  proxy: HttpProxy | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const answer = await exchange(request, agentFor(pool, request.url, proxy), signal);
  // A connection kept from the last call may have been closed by the other side meanwhile: that says nothing about AWS.
  return answer === 'stale' ? sendOnce(request, pool, proxy, signal) : answer;
}

async function exchange(request: HttpRequest, agent: Agent, signal: AbortSignal): Promise<HttpAnswer | 'stale'> {
  const { method, url, headers, body } = request;
  // TLS is not loaded before it is needed: a host that has loaded it is 4 MB larger.
  const open = url.protocol === 'https:' ? process.getBuiltinModule('node:https').request : openHttp;
  const outgoing = open(url, { method, headers, agent });
  const limits = limitsOf(outgoing, signal);
  try {
    return await Promise.race([limits.exceeded, converse(outgoing, body)]);
  } catch (error) {
    const isReset =
      error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    if (isReset && outgoing.reusedSocket) return 'stale';
    throw error;
  } finally {
    limits.lift();
  }
}

async function converse(outgoing: ClientRequest, body: string | Uint8Array | undefined): Promise<HttpAnswer> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    // Stays for good: after the answer began the answer tells of an error, but a listener must be here too.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  return {
    statusCode: incoming.statusCode ?? 0,
    reason: incoming.statusMessage ?? '',
    headers: joinedHeaders(incoming),
    body: await bodyOf(incoming),
  };
}

/**
 * Ends a request at its time limits and when the caller aborts. Beside the conversation and not inside it, because a request
 * that is destroyed while its proxy tunnel is being dug says nothing until the tunnel is done.
 */
function limitsOf(outgoing: ClientRequest, signal: AbortSignal): { exceeded: Promise<never>; lift: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (error: Error): void => {
    reject(error);
    outgoing.destroy();
  };
  const expire = (ms: number, what: string): NodeJS.Timeout =>
    setTimeout(() => end(Object.assign(new Error(`${what} within ${ms / 1000} s`), { code: 'ETIMEDOUT' })), ms);
  const connecting = expire(CONNECT_TIMEOUT_MS, 'no connection');
  const whole = expire(REQUEST_TIMEOUT_MS, 'no answer');
  const abort = (): void => end(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  outgoing.on('finish', () => clearTimeout(connecting));
  const lift = (): void => {
    clearTimeout(connecting);
    clearTimeout(whole);
    signal.removeEventListener('abort', abort);
  };
  return { exceeded: promise, lift };
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    // no encoding is set on it, so these are bytes
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function joinedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}
