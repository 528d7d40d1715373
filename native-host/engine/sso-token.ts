import { createToken, type OidcOptions } from '../aws/sso-oidc.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Locks } from './lock.ts';
import { clientOf, forgetToken, type HeldToken, heldTokens, keepToken, spreadToken } from './sso-held.ts';
import { bareStartUrl } from './sso-json.ts';
import { removeSsoClient, type SsoToken } from './sso-store.ts';
import { isUsable, type SsoInstance } from './sso-usable.ts';

export type SsoCall = {
  readonly context: Context;
  readonly locks: Locks;
  /** The profile it is for, in errors. */
  readonly profile?: string;
  /** How the OIDC service of the instance is reached. */
  readonly service: OidcOptions;
  readonly onWait?: (() => void) | undefined;
};

/** The service does not know the client, or does not let it do this. */
export const UNKNOWN_CLIENT: readonly string[] = ['InvalidClientException', 'UnauthorizedClientException'];
/** The service's words for a refresh token, or a client, that is worth nothing any more. */
const SPENT = [
  ...UNKNOWN_CLIENT,
  'InvalidGrantException',
  'ExpiredTokenException',
  'AccessDeniedException',
  'InvalidRequestException',
  'InvalidScopeException',
  'UnsupportedGrantTypeException',
];

/** The lock of everybody who gets a token of this instance, by a login or by refreshing the one there is. */
export function ssoLock({ startUrl }: SsoInstance): string {
  return `sso-token:${bareStartUrl(startUrl)}`;
}

/** What a token has to be, beyond being there. */
export type TokenWish = {
  /** A token the portal no longer takes, whatever time it had left. */
  readonly refused?: string | undefined;
  /** One with less time left is refreshed, if it can be. */
  readonly spareSeconds?: number;
};

/**
 * The access token of an instance without asking anybody: one that is there, refreshed if it has expired and can be.
 * @throws VaultError SSO_LOGIN_REQUIRED when only a person can get another one; AWS_*, KEYRING_*
 */
export async function silentToken(instance: SsoInstance, call: SsoCall, wish: TokenWish = {}): Promise<string> {
  return (await silentSsoToken(instance, call, wish)).accessToken;
}

/** The same with what is known of it. */
export async function silentSsoToken(instance: SsoInstance, call: SsoCall, wish: TokenWish = {}): Promise<SsoToken> {
  const { context, locks, onWait } = call;
  const { refused, spareSeconds = 0 } = wish;
  const found = await heldTokens(instance, context);
  const good = goodToken(found, instance, { ...wish, now: context.now() });
  if (good !== undefined) return spread(good, found, instance, context);
  const alive = goodToken(found, instance, { refused, now: context.now() });
  const isWorthTrying = staleTokens(found, { refused, spareSeconds, now: context.now() }).some(
    ({ refreshToken, accessToken }) => refreshToken !== undefined || accessToken === refused,
  );
  if (!isWorthTrying) {
    if (alive !== undefined) return spread(alive, found, instance, context);
    throw loginRequired(instance, call);
  }
  const { signal } = context;
  const release = await locks.acquire(ssoLock(instance), { signal, ...(onWait && { onWait }) });
  try {
    return await renewedToken(instance, call, wish);
  } finally {
    release();
  }
}

/** Under the lock: whoever held it may have brought a token. */
async function renewedToken(instance: SsoInstance, call: SsoCall, wish: TokenWish): Promise<SsoToken> {
  const { context } = call;
  const { refused, spareSeconds = 0 } = wish;
  const found = await heldTokens(instance, context);
  const good = goodToken(found, instance, { ...wish, now: context.now() });
  if (good !== undefined) return spread(good, found, instance, context);
  for (const token of staleTokens(found, { refused, spareSeconds, now: context.now() })) {
    const refreshed = await refresh(token, instance, call);
    if (refreshed !== undefined && isUsable(refreshed, instance, context.now())) return refreshed;
    const isOver = token.expiresAt <= context.now() || token.accessToken === refused;
    if (refreshed === undefined && isOver) await forgetToken(instance, token.accessToken, context);
  }
  const alive = goodToken(found, instance, { refused, now: context.now() });
  if (alive !== undefined) return spread(alive, found, instance, context);
  throw loginRequired(instance, call);
}

