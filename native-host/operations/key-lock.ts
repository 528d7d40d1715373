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

/** Whoever holds it may wait for a person who unlocks the keyring. */
const TIMEOUT_MS = 200_000;

/** Without a place for locks there is no rotation that could be in the way, because that needs one itself. */
async function lock({ locks, signal: stop, log }: VaultAccess, profile: string): Promise<Release | undefined> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  // After a Ctrl-C this is a step that has to be ended all the same, such as storing the only copy of a new key.
  const signal = stop.aborted ? late : AbortSignal.any([stop, late]);
  try {
    return await locks.acquire(`key,${profile}`, { signal });
  } catch (error) {
    if (late.aborted) {
      const message = `another process has been busy with the key of ${JSON.stringify(profile)} for ${TIMEOUT_MS / 1000} s; see what it waits for, and repeat`;
      throw new VaultError('TIMEOUT', message, { details: { profile }, cause: error });
    }
    if (!(error instanceof VaultError) || error.code !== 'CONFIG_INVALID') throw error;
    log(error.message);
    return undefined;
  }
}
