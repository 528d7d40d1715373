import { connectSessionBus } from './dbus.ts';
import { asVariant, list, type WireValue } from './dbus-wire.ts';
import { COLLECTION_INTERFACE, isGone, pathElement, type SecretServiceOptions } from './secret-service.ts';
import { SERVICE_INTERFACE } from './secret-service-client.ts';
import { asKeyringError } from './secret-service-error.ts';
import { SECRETS } from './secret-service-session.ts';

const PROPERTIES = 'org.freedesktop.DBus.Properties';

/**
 * Whether the collection would open, without asking anybody and without a session. `none`: it is made when the first key is
 * stored.
 * @throws VaultError KEYRING_UNAVAILABLE, KEYRING_DENIED, TIMEOUT, CANCELLED
 */
export async function lookAtSecretService(options: SecretServiceOptions): Promise<'open' | 'locked' | 'none'> {
  const { collection, env, signal, callTimeoutMs } = options;
  const limits = callTimeoutMs === undefined ? {} : { timeoutMs: callTimeoutMs };
  const bus = await connectSessionBus(env, { signal, ...limits }).catch((error: unknown) => {
    throw asKeyringError(error, '');
  });
  const property = async (path: string, owner: string, name: string): Promise<WireValue> => {
    const call = { destination: SECRETS.destination, path, interface: PROPERTIES, member: 'Get' };
    return asVariant((await bus.call({ ...call, signature: 'ss', body: [owner, name] })).body[0]).value;
  };
  const isLocked = async (path: string): Promise<'open' | 'locked'> =>
    (await property(path, COLLECTION_INTERFACE, 'Locked')) === false ? 'open' : 'locked';
  try {
    try {
      return await isLocked(`${SECRETS.path}/collection/${pathElement(collection)}`);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    for (const path of list(await property(SECRETS.path, SERVICE_INTERFACE, 'Collections')).map(String)) {
      if ((await property(path, COLLECTION_INTERFACE, 'Label')) === collection) return await isLocked(path);
    }
    return 'none';
  } catch (error) {
    throw asKeyringError(error, bus.address);
  } finally {
    bus.close();
  }
}
