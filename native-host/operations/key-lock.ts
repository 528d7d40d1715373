import type { VaultAccess } from '../vault-access.ts';

/**
 * Runs `work` while no other process changes the stored key of `profile`: what is read in it is still true when it is written. Held
 * for as long as the keyring takes, never while AWS or a person is waited for.
 */
export async function alone<T>(access: VaultAccess, profile: string, work: () => Promise<T>): Promise<T> {
  const release = await access.locks.acquire(`key,${profile}`, { signal: access.signal });
  try {
    return await work();
  } finally {
    release();
  }
}
