import { parseSessionKey, usedMfa } from '../engine/session-cache.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type SsoTokenSummary, ssoTokens } from './sso-tokens.ts';

export type VaultStatus = {
  /** The first to expire first. */
  readonly sessions: readonly SessionStatus[];
  /** Of IAM Identity Center, also expired ones. */
  readonly ssoTokens: readonly SsoTokenSummary[];
};

export type SessionStatus = {
  readonly profile: string;
  /** As `list` shows it: `sts.AssumeRole`, … */
  readonly type: string;
  readonly expiresAt: Date;
  /** Whether an MFA code stands behind it; undefined where nothing tells. */
  readonly hasMfa: boolean | undefined;
};

/** What is cached and has not expired. Names of items tell all of it but the times of tokens, so nothing has to be decrypted. */
export async function vaultStatus(access: VaultAccess): Promise<VaultStatus> {
  const { keys, tokens } = await access.withKeyring(async (keyring) => {
    const all = await keyring.keys();
    return { keys: all, tokens: await ssoTokens(access, keyring, all) };
  });
  const now = access.now();
  const sessions = keys.flatMap((key) => parseSessionKey(key) ?? []).filter(({ expiresAt }) => expiresAt > now);
  return {
    sessions: sessions
      .sort(
        (one, other) => one.expiresAt.getTime() - other.expiresAt.getTime() || (one.profile < other.profile ? -1 : 1),
      )
      .map((session) => ({
        profile: session.profile,
        type: session.type,
        expiresAt: session.expiresAt,
        hasMfa: usedMfa(session),
      })),
    ssoTokens: tokens,
  };
}
