import { createHash, randomBytes } from 'node:crypto';
import {
  authorizationUrl,
  createToken,
  type OidcToken,
  registerClient,
  startDeviceAuthorization,
  type TokenGrant,
} from '../aws/sso-oidc.ts';
import { VaultError } from '../errors.ts';
import { codeFromPage } from './page-code.ts';
import { heldTokens, keepToken, spreadToken } from './sso-held.ts';
import { bareStartUrl } from './sso-json.ts';
import { listenForCode, REDIRECT_URI } from './sso-loopback.ts';
import { loginExpired, pollForToken } from './sso-poll.ts';
import { readSsoClient, removeSsoClient, type SsoClient, type SsoToken, writeSsoClient } from './sso-store.ts';
import { type SsoCall, ssoLock, UNKNOWN_CLIENT } from './sso-token.ts';
import { isUsable, type SsoInstance, scopesOf } from './sso-usable.ts';

/** `pkce`: an authorization code that comes back to this machine. `device`: a page that may be opened on any machine. */
export type SsoFlow = 'pkce' | 'device';

/** A page on which the person allows the login. `userCode`: what the page of a device code shows, to be compared. */
export type SsoPage = Pick<SsoInstance, 'session'> & {
  readonly flow: SsoFlow;
  readonly url: string;
  readonly userCode?: string;
  /** Of the organisation, without a fragment. */
  readonly startUrl: string;
};

export type LoginOptions = SsoCall & {
  readonly flow: SsoFlow;
  /**
   * Puts the page before the person, and answers whether a browser has it: of an authorization code nobody can bring back
   * from elsewhere, `false` makes it a device code instead. `signal` is aborted as soon as the page has done its part.
   */
  readonly show: (page: SsoPage, signal: AbortSignal) => Promise<boolean>;
  /** A new token also where there is one that can be used. */
  readonly isForced?: boolean;
};

const CLIENT_NAME = 'keyturn';
/** As long as a device code is good for. */
const LOGIN_SECONDS = 600;

/**
 * Gets an access token of an instance from the person and keeps it in the keyring. Among all processes of the user one asks at a
 * time; the others wait, and find the token it got, or share its failure.
 * @throws VaultError SSO_LOGIN_DENIED, SSO_LOGIN_EXPIRED, CANCELLED, AWS_*, KEYRING_*, CONFIG_INVALID
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html
 */
export async function ssoLogin(instance: SsoInstance, options: LoginOptions): Promise<void> {
  const { context, locks, onWait, isForced = false } = options;
  const { signal, now } = context;
  const release = await locks.acquire(ssoLock(instance), { signal, ...(onWait && { onWait }) });
  try {
    const found = await heldTokens(instance, context);
    const good = isForced ? undefined : found.find((token) => isUsable(token, instance, now()));
    if (good !== undefined) return await spreadToken(instance, { token: good, found }, context);
    // Those of the last login too: sessions of one start URL share one token, and must not take it from each other.
    const present = found.find(({ isInKeyring }) => isInKeyring);
    const scopes = [...new Set([...scopesOf(instance), ...(present?.scopes ?? [])])];
    const { client, token: got } = await logIn({ ...instance, registrationScopes: scopes }, options);
    const token: SsoToken = {
      ...{ accessToken: got.accessToken, tokenType: got.tokenType, clientId: client.clientId, scopes },
      expiresAt: new Date(now().getTime() + got.expiresInSeconds * 1000),
      ...(got.refreshToken !== undefined && { refreshToken: got.refreshToken }),
    };
    await keepToken(instance, { token, client }, context);
  } catch (error) {
    if (error instanceof VaultError) release(error);
    throw error;
  } finally {
    release();
  }
}

type LoggedIn = { readonly client: SsoClient; readonly token: OidcToken };

async function logIn(instance: SsoInstance, options: LoginOptions): Promise<LoggedIn> {
  if (options.flow === 'pkce') {
    const found = await withClient('pkce', instance, options, (client) => byCode(client, instance, options));
    if (found !== undefined) return found;
    options.context.log('no browser came to the authorization page: going on with a device code');
  }
  return withClient('device', instance, options, (client) => byDevice(client, instance, options));
}

