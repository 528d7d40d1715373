import type { OidcClient } from '../aws/sso-oidc.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Context } from './context.ts';
import { SSO_CLIENT_PREFIX, SSO_TOKEN_PREFIX } from './session-cache.ts';
import { asDate, asObject, bareStartUrl, isText, isTexts, parseJson } from './sso-json.ts';

/** An access token of IAM Identity Center. One that aws-vault wrote has neither `clientId` nor `scopes`. */
export type SsoToken = {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAt: Date;
  readonly refreshToken?: string;
  /** The client that got it, which alone can refresh it. */
  readonly clientId?: string;
  readonly scopes?: readonly string[];
};

/** A client as it was registered; another flow or wider scopes need another one. */
export type SsoClient = OidcClient & {
  readonly flow: 'device' | 'pkce';
  readonly region: string;
  readonly scopes: readonly string[];
};

/** The keyring key of a start URL's token, which is aws-vault's. */
export function ssoTokenKey(startUrl: string): string {
  return `${SSO_TOKEN_PREFIX}${bareStartUrl(startUrl)}`;
}

/** The start URL whose token a keyring key holds. */
export function startUrlOfKey(key: string): string {
  return bareStartUrl(key.slice(SSO_TOKEN_PREFIX.length));
}

/** The token of a start URL, expired or not; one that cannot be read is as good as none. @throws VaultError KEYRING_* */
export async function readSsoToken(keyring: Keyring, startUrl: string): Promise<SsoToken | undefined> {
  const item = await keyring.get(ssoTokenKey(startUrl));
  return item === undefined ? undefined : parseToken(item.data);
}

/** Keeps a token where aws-vault looks for it, in its form; what aws-vault does not know it passes over. */
export async function writeSsoToken(
  { keyring, now }: Pick<Context, 'keyring' | 'now'>,
  startUrl: string,
  token: SsoToken,
): Promise<void> {
  const expires = rfc3339(token.expiresAt);
  const data = JSON.stringify({
    Token: {
      AccessToken: token.accessToken,
      ExpiresIn: Math.max(0, Math.round((token.expiresAt.getTime() - now().getTime()) / 1000)),
      IdToken: null,
      RefreshToken: token.refreshToken ?? null,
      TokenType: token.tokenType,
      ResultMetadata: {},
    },
    Expiration: expires,
    Keyturn: { ClientId: token.clientId, Scopes: token.scopes },
  });
  const label = `aws-vault oidc token for ${bareStartUrl(startUrl)} (expires ${expires})`;
  await keyring.set({ key: ssoTokenKey(startUrl), data, label, description: 'aws-vault oidc token' });
}

export function removeSsoToken(keyring: Keyring, startUrl: string): Promise<boolean> {
  return keyring.remove(ssoTokenKey(startUrl));
}

/** The client registered for a start URL, expired or not. */
export async function readSsoClient(keyring: Keyring, startUrl: string): Promise<SsoClient | undefined> {
  const item = await keyring.get(clientKey(startUrl));
  return item === undefined ? undefined : parseClient(item.data);
}

export async function writeSsoClient(keyring: Keyring, startUrl: string, client: SsoClient): Promise<void> {
  const data = JSON.stringify({ ...client, expiresAt: rfc3339(client.expiresAt) });
  const label = `Keyturn's registration at ${bareStartUrl(startUrl)} (expires ${rfc3339(client.expiresAt)})`;
  await keyring.set({ key: clientKey(startUrl), data, label, description: 'client registration' });
}

export function removeSsoClient(keyring: Keyring, startUrl: string): Promise<boolean> {
  return keyring.remove(clientKey(startUrl));
}

/** Begins as a token's key does, so that aws-vault takes it for no stored key; its `clear` removes it too. */
function clientKey(startUrl: string): string {
  return `${SSO_CLIENT_PREFIX}${bareStartUrl(startUrl)}`;
}

function parseToken(data: string): SsoToken | undefined {
  const { Token, Expiration, Keyturn } = asObject(parseJson(data));
  const { AccessToken, TokenType, RefreshToken } = asObject(Token);
  const { ClientId, Scopes } = asObject(Keyturn);
  const expiresAt = asDate(Expiration);
  if (!isText(AccessToken) || expiresAt === undefined) return undefined;
  return {
    ...{ accessToken: AccessToken, expiresAt },
    tokenType: isText(TokenType) ? TokenType : 'Bearer',
    ...(isText(RefreshToken) && { refreshToken: RefreshToken }),
    ...(isText(ClientId) && { clientId: ClientId }),
    ...(isTexts(Scopes) && { scopes: Scopes }),
  };
}

function parseClient(data: string): SsoClient | undefined {
  const { clientId, clientSecret, expiresAt: expires, flow, region, scopes } = asObject(parseJson(data));
  const expiresAt = asDate(expires);
  if (!isText(clientId) || !isText(clientSecret) || expiresAt === undefined) return undefined;
  if ((flow !== 'device' && flow !== 'pkce') || !isText(region) || !isTexts(scopes)) return undefined;
  return { clientId, clientSecret, expiresAt, flow, region, scopes };
}
