import fs from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Whether another user of this machine made a loopback connection to us. Known on Linux only, where the kernel lists every
 * connection with its owner; what cannot be told is no. Root may be a relay for the browser's own system (WSL), and can
 * read our memory anyway.
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
export function isOtherUser(socket: Socket): boolean {
  const { localPort, remotePort } = socket;
  const own = process.getuid?.();
  if (own === undefined || localPort === undefined || remotePort === undefined) return false;
  const uid = ownerOf(`${hostPort(remotePort)} ${hostPort(localPort)}`);
  return uid !== undefined && uid !== own && uid !== 0;
}

/** 127.0.0.1 in the kernel's byte order, which is that of every machine Node runs on but one. */
function hostPort(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

function ownerOf(connection: string): number | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/net/tcp', 'utf8');
  } catch {
    return undefined; // another system, or no /proc here
  }
  const line = table.split('\n').find((one) => one.includes(` ${connection} `));
  const uid = Number(line?.trim().split(/\s+/)[7]);
  return Number.isInteger(uid) ? uid : undefined;
}
