import { visibleProfiles } from '../aws/config-file.ts';
import { isStoredKey, parseSessionKey, type SessionKey, usedMfa } from '../engine/session-cache.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type SsoTokenSummary, ssoTokens } from './sso-tokens.ts';

export type Inventory = {
  readonly profiles: readonly string[];
  readonly storedKeys: readonly string[];
  /** `hasMfa`: whether an MFA code stands behind it; undefined where nothing tells. */
  readonly sessions: readonly (SessionKey & { readonly hasMfa: boolean | undefined })[];
  readonly ssoTokens: readonly SsoTokenSummary[];
};

/** What is there: sections of the config file in file order, and what the vault holds. Needs no passphrase. */
export async function inventory(access: VaultAccess): Promise<Inventory> {
  const config = await access.config();
  const [keys, tokens] = await access.withKeyring(async (keyring) => {
    const all = await keyring.keys();
    return [all, await ssoTokens(access, keyring, all)];
  });
  return {
    profiles: visibleProfiles(config),
    storedKeys: keys.filter(isStoredKey),
    sessions: keys
      .flatMap((key) => parseSessionKey(key) ?? [])
      .map((session) => ({ ...session, hasMfa: usedMfa(session) })),
    ssoTokens: tokens,
  };
}
