import { asVaultError, VaultError } from '../native-host/errors.ts';
import {
  type ActionName,
  type Actions,
  type Capability,
  type HostEvent,
  type LockState,
  type LoginPage,
  type OpenEvent,
  PROTOCOL_VERSION,
  type Prompt,
} from '../native-host/protocol.ts';
import type { CallOptions, HostPort, HostPortOptions } from './host-port.ts';
import type { HostState } from './popup-state.ts';
import { toWireError } from './wire-error.ts';

export type HostConnectionOptions = {
  readonly open: (handlers: Pick<HostPortOptions, 'onEvent' | 'onGone'>) => HostPort;
  readonly extensionVersion: string;
  readonly onState: (host: HostState) => void;
  readonly onPrompts: (prompts: readonly Prompt[]) => void;
  /** Absent where this host has no lock to show. */
  readonly onLock: (lock: LockState | undefined) => void;
  /** A login has begun: its page is to be shown. */
  readonly onLogin: (login: LoginPage) => void;
  readonly onLoginOver: (loginId: string) => void;
  /** A terminal wants something opened in this browser. */
  readonly onOpen: (wanted: OpenEvent) => void;
};

const HANDSHAKE_MS = 10_000;

/**
 * The connection that is kept open for as long as the browser runs: it keeps the worker alive and lets a terminal
 * reach this browser. When it is gone, the next call, popup or alarm makes a new one.
 */
export class HostConnection {
  readonly #options: HostConnectionOptions;
  #port: HostPort | undefined;
  #attempt: Promise<HostPort> | undefined;
  #capabilities: readonly Capability[] = [];
  #failure: VaultError | undefined;

  constructor(options: HostConnectionOptions) {
    this.#options = options;
  }

  /** Connects if there is no connection; never rejects, because the outcome is told by `onState`. */
  async keepOpen() {
    await this.#ready().then(
      () => undefined,
      () => undefined, // already told by onState
    );
  }

  /** @throws VaultError of the host, of the connection, or VERSION_MISMATCH when the host lacks `needs` */
  async call<A extends ActionName>(
    action: A,
    params: Actions[A]['params'],
    options: CallOptions & { readonly needs?: Capability },
  ): Promise<Actions[A]['result']> {
    const port = await this.#ready();
    if (options.needs && !this.#capabilities.includes(options.needs)) {
      throw new VaultError('VERSION_MISMATCH', `this Keyturn host cannot answer ${action}; update the keyturn program`);
    }
    return port.call(action, params, options);
  }

  #ready(): Promise<HostPort> {
    if (this.#port) return Promise.resolve(this.#port);
    this.#attempt ??= this.#connect().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #connect(): Promise<HostPort> {
    this.#options.onState(
      this.#failure
        ? { status: 'failed', error: toWireError(this.#failure), isRetrying: true }
        : { status: 'connecting' },
    );
    let port: HostPort | undefined;
    try {
      port = this.#options.open({
        onEvent: (event) => this.#tell(event),
        onGone: (error) => this.#gone(error),
      });
      const prompts = await this.#shakeHands(port);
      this.#port = port;
      this.#failure = undefined;
      this.#options.onState({ status: 'ready' });
      this.#options.onPrompts(prompts);
      return port;
    } catch (error) {
      port?.close();
      this.#fail(asVaultError(error));
      throw error;
    }
  }

  async #shakeHands(port: HostPort): Promise<readonly Prompt[]> {
    const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
    const hello = await port
      .call('hello', { protocol, extensionVersion: this.#options.extensionVersion }, { timeoutMs: HANDSHAKE_MS })
      .catch((error: unknown) => {
        throw helloError(asVaultError(error));
      });
    if (hello.protocol !== PROTOCOL_VERSION) throw versionMismatch(hello.protocol);
    this.#capabilities = hello.capabilities;
    // At once, and in this order: with the last one, terminals can reach the host, and they may want something opened.
    const [, , subscribed] = await Promise.all([
      hello.capabilities.includes('logins') && port.call('subscribeLogins', {}, { timeoutMs: HANDSHAKE_MS }),
      hello.capabilities.includes('open-console') && port.call('subscribeOpens', {}, { timeoutMs: HANDSHAKE_MS }),
      hello.capabilities.includes('prompts') && port.call('subscribePrompts', {}, { timeoutMs: HANDSHAKE_MS }),
    ]);
    // Not waited for: the profiles matter more, and an old host without a lock is a good host.
    if (hello.capabilities.includes('lock')) void this.#subscribeLock(port);
    return subscribed ? subscribed.prompts : [];
  }

  async #subscribeLock(port: HostPort) {
    const subscribed = await port.call('subscribeLock', {}, { timeoutMs: HANDSHAKE_MS }).catch(() => undefined); // then none is shown
    if (subscribed) this.#options.onLock(subscribed.lock);
  }

  #tell(event: HostEvent) {
    if (event.event === 'prompts') this.#options.onPrompts(event.prompts);
    else if (event.event === 'lock') this.#options.onLock(event.lock);
    else if (event.event === 'login') this.#options.onLogin(event);
    else if (event.event === 'loginOver') this.#options.onLoginOver(event.loginId);
    else this.#options.onOpen(event);
  }

  #gone(error: VaultError) {
    if (!this.#port) return; // during the handshake the failed call tells it
    this.#port = undefined;
    this.#fail(error);
  }

  #fail(error: VaultError) {
    this.#failure = error;
    this.#options.onPrompts([]);
    this.#options.onLock(undefined);
    this.#options.onState({ status: 'failed', error: toWireError(error), isRetrying: false });
  }
}

/** A host that does not even know hello is older than the first protocol; one that names its version is compared with ours. */
function helloError(error: VaultError): VaultError {
  if (error.code === 'BAD_MESSAGE') return versionMismatch(0);
  if (error.code === 'VERSION_MISMATCH') return versionMismatch(error.details.protocol ?? 0);
  return error;
}

function versionMismatch(hostProtocol: number): VaultError {
  const message =
    hostProtocol > PROTOCOL_VERSION
      ? `this extension speaks protocol ${PROTOCOL_VERSION}, the Keyturn host ${hostProtocol}; update the extension`
      : 'the installed Keyturn host is too old for this extension; update the keyturn program';
  return new VaultError('VERSION_MISMATCH', message, { details: { protocol: hostProtocol } });
}