type Moment = TokenWish & { readonly now: Date };

/** A token that can be used, and has the time to spare. */
function goodToken(
  found: readonly HeldToken[],
  instance: SsoInstance,
  { refused, spareSeconds = 0, now }: Moment,
): HeldToken | undefined {
  const until = new Date(now.getTime() + spareSeconds * 1000);
  return found.find((token) => token.accessToken !== refused && isUsable(token, instance, until));
}

/** Tokens that a refresh might mend. One that lacks a scope is good for others, and would lack it as well when refreshed. */
function staleTokens(found: readonly HeldToken[], { refused, spareSeconds = 0, now }: Moment): HeldToken[] {
  const until = now.getTime() + spareSeconds * 1000;
  return found.filter(({ accessToken, expiresAt }) => accessToken === refused || expiresAt.getTime() <= until);
}

async function spread(
  token: HeldToken,
  found: readonly HeldToken[],
  instance: SsoInstance,
  context: Context,
): Promise<SsoToken> {
  await spreadToken(instance, { token, found }, context);
  return token;
}

/** Forgets a token that the portal refused although nobody could get a better one. */
export async function dropToken(instance: SsoInstance, refused: string, call: SsoCall): Promise<never> {
  const { context, locks } = call;
  const release = await locks.acquire(ssoLock(instance), { signal: context.signal });
  try {
    await forgetToken(instance, refused, context);
  } finally {
    release();
  }
  throw loginRequired(instance, call);
}

/** `undefined`: the token cannot be refreshed, now or ever. */
async function refresh(token: HeldToken, instance: SsoInstance, call: SsoCall): Promise<SsoToken | undefined> {
  const { context } = call;
  const { keyring, now, log } = context;
  const { refreshToken, scopes } = token;
  const client = await clientOf(token, instance, context);
  if (refreshToken === undefined || client === undefined) return undefined;
  try {
    log(`refreshing the SSO token of ${instance.startUrl}`);
    const answer = await createToken(call.service, client, { type: 'refresh-token', refreshToken });
    const refreshed: SsoToken = {
      ...{ accessToken: answer.accessToken, tokenType: answer.tokenType, clientId: client.clientId },
      expiresAt: new Date(now().getTime() + answer.expiresInSeconds * 1000),
      // Without another one, the old one goes on.
      refreshToken: answer.refreshToken ?? refreshToken,
      ...(scopes && { scopes }),
    };
    await keepToken(instance, { token: refreshed, client }, context);
    return refreshed;
  } catch (error) {
    // The person logged out, or the session came to its end: a login gets the next one.
    const awsCode = error instanceof VaultError ? (error.details.awsCode ?? '') : '';
    // On the page of an authorization code nobody but the person would hear that the client is unknown.
    if (UNKNOWN_CLIENT.includes(awsCode) && token.client === undefined) {
      await removeSsoClient(keyring, instance.startUrl);
    }
    if (SPENT.includes(awsCode)) return undefined;
    throw error;
  }
}

/** Only a person can go on. */
function loginRequired({ startUrl, session }: SsoInstance, { profile }: SsoCall): VaultError {
  const place = bareStartUrl(startUrl);
  const whose = profile === undefined ? 'there has to be ' : `profile ${JSON.stringify(profile)} needs `;
  const named = session ?? profile;
  const how = named === undefined ? 'keyturn sso login' : `keyturn sso login ${named}`;
  const message = `${whose}a login to IAM Identity Center at ${place}; run '${how}' in a terminal`;
  const details = {
    ssoStartUrl: place,
    ...(session !== undefined && { ssoSession: session }),
    ...(profile !== undefined && { profile }),
  };
  return new VaultError('SSO_LOGIN_REQUIRED', message, { details });
}
