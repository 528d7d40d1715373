import { DbusError } from './dbus-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The socket paths of the session bus in the order to try them (an abstract socket begins with NUL), and the address as the
 * user knows it, for messages.
 * @throws DbusError NoServer when the environment names no bus, or none on a Unix socket
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export function sessionBusSockets(env: Env): { readonly address: string; readonly paths: readonly string[] } {
  const runtimeDirectory = env.XDG_RUNTIME_DIR;
  const address = env.DBUS_SESSION_BUS_ADDRESS;
  if (address) {
    const paths = address.split(';').flatMap((one) => socketPath(one, runtimeDirectory) ?? []);
    if (paths.length > 0) return { address, paths };
    throw new DbusError('NoServer', `DBUS_SESSION_BUS_ADDRESS names no Unix socket: ${address}`);
  }
  if (!runtimeDirectory) throw new DbusError('NoServer', 'DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR are not set');
  const path = `${runtimeDirectory}/bus`;
  return { address: `unix:path=${path}`, paths: [path] };
}

function socketPath(address: string, runtimeDirectory: string | undefined): string | undefined {
  if (!address.startsWith('unix:')) return undefined;
  for (const pair of address.slice('unix:'.length).split(',')) {
    const [key, value = ''] = pair.split('=', 2);
    if (key === 'path') return unescapeValue(value);
    if (key === 'abstract') return `\0${unescapeValue(value)}`;
    if (key === 'runtime' && value === 'yes' && runtimeDirectory) return `${runtimeDirectory}/bus`;
  }
  return undefined;
}

function unescapeValue(value: string): string {
  if (!/%(?![0-9A-Fa-f]{2})/.test(value)) return decodeURIComponent(value);
  throw new DbusError('NoServer', `DBUS_SESSION_BUS_ADDRESS has a broken percent escape: ${value}`);
}
