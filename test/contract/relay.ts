import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Relay = { readonly chunks: readonly Buffer[]; close(): void };

/**
 * Listens on `path` and passes everything on to `target` and back, keeping a copy in `chunks`. With `isBytewise` the answers
 * come one byte at a time.
 */
export async function startRelay(path: string, target: string, isBytewise = false): Promise<Relay> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(target);
    sockets.push(client, upstream);
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      upstream.write(chunk);
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
