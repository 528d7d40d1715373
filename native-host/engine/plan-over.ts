import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { type ChainOptions, planChain, type Step } from './chain.ts';

/**
 * The chain to a profile's credentials over what `keyring` holds. An item that is damaged, or that a backend cannot tell from
 * another's while it is locked, is not listed, but it is not missing either: reading what the plan misses says which it is.
 * @throws VaultError as planChain does, and KEYRING_CORRUPT
 */
export async function planOver(keyring: Keyring, profile: string, options: ChainOptions): Promise<Step[]> {
  try {
    return planChain(profile, options);
  } catch (error) {
    const isMissing = error instanceof VaultError && error.code.endsWith('_NOT_FOUND');
    const missing = isMissing ? error.details.profile : undefined;
    if (missing === undefined || (await keyring.get(missing)) === undefined) throw error;
    return planChain(profile, { ...options, hasStoredKey: (name) => name === missing || options.hasStoredKey(name) });
  }
}

/** Whether the chain to `name`'s credentials starts from the stored key of `profile`. */
export function beginsWith(profile: string, name: string, chain: ChainOptions): boolean {
  try {
    return planChain(name, chain)[0]?.profile.name === profile;
  } catch (error) {
    // A profile that is broken or gone has no chain that could begin anywhere.
    if (error instanceof VaultError) return false;
    throw error;
  }
}
