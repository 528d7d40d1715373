import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readArn } from '../aws/arn.ts';
import { newDpopKey } from '../aws/dpop.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import { authorizationUrl, createLoginToken, type LoginToken } from '../aws/signin-oauth.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Locks } from './lock.ts';
import { loginExpiry, writeLogin } from './login-cache.ts';
import { loginLock, signinReach } from './login-session.ts';
import { codeFromPage } from './page-code.ts';
import type { SsoPage } from './sso-login.ts';
import { listenForCode } from './sso-loopback.ts';

/** The page as a login to IAM Identity Center has it; the account takes the organisation's place. */
export type LoginPage = Required<Pick<SsoPage, 'url' | 'startUrl' | 'session'>> & { readonly flow: 'pkce' };

export type AwsLoginOptions = {
  readonly context: Context;
  readonly locks: Locks;
  /** Puts the page before the person, and answers whether a browser has it. */
  readonly show: (page: LoginPage, signal: AbortSignal) => Promise<boolean>;
  readonly onWait?: (() => void) | undefined;
};

/** As long as a person may take on the page. */
const LOGIN_SECONDS = 600;

/**
 * Does what `aws login` does: has a person choose a console session in the browser, and keeps its tokens where AWS CLI and SDKs
 * look for them. Among all processes of the user one asks at a time; the others wait, and find the login, or share its failure.
 * It is for the session that the profile names already, and for no other.
 * @throws VaultError LOGIN_DENIED, LOGIN_EXPIRED, LOGIN_REQUIRED (no browser), CANCELLED, AWS_*, CONFIG_INVALID
 */
export async function awsLogin(
  profile: ResolvedProfile,
  loginSession: string,
  { context, locks, show, onWait }: AwsLoginOptions,
): Promise<void> {
  const { signal, now, env } = context;
  const release = await locks.acquire(loginLock(loginSession), { signal, ...(onWait && { onWait }) });
  try {
    // Whoever held the lock may have logged in.
    const expiresAt = loginExpiry(loginSession, env);
    if (expiresAt !== undefined && expiresAt > now()) return;
    const dpopKey = newDpopKey();
    const accountId = readArn(loginSession)?.accountId ?? '';
    const shown = (url: string, over: AbortSignal) => show(pageOf(url, accountId), over);
    const token = await tokenOfPerson(profile, { context, show: shown, dpopKey });
    const subject = subjectOf(token.idToken);
    if (subject !== loginSession) throw somebodyElse(profile.name, { subject, loginSession });
    const until = new Date(now().getTime() + token.expiresInSeconds * 1000);
    writeLogin({ token, loginSession, accountId, expiresAt: until, dpopKey }, env);
  } catch (error) {
    if (error instanceof VaultError) release(error);
    throw error;
  } finally {
    release();
  }
}

type PersonOptions = Pick<AwsLoginOptions, 'context'> & {
  readonly show: (url: string, signal: AbortSignal) => Promise<boolean>;
  readonly dpopKey: string;
};

async function tokenOfPerson(profile: ResolvedProfile, { context, show, dpopKey }: PersonOptions): Promise<LoginToken> {
  const options = signinReach(profile, context);
  const state = randomUUID();
  const codeVerifier = randomBytes(48).toString('base64url');
  const loopback = await listenForCode(state, refused);
  const { redirectUri } = loopback;
  try {
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const url = authorizationUrl(options, { redirectUri, state, codeChallenge });
    const code = await codeFromPage(loopback.code, {
      show: (shown) => show(url, shown),
      signal: context.signal,
      seconds: LOGIN_SECONDS,
      late: expired,
    });
    if (code === undefined) throw noBrowser(profile.name);
    return await createLoginToken(options, { code, redirectUri, codeVerifier, dpopKey });
  } finally {
    loopback.close();
  }
}

function pageOf(url: string, accountId: string): LoginPage {
  // AWS's own address for signing in to an account.
  const startUrl = `https://${accountId}.signin.aws.amazon.com/console`;
  return { flow: 'pkce', url, startUrl, session: `AWS ${accountId}` };
}

/** Whom the token is for. It came from AWS over TLS: there is nobody to whom its signature would have to prove that. */
function subjectOf(idToken: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && 'sub' in claims ? String(claims.sub) : '';
  } catch (error) {
    if (error instanceof SyntaxError) return '';
    throw error;
  }
}

function noBrowser(profile: string): VaultError {
  const message = `profile ${JSON.stringify(profile)} needs a login with console credentials, and no browser can be opened here; run 'aws login --remote --profile ${profile}'`;
  return new VaultError('LOGIN_REQUIRED', message, { details: { profile } });
}

function refused(why: string): VaultError {
  return new VaultError('LOGIN_DENIED', `the login was refused in the browser${why}; log in again to go on`);
}

function expired(): VaultError {
  const message = `nobody finished the login in the browser within ${LOGIN_SECONDS / 60} minutes; log in again to go on`;
  return new VaultError('LOGIN_EXPIRED', message);
}

function somebodyElse(
  profile: string,
  { subject, loginSession }: { readonly subject: string; readonly loginSession: string },
): VaultError {
  const message = `profile ${JSON.stringify(profile)} is for ${loginSession}, and the session chosen in the browser is that of ${subject || 'somebody else'}; choose the other one, or change the profile with 'aws login --profile ${profile}'`;
  return new VaultError('LOGIN_DENIED', message, { details: { profile } });
}
