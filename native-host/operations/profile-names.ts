import { visibleProfiles } from '../aws/config-file.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { rememberedBackend } from '../keyring/backend-choice.ts';
import type { VaultAccess } from '../vault-access.ts';

/**
 * Names to complete on a command line: the config file's, in its order; with `stored` those the vault holds keys for as well. A
 * keyring is asked only where it is the file vault, whose names lie open: a Tab must not make another one ask to be unlocked.
 */
export async function profileNames(access: VaultAccess, { stored }: { readonly stored: boolean }): Promise<string[]> {
  const { settings } = access;
  const names = new Set(visibleProfiles(await access.config()));
  if (stored && (settings.backend ?? rememberedBackend(settings.stateDir)) === 'file') {
    for (const key of await access.withKeyring((keyring) => keyring.keys())) if (isStoredKey(key)) names.add(key);
  }
  return [...names];
}
