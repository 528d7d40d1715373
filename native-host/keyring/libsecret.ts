import { connectSessionBus } from './dbus.ts';
import { list } from './dbus-wire.ts';
import { openSecretService, SERVICE_INTERFACE } from './secret-service-client.ts';
import { asKeyringError } from './secret-service-error.ts';
import { SECRETS } from './secret-service-session.ts';

/** Secrets that other programs keep in the Secret Service, found by their attributes in whatever collection. */
export type SecretReader = {
  /** @throws VaultError KEYRING_* */
  readonly read: (attributes: Readonly<Record<string, string>>) => Promise<string | undefined>;
  readonly close: () => void;
};

const ITEM_INTERFACE = 'org.freedesktop.Secret.Item';
const PROMPT_TIMEOUT_MS = 120_000;
const CALL_TIMEOUT_MS = 5_000;

/**
 * Opens the Secret Service as libsecret's own programs do. A locked collection is unlocked, by its owner, when something in it
 * is read.
 * @throws VaultError KEYRING_UNAVAILABLE, CANCELLED, TIMEOUT
 */
export async function openLibsecret(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}): Promise<SecretReader> {
  const { env, signal } = options;
  const bus = await connectSessionBus(env, { signal, timeoutMs: CALL_TIMEOUT_MS }).catch((error: unknown) => {
    throw asKeyringError(error, '');
  });
  try {
    const service = await openSecretService(bus, {
      collection: 'login',
      promptTimeoutMs: PROMPT_TIMEOUT_MS,
      mayAsk: true,
    });
    const read = async (attributes: Readonly<Record<string, string>>): Promise<string | undefined> => {
      const query = [new Map(Object.entries(attributes))];
      const reply = await service.call(SECRETS.path, `${SERVICE_INTERFACE}.SearchItems`, 'a{ss}', query);
      const [unlocked, locked] = reply.body;
      const [item] = [...list(unlocked), ...list(locked)].map(String);
      if (item === undefined) return undefined;
      if (list(unlocked).length === 0) await service.unlock(item);
      return service.whenUnlocked(item, async (session) => {
        const answer = await service.call(item, `${ITEM_INTERFACE}.GetSecret`, 'o', [session.path]);
        return session.decrypt(answer.body[0]).toString('utf8');
      });
    };
    return {
      read: (attributes) =>
        read(attributes).catch((error: unknown) => {
          throw asKeyringError(error, bus.address);
        }),
      close: () => bus.close(),
    };
  } catch (error) {
    bus.close();
    throw asKeyringError(error, bus.address);
  }
}
