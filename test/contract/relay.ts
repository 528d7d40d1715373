import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Relay = { readonly chunks: readonly Buffer[]; close(): void };

type RelayOptions = {
  /** The answers come one byte at a time. */
  readonly isBytewise?: boolean;
  /** What becomes of that which the client sends. */
  readonly rewrite?: (chunk: Buffer) => Buffer;
};

/** Listens on `path` and passes everything on to `target` and back, keeping a copy in `chunks`. */
export async function startRelay(path: string, target: string, options: RelayOptions = {}): Promise<Relay> {
  const { isBytewise = false, rewrite = (chunk: Buffer) => chunk } = options;
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(target);
    sockets.push(client, upstream);
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      upstream.write(rewrite(chunk));
    });
    upstream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (!isBytewise) client.write(chunk);
      else for (const byte of chunk) client.write(Buffer.of(byte));
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { chunks, close };
}
