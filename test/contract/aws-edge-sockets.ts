import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { asVaultError, type VaultError } from '../../native-host/errors.ts';

/** The servers that behave as AWS never does: portals, proxies and hosts that do not answer. */
export type Listening = AsyncDisposable & { readonly url: string; readonly port: number };

/** A server on loopback that goes away, with its connections, at the end of the test. */
export async function listening(server: Server, host = '127.0.0.1'): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A client that hangs up is what some of these tests are about.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, host), 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address of this form
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await promisify((done: () => void) => server.close(done))();
  };
  return { url: `http://${host}:${port}`, port, [Symbol.asyncDispose]: close };
}

/** Accepts connections and never says a word. */
export function silentServer(onConnection: () => void = () => undefined): Server {
  return createServer(onConnection);
}

/** How a call that must fail failed. */
export async function failureOf(call: Promise<unknown>): Promise<VaultError> {
  const [outcome] = await Promise.allSettled([call]);
  if (outcome?.status === 'rejected') return asVaultError(outcome.reason);
  throw new Error('the call was expected to fail');
}

export type ChildRun = { readonly stdout: string; readonly stderr: string };

/** A TypeScript module run by a Node of its own, in exactly this environment. */
export async function runChild(
  module: string,
  argument: string,
  env: Readonly<Record<string, string>>,
): Promise<ChildRun> {
  return promisify(execFile)(process.execPath, [module, argument], { env, timeout: 20_000 });
}