/** Works with the client that is registered; one that the service no longer knows is registered anew, once. */
async function withClient<T>(
  flow: SsoFlow,
  instance: SsoInstance,
  options: LoginOptions,
  work: (client: SsoClient) => Promise<T>,
): Promise<T> {
  const { keyring, now, log } = options.context;
  const kept = await readSsoClient(keyring, instance.startUrl);
  if (kept !== undefined && isFitting(kept, flow, instance, now())) {
    try {
      return await work(kept);
    } catch (error) {
      if (!(error instanceof VaultError) || !UNKNOWN_CLIENT.includes(error.details.awsCode ?? '')) throw error;
      log('the registration as a client is no longer known: registering anew');
      await removeSsoClient(keyring, instance.startUrl);
    }
  }
  return work(await register(flow, instance, options));
}

function isFitting(client: SsoClient, flow: SsoFlow, instance: SsoInstance, now: Date): boolean {
  const wanted = scopesOf(instance);
  const hasScopes = wanted.length === client.scopes.length && wanted.every((scope) => client.scopes.includes(scope));
  const lasts = client.expiresAt.getTime() - now.getTime() > LOGIN_SECONDS * 1000;
  return hasScopes && lasts && client.flow === flow && client.region === instance.region;
}

async function register(flow: SsoFlow, instance: SsoInstance, options: LoginOptions): Promise<SsoClient> {
  const { startUrl, region } = instance;
  const scopes = scopesOf(instance);
  const request = { clientName: CLIENT_NAME, scopes };
  const authorizationCode = { issuerUrl: bareStartUrl(startUrl), redirectUri: REDIRECT_URI };
  const registered = await registerClient(
    options.service,
    flow === 'pkce' ? { ...request, authorizationCode } : request,
  );
  const client: SsoClient = { ...registered, flow, region, scopes };
  await writeSsoClient(options.context.keyring, startUrl, client);
  return client;
}

/** `undefined`: no browser has the page. */
async function byCode(client: SsoClient, instance: SsoInstance, options: LoginOptions): Promise<LoggedIn | undefined> {
  const state = randomBytes(24).toString('base64url');
  const codeVerifier = randomBytes(48).toString('base64url');
  const loopback = await listenForCode(state, denied);
  const { redirectUri } = loopback;
  try {
    const url = authorizationUrl(options.service, {
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge_method: 'S256',
      scopes: scopesOf(instance).join(' '),
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    });
    const code = await codeFromPage(loopback.code, {
      show: (signal) => options.show({ flow: 'pkce', url, ...organisation(instance) }, signal),
      signal: options.context.signal,
      seconds: LOGIN_SECONDS,
      late: () => loginExpired(LOGIN_SECONDS),
    });
    if (code === undefined) return undefined;
    const grant: TokenGrant = { type: 'authorization-code', code, redirectUri, codeVerifier };
    return { client, token: await createToken(options.service, client, grant) };
  } finally {
    loopback.close();
  }
}

function organisation({ startUrl, session }: SsoInstance): Pick<SsoPage, 'startUrl' | 'session'> {
  return { startUrl: bareStartUrl(startUrl), ...(session !== undefined && { session }) };
}

async function byDevice(client: SsoClient, instance: SsoInstance, options: LoginOptions): Promise<LoggedIn> {
  const { service, context, show } = options;
  const device = await startDeviceAuthorization(service, client, bareStartUrl(instance.startUrl));
  const { url, userCode, deviceCode } = device;
  const over = new AbortController();
  // The page can be opened by hand, so it does not matter how this ends; it must only not go on after the login.
  show(
    { flow: 'device', url, userCode, ...organisation(instance) },
    AbortSignal.any([over.signal, context.signal]),
  ).catch((error: unknown) => {
    if (!over.signal.aborted) context.log(`the page was not opened: ${error instanceof Error ? error.message : error}`);
  });
  try {
    const attempt = () => createToken(service, client, { type: 'device-code', deviceCode });
    return { client, token: await pollForToken(attempt, { ...device, now: context.now, signal: context.signal }) };
  } finally {
    over.abort();
  }
}

/** `why`: what the service says, in brackets, or nothing. */
function denied(why: string): VaultError {
  const message = `the login to IAM Identity Center was refused in the browser${why}; log in again to go on`;
  return new VaultError('SSO_LOGIN_DENIED', message);
}
