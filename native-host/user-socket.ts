import fs from 'node:fs';
import net from 'node:net';
import { asVaultError, VaultError } from './errors.ts';
import { MessageClient } from './message-client.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { shown } from './shown.ts';
import { checkPrivateDirectory, errno, type PlaceOptions, type SocketPlace, socketPlace } from './user-socket-place.ts';
import { VERSION } from './version.ts';

/** A terminal's question, as the browser shows it. */
export type AskRequest = {
  readonly kind: 'mfa';
  readonly profile: string;
  readonly mfaSerial: string;
  /** Why the previous answer did not do. */
  readonly rejected?: string;
  /** The program the credentials are for. */
  readonly program: string;
  /** The program that started it. */
  readonly parent?: string;
  readonly pid: number;
};

export type AskOptions = PlaceOptions & {
  readonly signal: AbortSignal;
  /** For the person's answer. */
  readonly timeoutMs?: number;
  /** Called once, when the first browser has the question. */
  readonly onAsked?: () => void;
  /** How long a browser may be away (its worker restarts, the host was killed) before the question fails. */
  readonly reconnectMs?: number;
};

const TIMEOUT_MS = 5 * 60_000;
const RECONNECT_MS = 10_000;
/** A host answers hello in a millisecond; one that is stopped in a debugger never does. */
const HELLO_MS = 3_000;
/** Where there is nothing to watch: pipes of Windows, or a user who has used up all watches. */
const POLL_MS = 250;

/**
 * Asks in every browser that is connected; the first answer or cancel ends the question in all of them. A host that goes away
 * or comes while it is open is followed. Aborting `signal` withdraws it.
 * @throws VaultError BROWSER_NOT_CONNECTED, CANCELLED, TIMEOUT, CONFIG_INVALID (the socket's directory is not private),
 *   VERSION_MISMATCH, and the reason of `signal`
 */
export async function askInBrowser(request: AskRequest, options: AskOptions): Promise<string> {
  options.signal.throwIfAborted();
  const place = socketPlace(options);
  if (place.dir !== undefined) checkPrivateDirectory(place.dir, options.uid);
  return new Question(shownRequest(request), place, options).answer();
}

/** One question, open in any number of hosts. */
class Question {
  readonly #request: AskRequest;
  readonly #place: SocketPlace;
  readonly #options: AskOptions;
  readonly #outcome = Promise.withResolvers<string>();
  readonly #sockets = new Map<string, net.Socket>();
  readonly #over = new AbortController();
  /** The host was reached, and said no: told if no other says yes. */
  #refusal: VaultError | undefined;
  #absence: NodeJS.Timeout | undefined;
  #wasAsked = false;

  constructor(request: AskRequest, place: SocketPlace, options: AskOptions) {
    this.#request = request;
    this.#place = place;
    this.#options = options;
  }

  async answer(): Promise<string> {
    const { signal, timeoutMs = TIMEOUT_MS } = this.#options;
    const stop = () => this.#outcome.reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(() => this.#outcome.reject(timedOut(timeoutMs)), timeoutMs);
    try {
      this.#watch();
      this.#look();
      return await this.#outcome.promise;
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#absence);
      signal.removeEventListener('abort', stop);
      this.#over.abort();
      // The host takes a closed connection for a withdrawn question.
      for (const socket of this.#sockets.values()) socket.destroy();
    }
  }

  /** Asks every host that is not asked yet. */
  #look() {
    if (this.#over.signal.aborted) return;
    try {
      for (const address of this.#place.list()) {
        if (!this.#sockets.has(address)) this.#askAt(address).catch(this.#outcome.reject);
      }
      this.#checkPresence();
    } catch (error) {
      this.#outcome.reject(error); // called by timers and watchers, where nobody would catch it
    }
  }

  #watch() {
    const look = () => this.#look();
    const { signal } = this.#over;
    if (this.#place.dir !== undefined && canWatch(this.#place.dir, signal, look)) return;
    const poll = setInterval(look, POLL_MS);
    signal.addEventListener('abort', () => clearInterval(poll));
  }

  async #askAt(address: string) {
    const socket = net.connect(address);
    this.#sockets.set(address, socket);
    let refusal: unknown;
    socket.on('error', (error) => {
      refusal = error;
    });
    const client = new MessageClient(socket, socket);
    try {
      const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
      const timer = setTimeout(() => socket.destroy(), HELLO_MS);
      await client.call('hello', { protocol, extensionVersion: VERSION }).finally(() => clearTimeout(timer));
      if (!this.#wasAsked) this.#options.onAsked?.();
      this.#wasAsked = true;
      clearTimeout(this.#absence);
      this.#absence = undefined;
      this.#outcome.resolve(checkAnswer(await client.call('ask', this.#request)));
    } catch (error) {
      this.#failed(asVaultError(error));
    } finally {
      socket.destroy();
      this.#sockets.delete(address);
      if (errno(refusal) === 'ECONNREFUSED') this.#removeStale(address);
      if (!this.#over.signal.aborted) this.#checkPresence();
    }
  }

  #failed(error: VaultError) {
    if (error.code === 'CANCELLED') this.#outcome.reject(error);
    // Gone, or nobody subscribed there yet: another host may still answer.
    else if (error.code !== 'HOST_GONE' && error.code !== 'BROWSER_NOT_CONNECTED') this.#refusal = error;
  }

  /** A socket whose host was killed; on some systems a busy host refuses too, so a process that lives keeps it. */
  #removeStale(address: string) {
    if (this.#place.dir !== undefined && !isAlive(this.#place.pidOf(address))) fs.rmSync(address, { force: true });
  }

  #checkPresence() {
    if (this.#sockets.size > 0 || this.#absence !== undefined) return;
    if (this.#refusal) return this.#outcome.reject(this.#refusal);
    if (!this.#wasAsked) return this.#outcome.reject(notConnected('no browser is connected'));
    const { reconnectMs = RECONNECT_MS } = this.#options;
    const giveUp = () => this.#outcome.reject(notConnected('the browser has gone'));
    this.#absence = setTimeout(giveUp, reconnectMs);
  }
}

function canWatch(dir: string, signal: AbortSignal, onChange: () => void): boolean {
  try {
    fs.watch(dir, { signal, persistent: false }, onChange).on('error', onChange);
    return true;
  } catch {
    return false; // looked at in intervals instead
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process, or another user's, which cannot be a host of ours
  }
}

function checkAnswer({ answer }: Readonly<Record<string, unknown>>): string {
  if (typeof answer === 'string' && /^\d{6}$/.test(answer)) return answer;
  throw new VaultError('BAD_MESSAGE', 'the Keyturn host answered with something that is not an MFA code');
}

function shownRequest({ profile, mfaSerial, program, rejected, parent, ...rest }: AskRequest): AskRequest {
  return {
    ...rest,
    profile: shown(profile),
    mfaSerial: shown(mfaSerial),
    program: shown(program),
    ...(rejected !== undefined && { rejected: shown(rejected, 1024) }),
    ...(parent !== undefined && { parent: shown(parent) }),
  };
}

function timedOut(timeoutMs: number): VaultError {
  return new VaultError(
    'TIMEOUT',
    `nobody answered in the browser within ${timeoutMs / 1000} s; run the command again`,
  );
}

function notConnected(what: string): VaultError {
  const ways = 'use --prompt terminal, --mfa-token or an mfa_process in the profile';
  const mend = "open the browser that has the Keyturn extension ('keyturn host status' shows what is missing)";
  return new VaultError('BROWSER_NOT_CONNECTED', `${what}, so nobody can be asked there: ${mend}, or ${ways}`);
}
