import { asVaultError, VaultError } from './errors.ts';
import type { CachedSessionRequest } from './host-session.ts';
import { MessageClient } from './message-client.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { checkPrivateDirectory, type PlaceOptions, socketPlace } from './user-socket-place.ts';
import { VERSION } from './version.ts';

/** What a terminal asks of hosts that may hold an unlocked vault. */
export type HostQuestion =
  | {
      readonly action: 'unlockVault';
      readonly params: { readonly vaultDir: string; readonly passphrase: string; readonly lockAfterSeconds: number };
    }
  | { readonly action: 'lockVault'; readonly params: Readonly<Record<string, never>> }
  | {
      readonly action: 'unwrapKey';
      readonly params: {
        readonly vaultDir: string;
        readonly salt: string;
        readonly rounds: number;
        readonly wrappedKey: string;
      };
    }
  | { readonly action: 'cachedSession'; readonly params: CachedSessionRequest }
  | { readonly action: 'wrapKey'; readonly params: { readonly vaultDir: string; readonly contentKey: string } };

export type HostKeysOptions = PlaceOptions & {
  readonly signal: AbortSignal;
  /** A line for --debug: never a key or a passphrase. */
  readonly log: (line: string) => void;
};

/** A host that derives a key needs half a second at most, on a machine that is busy; one that is stopped never answers. */
const TIMEOUT_MS = 5_000;
/** The host is gone, too old to know the action, or was stopped: as good as no host. */
const ABSENT = ['HOST_GONE', 'VERSION_MISMATCH', 'BAD_MESSAGE', 'TIMEOUT'];

type Answer = Readonly<Record<string, unknown>>;

/** The sockets of hosts that run, or have run. A directory that others could write to is not trusted with a question. */
export function runningHosts(options: HostKeysOptions): string[] {
  try {
    const place = socketPlace(options);
    if (place.dir !== undefined) checkPrivateDirectory(place.dir, options.uid);
    return place.list();
  } catch (error) {
    options.log(`not asking a host: ${asVaultError(error).message}`);
    return [];
  }
}

/**
 * One question to the host at `address`; undefined where none answers that could.
 * @throws VaultError what the host failed with, and the reason of `signal`
 */
export async function askHost(
  address: string,
  { action, params }: HostQuestion,
  { signal, log }: HostKeysOptions,
): Promise<Answer | undefined> {
  signal.throwIfAborted();
  // Not a static import: this is part of what every command loads.
  const socket = process.getBuiltinModule('node:net').connect(address);
  socket.on('error', () => undefined); // the client below tells it as a closed connection
  const client = new MessageClient(socket, socket);
  const over = Promise.withResolvers<never>();
  const late = new VaultError('TIMEOUT', `the Keyturn host did not answer ${action} in time`);
  const timer = setTimeout(() => over.reject(late), TIMEOUT_MS);
  const stop = () => over.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    socket.cork();
    // Both at once: the second is answered only after the first, and nobody waits for one in between.
    const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
    const greeted = client.call('hello', { protocol, extensionVersion: VERSION });
    const asked = client.call(action, params);
    socket.uncork();
    const [, answer] = await Promise.race([Promise.all([greeted, asked]), over.promise]);
    return answer;
  } catch (error) {
    const failure = signal.aborted ? signal.reason : asVaultError(error);
    if (!ABSENT.includes(failure.code)) throw failure;
    log(`the host at ${address} does not answer ${action}: ${failure.message}`);
    return undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** The first answer of a host that is unlocked; undefined where none is. @throws VaultError other than KEYRING_LOCKED */
export async function askUnlockedHost(question: HostQuestion, options: HostKeysOptions): Promise<Answer | undefined> {
  for (const address of runningHosts(options)) {
    try {
      const answer = await askHost(address, question, options);
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== 'KEYRING_LOCKED') throw error;
    }
  }
  return undefined;
}
