import { removeSessions } from '../engine/session-cache.ts';
import type { VaultAccess } from '../vault-access.ts';
import { removeTokenCopies, removeTokenOf } from './sso-tokens.ts';

/** Removes the cached sessions and the SSO token of one profile, or of all; answers how many there were. */
export function clear(access: VaultAccess, profile: string | undefined): Promise<{ sessions: number }> {
  return access.withKeyring(async (keyring) => {
    // First: a copy of a token is known by the token itself.
    await removeTokenCopies(access, keyring, profile);
    const sessions = await removeSessions(keyring, profile);
    const hadToken = profile !== undefined && (await removeTokenOf(access, keyring, profile));
    return { sessions: sessions + (hadToken ? 1 : 0) };
  });
}
