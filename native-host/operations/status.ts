import { isSsoToken, parseSessionKey, usedMfa } from '../engine/session-cache.ts';
import type { VaultAccess } from '../vault-access.ts';

export type VaultStatus = {
  /** The first to expire first. */
  readonly sessions: readonly SessionStatus[];
  /** Start URLs of IAM Identity Center that the vault holds a token for. */
  readonly ssoStartUrls: readonly string[];
};

export type SessionStatus = {
  readonly profile: string;
  /** As `list` shows it: `sts.AssumeRole`, … */
  readonly type: string;
  readonly expiresAt: Date;
  /** Whether an MFA code stands behind it; undefined where nothing tells. */
  readonly mfa: boolean | undefined;
};

/** What is cached and has not expired. Names of items tell all of it, so nothing has to be decrypted. */
export async function vaultStatus(access: VaultAccess): Promise<VaultStatus> {
  const keys = await access.withKeyring((keyring) => keyring.keys());
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
        mfa: usedMfa(session),
      })),
    ssoStartUrls: keys.filter(isSsoToken).map((key) => key.slice('oidc:'.length)),
  };
}
