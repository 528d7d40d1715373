import type { BusConnection } from './dbus.ts';
import type { Message } from './dbus-message.ts';
import { asVariant, type WireValue } from './dbus-wire.ts';
import { isDbusError, lockedError } from './secret-service-error.ts';
import { answerPrompt, NO_PROMPT, type Prompt } from './secret-service-prompt.ts';
import { openSecretSession, SECRETS, type SecretSession, type sessionKeys } from './secret-service-session.ts';

export const SERVICE_INTERFACE = 'org.freedesktop.Secret.Service';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

type ClientOptions = {
  readonly collection: string;
  readonly promptTimeoutMs: number;
  readonly mayAsk: boolean;
  readonly keys?: ReturnType<typeof sessionKeys> | undefined;
};

/**
 * Opens a session with the service, which the bus starts if it can. This waits for the session although a first search could
 * overlap with it: gnome-keyring 50 is reported to abort while it makes a session for a client that it no longer knows, so
 * nothing of ours may open a session and leave before it is there.
 * @throws DbusError, VaultError CANCELLED
 */
export async function openSecretService(bus: BusConnection, options: ClientOptions): Promise<SecretServiceClient> {
  return new SecretServiceClient(bus, await openSecretSession(bus, options.keys), options);
}

/** The Secret Service as a program meets it: its methods, one session, and its questions to the person. */
export class SecretServiceClient {
  readonly bus: BusConnection;
  readonly #name: string;
  readonly #promptTimeoutMs: number;
  readonly #mayAsk: boolean;
  readonly #questions = new Map<string, Promise<void>>();
  #session: SecretSession;

  constructor(bus: BusConnection, session: SecretSession, options: ClientOptions) {
    this.bus = bus;
    this.#session = session;
    this.#name = options.collection;
    this.#promptTimeoutMs = options.promptTimeoutMs;
    this.#mayAsk = options.mayAsk;
  }

  /** @throws DbusError, VaultError CANCELLED */
  call(path: string, method: string, signature = '', body: readonly WireValue[] = []): Promise<Message> {
    const dot = method.lastIndexOf('.');
    const target = { destination: SECRETS.destination, path, interface: method.slice(0, dot) };
    return this.bus.call({ ...target, member: method.slice(dot + 1), signature, body });
  }

  async property(path: string, owner: string, name: string): Promise<WireValue> {
    const reply = await this.call(path, `${PROPERTIES}.Get`, 'ss', [owner, name]);
    return asVariant(reply.body[0]).value;
  }

  /** `use`, after asking to unlock `object` or opening a new session where the service says that this is what is missing. */
  async whenUnlocked<T>(object: string, use: (session: SecretSession) => Promise<T>): Promise<T> {
    try {
      return await use(this.#session);
    } catch (error) {
      if (isDbusError(error, 'IsLocked')) await this.unlock(object);
      // The service was restarted since our session was opened.
      else if (isDbusError(error, 'NoSession')) this.#session = await openSecretSession(this.bus);
      else throw error;
    }
    return use(this.#session);
  }

  /** Has the person asked to unlock `object`. @throws VaultError KEYRING_DENIED, KEYRING_LOCKED */
  unlock(object: string): Promise<void> {
    if (!this.#mayAsk) return Promise.reject(lockedError(`the keyring "${this.#name}" is locked`));
    return this.once(object, async () => {
      const reply = await this.call(SECRETS.path, `${SERVICE_INTERFACE}.Unlock`, 'ao', [[object]]);
      const [, prompt] = reply.body;
      if (prompt !== NO_PROMPT) await this.answer(reply, prompt, `the keyring "${this.#name}" is locked`);
    });
  }

  /** Calls that need the same answer at the same time share one question. */
  once(question: string, ask: () => Promise<void>): Promise<void> {
    const asked = this.#questions.get(question) ?? ask().finally(() => this.#questions.delete(question));
    this.#questions.set(question, asked);
    return asked;
  }

  /** Has the person answer the prompt that `reply` brought; returns the prompt's result. */
  answer(
    reply: Message,
    path: WireValue | undefined,
    about: string | Pick<Prompt, 'what' | 'remedy'>,
  ): Promise<WireValue> {
    const asked = typeof about === 'string' ? { what: about } : about;
    const prompt = { path: String(path), service: String(reply.sender), timeoutMs: this.#promptTimeoutMs, ...asked };
    return answerPrompt(this.bus, prompt);
  }
}
