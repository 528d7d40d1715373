import type { Keyring, KeyringItem } from '../../native-host/keyring/keyring.ts';

/** A keyring for tests of what is above it. */
export function memoryKeyring(): Keyring {
  const items = new Map<string, KeyringItem>();
  return {
    get: async (key) => items.get(key),
    set: async (item) => void items.set(item.key, item),
    remove: async (key) => items.delete(key),
    keys: async () => [...items.keys()],
  };
}
