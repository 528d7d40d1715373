import type { HostConnection } from './host-connection.ts';
import { byName } from './profile-order.ts';
import type { StateStore } from './state-store.ts';
import { readLocal, writeLocal } from './storage.ts';
import { toWireError } from './wire-error.ts';

/** Reading the list may have to wait for the vault's passphrase, which somebody types. */
const LIST_MS = 10 * 60_000;

/** Asks the host for the profiles, shows them and keeps them for the next popup's first paint. Failures go to the state. */
export async function refreshProfiles(connection: HostConnection, store: StateStore) {
  try {
    const list = await connection.call('list', {}, { timeoutMs: LIST_MS });
    const profiles = byName(list.profiles);
    store.set({ profiles, listError: undefined });
    const { recent = {} } = await readLocal('recent');
    const names = new Set(profiles.map(({ name }) => name));
    const kept = Object.entries(recent).filter(([name]) => names.has(name));
    await writeLocal({ profiles, recent: Object.fromEntries(kept) });
  } catch (error) {
    // A connection that broke has a screen of its own, and the list is read again when it is back.
    if (store.state.host.status === 'ready') store.set({ listError: toWireError(error) });
  }
}
