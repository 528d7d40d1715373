import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { VaultError } from '../errors.ts';
import { METADATA_ADDRESS } from './metadata.ts';
import { type Control, readLines } from './metadata-control.ts';

export type ProxyOptions = {
  /** The metadata service's address, or a socket that already listens on it. */
  readonly listen: ListenOptions | { readonly fd: number };
  /** Where exec, and who stops the proxy, find it: a path or pipe that only the user can open. */
  readonly controlPath: string;
  /** Takes the address away again. */
  readonly restore: () => Promise<void>;
  /** The user whose programs may ask, besides root; undefined where the system does not tell whose a connection is. */
  readonly uid: number | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
};

/** A program that has asked goes; one that keeps its connection is not waited for longer than this. */
const IDLE_MS = 60_000;
const MAX_CONNECTIONS = 256;

/**
 * Leads the metadata service's address to the exec that serves it at the moment. Runs without root, and until it is stopped.
 * @throws VaultError PROCESS_FAILED
 */
export async function runProxy(options: ProxyOptions, onReady: () => void): Promise<void> {
  const proxy = new MetadataProxy(options);
  await proxy.start();
  onReady();
  await proxy.stopped;
}

/** The exec that the address leads to. */
type Target = { readonly socket: Socket; readonly path: string };

class MetadataProxy {
  readonly stopped: Promise<void>;
  private readonly options: ProxyOptions;
  private readonly front: Server;
  private readonly control: Server;
  private readonly sockets = new Set<Socket>();
  private readonly end = Promise.withResolvers<void>();
  private target: Target | undefined;
  private stopping: Promise<void> | undefined;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.stopped = this.end.promise;
    this.front = createServer((socket) => this.forward(socket));
    this.front.maxConnections = MAX_CONNECTIONS;
    this.control = createServer((socket) => this.command(socket));
  }

  async start(): Promise<void> {
    const { controlPath, listen, signal } = this.options;
    const isFile = process.platform !== 'win32';
    // Whoever listened here is gone: the address is ours alone.
    if (isFile) rmSync(controlPath, { force: true });
    await listening(this.control, { path: controlPath });
    if (isFile) chmodSync(controlPath, 0o600);
    await listening(this.front, listen);
    signal.addEventListener('abort', () => void this.stop());
    if (signal.aborted) void this.stop();
  }

  private forward(client: Socket): void {
    this.sockets.add(client);
    client.once('close', () => this.sockets.delete(client));
    client.on('error', () => client.destroy()); // it went away, or its exec did; either way there is nobody to tell
    client.setTimeout(IDLE_MS, () => client.destroy());
    const refusal = this.whyRefused(client);
    if (refusal !== undefined) return void client.end(refusal);
    const upstream = connect(this.target?.path ?? '');
    upstream.on('error', () => client.destroy()); // as above
    client.pipe(upstream).pipe(client);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.end());
  }

  private whyRefused(client: Socket): string | undefined {
    const { remoteAddress = '', remotePort = 0 } = client;
    // To ask this machine's own address, a program of this machine takes that address or loopback.
    if (remoteAddress !== METADATA_ADDRESS && !remoteAddress.startsWith('127.')) {
      return response('403 Forbidden', 'access denied from another machine');
    }
    const { uid } = this.options;
    const owner = uid === undefined ? 0 : connectionOwner(remoteAddress, remotePort);
    if (owner !== 0 && owner !== uid) return response('403 Forbidden', 'access denied for another user');
    return this.target === undefined
      ? response('503 Service Unavailable', 'no exec --ec2-server is running')
      : undefined;
  }

  private command(socket: Socket): void {
    socket.on('error', () => socket.destroy()); // who asked is gone
    const answer = (message: object): void => void socket.write(`${JSON.stringify(message)}\n`);
    readLines(socket, (line) => {
      const command = parse(line);
      if (command?.do === 'stop') {
        void this.stop().then(
          () => answer({ ok: true }),
          (error: unknown) => answer({ ok: false, message: error instanceof Error ? error.message : String(error) }),
        );
      } else if (command?.do === 'serve') answer(this.serve(socket, command));
      else answer({ ok: false, message: 'unknown command' });
    });
  }

  private serve(socket: Socket, { path, stopsAtEnd }: Extract<Control, { do: 'serve' }>): object {
    if (this.target !== undefined) return { ok: false, message: 'another exec --ec2-server of yours is running' };
    const target = { socket, path };
    this.target = target;
    socket.once('close', () => {
      if (this.target === target) this.target = undefined;
      // However exec ended, nobody is left who would stop it.
      if (stopsAtEnd) void this.stop();
    });
    return { ok: true };
  }

  /** Listens no more, then takes the address away: in this order nobody else's server can get a request meant for this one. */
  private stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    this.front.close();
    for (const socket of this.sockets) socket.destroy();
    try {
      await this.options.restore();
    } finally {
      this.control.close(); // removes its file; who asked for the stop still gets the answer
      // Ends once that answer is out.
      setTimeout(() => this.end.resolve(), 20);
    }
  }
}

function parse(line: string): Control | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('do' in value)) return undefined;
    if (value.do === 'stop') return { do: 'stop' };
    if (value.do !== 'serve' || !('path' in value) || typeof value.path !== 'string') return undefined;
    return { do: 'serve', path: value.path, stopsAtEnd: 'stopsAtEnd' in value && value.stopsAtEnd === true };
  } catch {
    return undefined; // answered as an unknown command
  }
}

function response(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

/**
 * The user whose program holds the other end of a connection of this machine, as Linux's table of connections says.
 * `undefined`: it is not there any more, or there is no such table.
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
export function connectionOwner(address: string, port: number, table = '/proc/net/tcp'): number | undefined {
  const bytes = address.split('.').map(Number).reverse();
  const local = `${bytes.map(hex).join('')}:${hex(port >> 8)}${hex(port & 255)}`;
  const remote = `${METADATA_ADDRESS.split('.').map(Number).reverse().map(hex).join('')}:0050`;
  for (const line of linesOf(table)) {
    const [, localAddress, remoteAddress, , , , , uid] = line.trim().split(/\s+/);
    if (localAddress === local && remoteAddress === remote) return Number(uid);
  }
  return undefined;
}

/** A table that cannot be read, with too many files open, says nothing: nobody is let in by it. */
function linesOf(table: string): string[] {
  try {
    return readFileSync(table, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

async function listening(server: Server, options: ProxyOptions['listen']): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = 'fd' in options ? 'the socket it was given' : (options.path ?? `${options.host}:${options.port}`);
      reject(new VaultError('PROCESS_FAILED', `cannot listen on ${where}: ${cause.code}`, { cause }));
    });
    server.listen(options, resolve);
  });
  server.on('error', () => undefined); // a connection that could not be accepted; the next one may
}
