import { randomUUID } from 'node:crypto';
import { cookieDomainOf, hostNameOf } from './hosts.ts';
import type { Request } from './request.ts';
import type { ConsoleSession, Session, State } from './state.ts';

const COOKIE = 'sandbox-session';

function cookieValue(request: Request): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return cookies.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}

/** The live console session of this cookie jar. Told from the cookie alone. */
export function consoleSessionOf(state: State, request: Request): ConsoleSession | undefined {
  const session = state.consoleSessions.get(cookieValue(request) ?? '');
  return session !== undefined && session.expiresAt > state.now() ? session : undefined;
}

function setCookie(request: Request, value: string, maxAgeSeconds: number | undefined): string {
  const domain = cookieDomainOf(hostNameOf(request.host));
  return [
    `${COOKIE}=${value}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(request.isTls ? ['Secure'] : []),
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ].join('; ');
}

export function sessionCookie(request: Request, session: ConsoleSession): string {
  return setCookie(request, session.id, undefined);
}

/** Signs a set of credentials in to the console. */
export function openConsoleSession(
  state: State,
  session: Session,
  options: { readonly issuer: string; readonly durationSeconds: number | undefined },
): ConsoleSession {
  const { durationSeconds, issuer } = options;
  const expiresAt =
    durationSeconds === undefined ? session.expiresAt : new Date(state.now().getTime() + durationSeconds * 1000);
  const hasPermissions = session.type !== 'federation' || session.policy !== undefined;
  const { account, arn: identity } = session;
  const opened: ConsoleSession = { id: randomUUID(), account, identity, issuer, expiresAt, hasPermissions };
  state.consoleSessions.set(opened.id, opened);
  return opened;
}

/** Ends the session of this cookie jar. @returns the header that drops the cookie */
export function closeConsoleSession(state: State, request: Request): string {
  state.consoleSessions.delete(cookieValue(request) ?? '');
  return setCookie(request, '', 0);
}

const HANDOVER = 'sandbox-handover';

/**
 * Where to send a browser that has just signed in. A console on another site than the sign-in host (console.aws.eu)
 * does not get its cookie, so the address carries a one-time code that the console changes for a cookie of its own.
 */
export function withHandover(state: State, request: Request, destination: URL, session: ConsoleSession): URL {
  const host = hostNameOf(request.host);
  if (cookieDomainOf(host) === undefined || cookieDomainOf(host) === cookieDomainOf(destination.hostname)) {
    return destination;
  }
  const code = randomUUID();
  state.handovers.set(code, session.id);
  const address = new URL(destination);
  address.searchParams.set(HANDOVER, code);
  return address;
}

/** The session behind a handover code, once, and the address without the code. */
export function takeHandover(
  state: State,
  request: Request,
): { readonly session: ConsoleSession; readonly location: string } | undefined {
  const code = request.query.get(HANDOVER) ?? '';
  const session = state.consoleSessions.get(state.handovers.get(code) ?? '');
  if (session === undefined) return undefined;
  state.handovers.delete(code);
  const rest = new URLSearchParams(request.query);
  rest.delete(HANDOVER);
  return { session, location: rest.size === 0 ? request.path : `${request.path}?${rest}` };
}
