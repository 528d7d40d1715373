import { visibleProfiles } from '../aws/config-file.ts';
import { isSsoToken, isStoredKey, parseSessionKey, type SessionKey } from '../engine/session-cache.ts';
import type { VaultAccess } from '../vault-access.ts';

export type Inventory = {
  readonly profiles: readonly string[];
  readonly storedKeys: readonly string[];
  readonly sessions: readonly SessionKey[];
  readonly ssoTokens: readonly string[];
};

/** What is there: sections of the config file in file order, and what the vault holds. Needs no passphrase. */
export async function inventory(access: VaultAccess): Promise<Inventory> {
  const config = await access.config();
  const keys = await access.withKeyring((keyring) => keyring.keys());
  return {
    profiles: visibleProfiles(config),
    storedKeys: keys.filter(isStoredKey),
    sessions: keys.flatMap((key) => parseSessionKey(key) ?? []),
    ssoTokens: keys.filter(isSsoToken),
  };
}
