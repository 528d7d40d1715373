import type { Release } from '../engine/lock.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';

/**
 * Runs `work` while no other process changes the stored key of `profile`: what is read in it is still true when it is written. Held
 * for as long as the keyring takes, never while AWS or a person is waited for.
 */
export async function alone<T>(access: VaultAccess, profile: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(access, profile);
  try {
    return await work();
  } finally {
    release?.();
  }
}

/** Without a place for locks there is no rotation that could be in the way, because that needs one itself. */
async function lock({ locks, signal, log }: VaultAccess, profile: string): Promise<Release | undefined> {
  try {
    return await locks.acquire(`key,${profile}`, { signal });
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'CONFIG_INVALID') throw error;
    log(error.message);
    return undefined;
  }
}
