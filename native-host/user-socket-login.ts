import net from 'node:net';
import { asVaultError, type VaultError } from './errors.ts';
import { MessageClient } from './message-client.ts';
import type { LoginPage } from './protocol.ts';
import { type BrowserFamily, capabilitiesOf, hostAddresses } from './user-socket-open.ts';
import type { PlaceOptions } from './user-socket-place.ts';

/** The page of a terminal's login, for a browser to show. */
export type ShowLoginRequest = Omit<LoginPage, 'requester'> & {
  readonly program: string;
  readonly parent?: string;
  readonly pid: number;
  readonly browser?: BrowserFamily;
};

export type ShowLoginOptions = PlaceOptions & {
  /** Aborted when the login is over: its tab is closed then. */
  readonly signal: AbortSignal;
};

export type ShowLoginOutcome = {
  readonly isShown: boolean;
  /** Why a browser that was there did not. */
  readonly problem?: VaultError;
};

/** Firefox first, because only there an organisation has a container of its own. */
const FAMILIES: readonly BrowserFamily[] = ['firefox', 'chromium'];
/** A tab is open in a fraction of a second; a host that is stopped in a debugger never answers. */
const ANSWER_MS = 10_000;
const LOOK_MS = 1_000;

/**
 * Has one running browser show the page of a login, unless `opensTab` is false, and makes the login's code known to all of
 * them, those that come later too, until `signal` is aborted.
 * @throws VaultError CONFIG_INVALID when the sockets' directory is not private, and the reason of `signal`
 */
export async function showLogin(request: ShowLoginRequest, options: ShowLoginOptions): Promise<ShowLoginOutcome> {
  const { signal } = options;
  signal.throwIfAborted();
  const known = new Map<string, net.Socket>();
  const look = async (wish: ShowLoginRequest): Promise<ShowLoginOutcome> => {
    const fresh = hostAddresses(options).filter((address) => !known.has(address));
    const hosts = await Promise.all(fresh.map((address) => reach(address, known)));
    return offer(
      wish,
      hosts.filter((host) => host !== undefined),
    );
  };
  // A host that is gone may be replaced by the next one of the same browser, which has the tab and not the code.
  const timer = setInterval(() => {
    look({ ...request, opensTab: false }).catch(() => undefined); // seen again in a second
  }, LOOK_MS);
  const over = () => {
    clearInterval(timer);
    for (const socket of known.values()) socket.destroy();
  };
  signal.addEventListener('abort', over, { once: true });
  const outcome = await look(request);
  signal.throwIfAborted();
  return outcome;
}

type Host = { readonly client: MessageClient; readonly socket: net.Socket };

/** A host that knows logins; undefined where none answers. */
async function reach(address: string, known: Map<string, net.Socket>): Promise<Host | undefined> {
  const socket = net.connect(address);
  known.set(address, socket);
  socket.on('error', () => undefined); // the client below tells it as a closed connection
  socket.once('close', () => known.delete(address));
  const client = new MessageClient(socket, socket);
  try {
    const capabilities = await inTime(socket, capabilitiesOf(client));
    if (capabilities.includes('logins')) return { client, socket };
  } catch {
    socket.destroy(); // gone, or not one of ours
  }
  return undefined;
}

/** Gives the login to every host; the first one that can shows it. */
async function offer(request: ShowLoginRequest, hosts: readonly Host[]): Promise<ShowLoginOutcome> {
  let isShown = false;
  let problem: VaultError | undefined;
  for (const browser of FAMILIES) {
    for (const { client, socket } of hosts) {
      const opensTab: boolean = request.opensTab && !isShown;
      try {
        await inTime(socket, client.call('showLogin', { ...request, opensTab, browser }));
        isShown ||= opensTab;
      } catch (error) {
        const failure = asVaultError(error);
        if (failure.code !== 'BROWSER_NOT_CONNECTED' && failure.code !== 'HOST_GONE') problem ??= failure;
      }
    }
  }
  return { isShown, ...(problem !== undefined && !isShown && { problem }) };
}

/** A connection that does not answer is given up. */
function inTime<T>(socket: net.Socket, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => socket.destroy(), ANSWER_MS);
  return work.finally(() => clearTimeout(timer));
}
