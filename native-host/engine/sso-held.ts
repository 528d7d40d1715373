import type { OidcClient } from '../aws/sso-oidc.ts';
import type { Context } from './context.ts';
import { type CachedSsoToken, readCachedToken, removeCachedToken, writeCachedToken } from './sso-cache-file.ts';
import { readSsoClient, readSsoToken, removeSsoToken, type SsoToken, writeSsoToken } from './sso-store.ts';
import { isUsable, type SsoInstance } from './sso-usable.ts';

/** A token as it lies in the keyring, in the AWS CLI's cache where that is shared, or in both. */
export type HeldToken = CachedSsoToken & { readonly isInKeyring: boolean; readonly isInCache: boolean };

type Places = Pick<Context, 'keyring' | 'now' | 'ssoCacheDir'>;

/**
 * The tokens of an instance, expired or not, the one that lasts longest first: of two that a refresh has made from one, the
 * older can no longer be refreshed. The AWS CLI's is not copied to the keyring: it stays the AWS CLI's.
 * @throws VaultError KEYRING_*, CONFIG_INVALID for a file of the cache that cannot be read
 */
export async function heldTokens(instance: SsoInstance, { keyring, ssoCacheDir }: Places): Promise<HeldToken[]> {
  const own = await readSsoToken(keyring, instance.startUrl);
  const cached = ssoCacheDir === undefined ? undefined : readCachedToken(ssoCacheDir, instance);
  const isSame = own !== undefined && own.accessToken === cached?.accessToken;
  const held: HeldToken[] = own === undefined ? [] : [{ ...own, isInKeyring: true, isInCache: isSame }];
  if (cached !== undefined && !isSame) {
    // Its file is named after the session, which says what it was asked for.
    const { registrationScopes: scopes } = instance;
    held.push({ ...cached, ...(scopes && { scopes }), isInKeyring: false, isInCache: true });
  }
  return held.sort((one, other) => other.expiresAt.getTime() - one.expiresAt.getTime());
}

/** Who can refresh a token: the client that got it, if its registration is still there. */
export async function clientOf(
  token: CachedSsoToken,
  instance: SsoInstance,
  { keyring, now }: Pick<Context, 'keyring' | 'now'>,
): Promise<OidcClient | undefined> {
  const client = token.client ?? (await readSsoClient(keyring, instance.startUrl));
  return client !== undefined && client.clientId === token.clientId && client.expiresAt > now() ? client : undefined;
}

/** Keeps a token that `client` got: in the keyring if that is our own client, and in the AWS CLI's cache where that is shared. */
export async function keepToken(
  instance: SsoInstance,
  { token, client }: { readonly token: SsoToken; readonly client: OidcClient },
  context: Places,
): Promise<void> {
  const { keyring, ssoCacheDir } = context;
  const own = await readSsoClient(keyring, instance.startUrl);
  if (own?.clientId === client.clientId) await writeSsoToken(context, instance.startUrl, token);
  if (ssoCacheDir !== undefined) writeCachedToken(ssoCacheDir, instance, token, client);
}

/**
 * Sees to it that a token which is about to be used lies where it is looked for next time: one that the AWS CLI has refreshed with
 * our client in the keyring too, and any where the AWS CLI looks, if that is shared and nothing usable lies there. One that is
 * good for others may lie under the name of another session.
 */
export async function spreadToken(
  instance: SsoInstance,
  { token, found }: { readonly token: HeldToken; readonly found: readonly HeldToken[] },
  context: Places,
): Promise<void> {
  const { keyring, ssoCacheDir, now } = context;
  if (ssoCacheDir === undefined) return;
  if (!token.isInKeyring) {
    const own = await readSsoClient(keyring, instance.startUrl);
    if (own !== undefined && own.clientId === token.clientId) {
      await writeSsoToken(context, instance.startUrl, { ...token, scopes: own.scopes });
    }
  }
  if (found.some((other) => other.isInCache && isUsable(other, instance, now()))) return;
  writeCachedToken(ssoCacheDir, instance, token, await clientOf(token, instance, context));
}

/** Forgets a token wherever it lies. Whether it lay anywhere. */
export async function forgetToken(instance: SsoInstance, accessToken: string, context: Places): Promise<boolean> {
  const { keyring, ssoCacheDir } = context;
  const own = await readSsoToken(keyring, instance.startUrl);
  const wasOwn = own?.accessToken === accessToken && (await removeSsoToken(keyring, instance.startUrl));
  const wasCached = ssoCacheDir !== undefined && removeCachedToken(ssoCacheDir, instance, accessToken);
  return wasOwn || wasCached;
}
