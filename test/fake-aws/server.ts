import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AwsError } from './aws-error.ts';
import { consoleOperation } from './console.ts';
import type { Faults } from './faults.ts';
import { federationOperation } from './federation.ts';
import { isAwsHost, placeOf } from './hosts.ts';
import { loginOperation } from './login.ts';
import { frontDoor, queryOperation } from './query-api.ts';
import type { Answer, Operation, Request } from './request.ts';
import { s3Operation } from './s3.ts';
import { parseAuthorization } from './sigv4.ts';
import { ssoDeviceOperation } from './sso-device-page.ts';
import { oidcOperation } from './sso-oidc.ts';
import { ssoPageOperation } from './sso-pages.ts';
import { portalOperation } from './sso-portal.ts';
import type { State } from './state.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
/** What browsers fetch on their own account. */
const NOISE = /^\/(?:favicon\.ico|robots\.txt|apple-touch-icon[\w-]*\.png|\.well-known\/.*)$/;

export type TlsOptions = {
  /** PEM. */
  readonly key: string;
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly port?: number;
};

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > BODY_LIMIT_BYTES) throw new AwsError(413, 'RequestEntityTooLarge', 'The request is over 1 MiB.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function readRequest(message: IncomingMessage, isTls: boolean): Promise<Request> {
  const body = await readBody(message);
  const headers = Object.fromEntries(
    Object.entries(message.headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')]),
  );
  const [path = '/', ...rest] = (message.url ?? '/').split('?');
  const rawQuery = rest.join('?');
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const host = headers.host ?? '';
  return {
    method: message.method ?? 'GET',
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    form: new URLSearchParams(isForm ? body.toString('utf8') : ''),
    headers,
    body,
    host,
    place: placeOf(host),
    isTls,
  };
}

function operationOf(state: State, request: Request): Operation | undefined {
  return (
    queryOperation(state, request) ??
    s3Operation(state, request) ??
    oidcOperation(state, request) ??
    portalOperation(state, request) ??
    ssoPageOperation(state, request) ??
    ssoDeviceOperation(state, request) ??
    loginOperation(state, request) ??
    federationOperation(state, request) ??
    consoleOperation(state, request) ??
    frontDoor(request)
  );
}

function send(state: State, response: ServerResponse, { status, headers, body }: Answer): void {
  // The clock of the service, not of the machine: clients measure their own skew by it.
  response.writeHead(status, {
    date: state.now().toUTCString(),
    ...headers,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function perform(operation: Operation, faults: Faults): Answer {
  try {
    faults.throwIfDue(operation.name);
    return operation.run();
  } catch (error) {
    if (error instanceof AwsError) return operation.refuse(error);
    throw error;
  }
}

/** Answers a known operation. `undefined`: the connection is to be cut. */
async function answer(operation: Operation, faults: Faults): Promise<Answer | undefined> {
  await faults.pause(operation.name);
  if (faults.isCut(operation.name, 'before')) return undefined;
  const done = perform(operation, faults);
  return faults.isCut(operation.name, 'after') ? undefined : done;
}

function plainAnswer(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

function unexpected(state: State, { method, host, path }: Request, reason: string): Answer {
  state.unexpectedCalls.push({ method, host, path, reason });
  return plainAnswer(501, `The AWS sandbox does not do this: ${reason}.\n`);
}

async function serve(state: State, faults: Faults, request: Request): Promise<Answer | undefined> {
  const operation = NOISE.test(request.path) ? undefined : operationOf(state, request);
  if (operation === undefined) {
    if (request.method === 'GET' && NOISE.test(request.path)) return plainAnswer(404, 'Not here.\n');
    return unexpected(state, request, `no such operation (${request.form.get('Action') ?? 'no action'})`);
  }
  const { service, name, parameters, accessKeyId } = operation;
  const result = await answer(operation, faults);
  state.calls.push({
    service,
    operation: name,
    accessKeyId,
    signedRegion: parseAuthorization(request.headers.authorization ?? '')?.region,
    parameters,
    at: state.now(),
    host: request.host,
    userAgent: request.headers['user-agent'] ?? '',
    status: result?.status ?? 0,
  });
  return result;
}

function listener(state: State, faults: Faults, isTls: boolean): RequestListener {
  const respond = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const result = await serve(state, faults, await readRequest(message, isTls));
    if (result === undefined) response.destroy();
    else send(state, response, result);
  };
  return (message, response) => {
    respond(message, response).catch((error: unknown) => {
      // A defect of the sandbox, or a client that went away while it was talking: the test has to hear of the first.
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (!message.destroyed || message.complete) {
        const { method = '', url = '', headers } = message;
        state.unexpectedCalls.push({ method, host: headers.host ?? '', path: url.split('?', 1)[0] ?? '', reason });
      }
      response.destroy();
    });
  };
}

function refuseTunnel(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}

/** Makes an HTTP proxy of the server: `CONNECT host:443` of an AWS host leads to its own TLS listener, others nowhere. */
function acceptTunnels(state: State, server: Server, tlsPort: number | undefined, sockets: Set<Duplex>): void {
  server.on('connect', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = message.url ?? '';
    const [host = '', port] = target.split(':');
    const isAllowed = tlsPort !== undefined && port === '443' && isAwsHost(host);
    state.connects.push({ target, isAllowed });
    // A client that hangs up in the middle is none of the sandbox's business; without a listener it would end the test.
    socket.on('error', () => socket.destroy());
    if (!isAllowed) {
      refuseTunnel(socket, '403 Forbidden');
      return;
    }
    const upstream = connect(tlsPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    sockets.add(socket).add(upstream);
  });
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  server.off('error', reject);
  return (server.address() as AddressInfo).port; // a listening TCP server has an address of this form
}

export type Listeners = {
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly close: () => Promise<void>;
};

/** Starts to listen on 127.0.0.1: HTTP and proxy on one port, HTTPS (if there is a certificate) on another. */
export async function startListeners(
  state: State,
  faults: Faults,
  options: { readonly port: number; readonly tls: TlsOptions | undefined },
): Promise<Listeners> {
  const sockets = new Set<Duplex>();
  const servers: Server[] = [];
  const track = (server: Server): Server => {
    servers.push(server);
    return server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
  };
  const { tls } = options;
  const tlsPort =
    tls === undefined
      ? undefined
      : await listen(
          track(createHttpsServer({ key: tls.key, cert: tls.cert }, listener(state, faults, true))),
          tls.port ?? 0,
        );
  const http = track(createHttpServer(listener(state, faults, false)));
  acceptTunnels(state, http, tlsPort, sockets);
  const port = await listen(http, options.port);
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  return { port, tlsPort, close };
}
