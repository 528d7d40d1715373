/** Inside a network namespace: leads PORT of its loopback to a socket file, whose other end is outside. */
import net from 'node:net';

const [port = '', target = ''] = process.argv.slice(2);
const server = net.createServer((client) => {
  const upstream = net.connect(target);
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
