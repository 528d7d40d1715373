import fs from 'node:fs';
import net from 'node:net';
import { asVaultError, VaultError } from './errors.ts';
import { MessageClient } from './message-client.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { checkPrivateDirectory, type PlaceOptions, socketPlace } from './user-socket-place.ts';
import { VERSION } from './version.ts';

export type BrowserFamily = 'firefox' | 'chromium';

/** What `login` would do by itself, for a browser to do. */
export type OpenConsoleRequest = {
  readonly profile: string;
  /** Tells what the credentials are made of (Vault.consolePlan): a host that comes to another one must not open anything. */
  readonly plan: string;
  /** The whole address of the console page. */
  readonly destination: string;
  readonly browser?: BrowserFamily;
  readonly region?: string;
  readonly durationSeconds?: number;
  readonly consoleSeconds?: number;
  readonly noSession?: boolean;
  readonly signsOutFirst?: boolean;
};

export type SignOutRequest = { readonly profile: string; readonly browser?: BrowserFamily };

/** `otherSettings`: the host's environment leads to other credentials than the terminal's, so nothing was opened. */
export type OpenConsoleAnswer =
  | { readonly outcome: 'opened'; readonly unusedMfaSerial?: string; readonly isDurationIgnored?: boolean }
  | { readonly outcome: 'otherSettings' };

export type HostOptions = PlaceOptions & { readonly signal: AbortSignal; readonly timeoutMs?: number };

/** Somebody may have to type a passphrase in the popup first. */
const TIMEOUT_MS = 3 * 60_000;
/** A host answers hello in a millisecond; one that is stopped in a debugger never does. */
const HELLO_MS = 3_000;

/**
 * Where hosts listen, or have listened, the one that was started last first.
 * @throws VaultError CONFIG_INVALID when the sockets' directory is not private
 */
export function hostAddresses(options: PlaceOptions): string[] {
  const place = socketPlace(options);
  if (place.dir === undefined) return place.list();
  checkPrivateDirectory(place.dir, options.uid);
  const startedAt = (address: string) => fs.statSync(address, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return place.list().sort((a, b) => startedAt(b) - startedAt(a));
}

/**
 * One call to the host at `address`; undefined where none answers, or it cannot do this: it is gone, older than this action, or
 * no extension listens there.
 * @throws VaultError what the host or the extension failed with, TIMEOUT, and the reason of `signal`
 */
export async function callHost(
  address: string,
  call: { readonly action: 'openConsole' | 'signOut'; readonly params: object },
  { signal, timeoutMs = TIMEOUT_MS }: HostOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  signal.throwIfAborted();
  const socket = net.connect(address);
  socket.on('error', () => undefined); // the client below tells it as a closed connection
  const client = new MessageClient(socket, socket);
  try {
    const capabilities = await within(HELLO_MS, signal, capabilitiesOf(client));
    if (!capabilities.includes('open-console')) return undefined;
    return await within(timeoutMs, signal, client.call(call.action, call.params));
  } catch (error) {
    const failure = signal.aborted ? signal.reason : asVaultError(error);
    const isElsewhere = ['HOST_GONE', 'BROWSER_NOT_CONNECTED', 'VERSION_MISMATCH'].includes(failure.code);
    if (isElsewhere) return undefined;
    throw failure;
  } finally {
    // The host takes a closed connection for a withdrawn wish.
    socket.destroy();
  }
}

/** Says hello, and hears what the host can do. */
export async function capabilitiesOf(client: MessageClient): Promise<readonly unknown[]> {
  const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
  const { capabilities } = await client.call('hello', { protocol, extensionVersion: VERSION });
  return Array.isArray(capabilities) ? capabilities : [];
}

async function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const late = new VaultError(
    ms === HELLO_MS ? 'HOST_GONE' : 'TIMEOUT',
    `the browser did not open it within ${ms / 1000} s; run the command again, or use --browser default`,
  );
  const timer = setTimeout(() => over.reject(late), ms);
  const stop = () => over.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
