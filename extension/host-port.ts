import type { Runtime } from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import type { ActionName, Actions, HostEvent, Request, WireError } from '../native-host/protocol.ts';
import { disconnectError } from './disconnect-error.ts';
import { fromWireError } from './wire-error.ts';

export type CallOptions = {
  readonly timeoutMs: number;
  /** Aborting answers the caller CANCELLED at once and tells the host to stop the work. */
  readonly signal?: AbortSignal;
};

export type HostPortOptions = {
  readonly port: Runtime.Port;
  /** Chromium's text for a closed port, readable only inside the disconnect event. */
  readonly lastError: () => string | undefined;
  readonly onEvent: (event: HostEvent) => void;
  /** The port closed by itself; not called after close(). */
  readonly onGone: (error: VaultError) => void;
};

type Waiting = {
  readonly action: ActionName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: VaultError) => void;
};

/** One open native port: pairs each answer with its call by id. Everything that goes wrong is a VaultError. */
export class HostPort {
  readonly #options: HostPortOptions;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #hasAnswered = false;
  #closed: VaultError | undefined;

  constructor(options: HostPortOptions) {
    this.#options = options;
    options.port.onMessage.addListener((message) => this.#receive(message));
    options.port.onDisconnect.addListener((port) => this.#disconnected(port.error?.message ?? options.lastError()));
  }

  /**
   * Asks the host. @throws VaultError with the host's code, or TIMEOUT, CANCELLED, HOST_GONE, HOST_NOT_FOUND, HOST_FORBIDDEN
   */
  async call<A extends ActionName>(
    action: A,
    params: Actions[A]['params'],
    { timeoutMs, signal }: CallOptions,
  ): Promise<Actions[A]['result']> {
    if (this.#closed) throw this.#closed;
    if (signal?.aborted) throw cancelled(action);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { action, resolve, reject });
    const cancel = () => {
      reject(cancelled(action));
      this.#tellToStop(id);
    };
    const timer = setTimeout(() => {
      reject(
        new VaultError('TIMEOUT', `the Keyturn host did not answer ${action} within ${timeoutMs / 1000} s; try again`),
      );
      this.#tellToStop(id);
    }, timeoutMs);
    try {
      signal?.addEventListener('abort', cancel, { once: true });
      this.#post({ id, action, params });
      return (await promise) as Actions[A]['result']; // the id ties the answer to this action
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      this.#waiting.delete(id);
    }
  }

  /** Lets the host go: it exits when its stdin closes. Calls under way fail with HOST_GONE. */
  close() {
    if (this.#closed) return;
    this.#settleAll(new VaultError('HOST_GONE', 'the extension closed its connection to the Keyturn host; try again'));
    this.#options.port.disconnect();
  }

  #post(request: Request) {
    try {
      this.#options.port.postMessage(request);
    } catch (cause) {
      throw new VaultError('HOST_GONE', 'the Keyturn host is no longer connected; try again', { cause });
    }
  }

  #tellToStop(requestId: number) {
    if (this.#closed) return;
    this.#post({ id: ++this.#lastId, action: 'cancel', params: { requestId } });
  }

  #receive(message: unknown) {
    this.#hasAnswered = true;
    if (isEvent(message)) return this.#options.onEvent(message);
    if (!isAnswer(message)) return; // a newer host may send what this extension does not know
    if (message.id === null) return this.#rejectAll(fromWireError(message.error));
    const waiting = this.#waiting.get(message.id); // none: timed out, cancelled, or the answer to `cancel`
    if (message.ok) waiting?.resolve(message.result);
    else waiting?.reject(fromWireError(message.error));
  }

  #disconnected(reason: string | undefined) {
    if (this.#closed) return;
    const error = disconnectError(reason, this.#hasAnswered);
    this.#settleAll(error);
    this.#options.onGone(error);
  }

  #settleAll(error: VaultError) {
    this.#closed = error;
    this.#rejectAll(error);
  }

  #rejectAll(error: VaultError) {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}

function cancelled(action: ActionName): VaultError {
  return new VaultError('CANCELLED', `${action} was cancelled`);
}

type IncomingAnswer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError }
  | { readonly id: null; readonly ok: false; readonly error: WireError };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isEvent(message: unknown): message is HostEvent {
  if (!isRecord(message)) return false;
  if (message.event === 'login') return isLogin(message);
  if (message.event === 'loginOver') return typeof message.loginId === 'string';
  if (message.event === 'prompts') return Array.isArray(message.prompts);
  if (message.event === 'lock') return typeof message.lock === 'object' && message.lock !== null;
  const texts = [message.openId, message.profile, message.kind];
  return message.event === 'open' && texts.every((text) => typeof text === 'string');
}

function isLogin({ loginId, url, flow, startUrl, opensTab, requester }: Readonly<Record<string, unknown>>): boolean {
  const texts = [loginId, url, flow, startUrl];
  return texts.every((text) => typeof text === 'string') && typeof opensTab === 'boolean' && isRecord(requester);
}

function isAnswer(message: unknown): message is IncomingAnswer {
  if (!isRecord(message)) return false;
  if (message.ok === true) return typeof message.id === 'number' && isRecord(message.result);
  const error = message.error;
  const hasId = typeof message.id === 'number' || message.id === null;
  return message.ok === false && hasId && isRecord(error) && typeof error.message === 'string';
}
