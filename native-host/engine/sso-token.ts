import type { SsoSource } from '../aws/profile.ts';
import { createToken, type OidcOptions } from '../aws/sso-oidc.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Locks } from './lock.ts';
import {
  bareStartUrl,
  readSsoClient,
  readSsoToken,
  removeSsoClient,
  removeSsoToken,
  type SsoToken,
  writeSsoToken,
} from './sso-store.ts';

/** An instance of IAM Identity Center and what its tokens are to be good for. */
export type SsoInstance = Pick<SsoSource, 'startUrl' | 'region' | 'registrationScopes' | 'session'>;

export type SsoCall = {
  readonly context: Context;
  readonly locks: Locks;
  /** The profile it is for, in errors. */
  readonly profile?: string;
  /** How the OIDC service of the instance is reached. */
  readonly service: OidcOptions;
  readonly onWait?: (() => void) | undefined;
};

/** What a `[sso-session]` without `sso_registration_scopes` asks for. @see the AWS CLI's configuration of SSO sessions */
export const DEFAULT_SCOPES: readonly string[] = ['sso:account:access'];

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

export function scopesOf({ registrationScopes }: SsoInstance): readonly string[] {
  return registrationScopes ?? DEFAULT_SCOPES;
}

/**
 * Whether a token can be used for this instance now. It needs no time left over: one that ends on the way is refused and
 * replaced. Of two `[sso-session]`s with one start URL each takes the other's token
 * only if that has all the scopes it asks for; a token of aws-vault's has none and gives access to accounts.
 */
export function isUsable(token: SsoToken, instance: SsoInstance, now: Date): boolean {
  const { expiresAt, scopes = DEFAULT_SCOPES } = token;
  return expiresAt > now && scopesOf(instance).every((scope) => scopes.includes(scope));
}

/** The lock of everybody who gets a token of this instance, by a login or by refreshing the one there is. */
export function ssoLock({ startUrl }: SsoInstance): string {
  return `sso-token:${bareStartUrl(startUrl)}`;
}

/**
 * The access token of an instance without asking anybody: the one in the keyring, refreshed if it has expired and can be.
 * @param refused a token the portal no longer takes, whatever time it had left
 * @throws VaultError SSO_LOGIN_REQUIRED when only a person can get another one; AWS_*, KEYRING_*
 */
export async function silentToken(instance: SsoInstance, call: SsoCall, refused?: string): Promise<string> {
  const { keyring, now, signal } = call.context;
  const isGood = (token: SsoToken): boolean => token.accessToken !== refused && isUsable(token, instance, now());
  const found = await readSsoToken(keyring, instance.startUrl);
  if (found === undefined) throw loginRequired(instance, call);
  if (isGood(found)) return found.accessToken;
  // One that lacks a scope is good for others, and would lack it as well when refreshed.
  const isAlive = found.expiresAt > now() && found.accessToken !== refused;
  if (isAlive || (found.refreshToken === undefined && refused === undefined)) throw loginRequired(instance, call);
  const release = await call.locks.acquire(ssoLock(instance), { signal, ...(call.onWait && { onWait: call.onWait }) });
  try {
    // Whoever held the lock may have brought one.
    const current = await readSsoToken(keyring, instance.startUrl);
    if (current !== undefined && isGood(current)) return current.accessToken;
    const refreshed = current && (await refresh(current, instance, call));
    if (refreshed !== undefined && isUsable(refreshed, instance, now())) return refreshed.accessToken;
    if (refreshed === undefined) await removeSsoToken(keyring, instance.startUrl);
    throw loginRequired(instance, call);
  } finally {
    release();
  }
}

/** Forgets a token that the portal refused although nobody could get a better one. */
export async function dropToken(instance: SsoInstance, refused: string, call: SsoCall): Promise<never> {
  const { context, locks } = call;
  const { keyring, signal } = context;
  const release = await locks.acquire(ssoLock(instance), { signal });
  try {
    const current = await readSsoToken(keyring, instance.startUrl);
    if (current?.accessToken === refused) await removeSsoToken(keyring, instance.startUrl);
  } finally {
    release();
  }
  throw loginRequired(instance, call);
}

/** `undefined`: the token cannot be refreshed, now or ever. */
async function refresh(token: SsoToken, instance: SsoInstance, call: SsoCall): Promise<SsoToken | undefined> {
  const { keyring, now, log } = call.context;
  const { refreshToken, scopes } = token;
  const client = await readSsoClient(keyring, instance.startUrl);
  const isClients = client !== undefined && client.clientId === token.clientId && client.expiresAt > now();
  if (refreshToken === undefined || !isClients) return undefined;
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
    await writeSsoToken(call.context, instance.startUrl, refreshed);
    return refreshed;
  } catch (error) {
    // The person logged out, or the session came to its end: a login gets the next one.
    const awsCode = error instanceof VaultError ? (error.details.awsCode ?? '') : '';
    // On the page of an authorization code nobody but the person would hear that the client is unknown.
    if (UNKNOWN_CLIENT.includes(awsCode)) await removeSsoClient(keyring, instance.startUrl);
    if (SPENT.includes(awsCode)) return undefined;
    throw error;
  }
}

/** Only a person can go on. */
function loginRequired({ startUrl, session }: SsoInstance, { profile }: SsoCall): VaultError {
  const place = bareStartUrl(startUrl);
  const whose = profile === undefined ? '' : `profile ${JSON.stringify(profile)} needs `;
  const message = `${whose}a login to IAM Identity Center at ${place}; run 'keyturn exec' with it in a terminal to log in`;
  const details = {
    ssoStartUrl: place,
    ...(session !== undefined && { ssoSession: session }),
    ...(profile !== undefined && { profile }),
  };
  return new VaultError('SSO_LOGIN_REQUIRED', message, { details });
}
