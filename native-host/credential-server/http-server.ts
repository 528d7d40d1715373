import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { isIP, type ListenOptions } from 'node:net';
import { asVaultError, VaultError } from '../errors.ts';

export type Request = {
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
};

export type Answer = {
  readonly status: number;
  readonly contentType: 'application/json' | 'text/plain';
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type HttpServerOptions = {
  readonly listen: ListenOptions;
  /** Refuses a client by its address; absent where the address says nothing, as with a local socket. */
  readonly mayConnect?: (remoteAddress: string) => boolean;
  /** Values of the Host header that are let in: a page in a browser that found its way here sends another one. */
  readonly isOwnHost: (host: string) => boolean;
  readonly answer: (request: Request) => Promise<Answer>;
  /** What a refusal by address or Host looks like. */
  readonly refuse: (status: number, message: string) => Answer;
  /** A line per request for --debug: method, path and status, never a header. */
  readonly log: (line: string) => void;
};

export type HttpServer = { readonly server: Server; readonly close: () => void };

/** A request is a line and a few short headers, and its client is on this machine. */
const LIMITS = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5000 };

const MAX_CONNECTIONS = 256;

/**
 * A small HTTP server for programs of this machine: checks where a request comes from and whom it means to ask, and answers
 * every failure in the form its clients read.
 * @throws VaultError PROCESS_FAILED when it cannot listen there
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer(LIMITS, (request, response) => {
    request.resume(); // a body is not wanted, and must not keep the connection from its next request
    const { method = 'GET', url = '/' } = request;
    const path = url.split('?', 1)[0] ?? '/';
    void answerTo(request, { method, path }, options).then(({ status, contentType, body, headers }) => {
      options.log(`${method} ${JSON.stringify(path.slice(0, 200))}: ${status}`);
      const isHead = method === 'HEAD';
      const length = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
      response.writeHead(status, { ...length, 'Cache-Control': 'no-store', ...headers });
      response.end(isHead ? '' : body);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.listen);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(options.listen, cause);
  }
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { server, close };
}

async function answerTo(
  { headers, socket }: IncomingMessage,
  request: Pick<Request, 'method' | 'path'>,
  options: HttpServerOptions,
): Promise<Answer> {
  const { mayConnect, isOwnHost, refuse } = options;
  if (mayConnect !== undefined && !mayConnect(plainAddress(socket.remoteAddress))) {
    return refuse(403, `access denied from address ${plainAddress(socket.remoteAddress)}`);
  }
  const { host = '' } = headers;
  if (!isOwnHost(host)) return refuse(403, `access denied for host ${JSON.stringify(host.slice(0, 100))}`);
  try {
    return await options.answer({ ...request, headers });
  } catch (error) {
    return refuse(500, asVaultError(error).message);
  }
}

/** An IPv4 client of an IPv6 socket is `::ffff:127.0.0.1`. */
function plainAddress(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** Whether two secrets are the same, in a time that says nothing about where they differ or how long the right one is. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function cannotListen({ host, port, path }: ListenOptions, cause: unknown): VaultError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; choose another port, or leave it out for a free one',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'a port below 1024 needs root; choose a higher one',
  };
  // Port 0 stands for any that is free.
  const place = path ?? (port === 0 ? host : `${host}:${port}`);
  const message = `cannot serve credentials at ${place}: ${reasons[code] ?? code}`;
  return new VaultError('PROCESS_FAILED', message, { cause });
}
