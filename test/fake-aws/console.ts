import { consolePage, refusalPage, signedOutPage } from './console-page.ts';
import { closeConsoleSession, consoleSessionOf, sessionCookie, takeHandover } from './console-session.ts';
import { hostNameOf, partitionOfConsoleHost, placeOf, regionOfConsoleHost } from './hosts.ts';
import { type Answer, htmlAnswer, type Operation, type Request, redirectTo } from './request.ts';
import type { State } from './state.ts';

/** The console address the tab stands for: its own, or on loopback the one in `dest`. */
function consoleAddress(request: Request): URL | undefined {
  if (request.place.kind !== 'loopback') {
    return URL.parse(`https://${hostNameOf(request.host)}${request.path}?${request.rawQuery}`) ?? undefined;
  }
  const text = request.query.get('dest') ?? 'https://console.aws.amazon.com/console/home';
  const address = URL.parse(text);
  return address !== null && partitionOfConsoleHost(address.hostname) !== undefined ? address : undefined;
}

function showConsole(state: State, request: Request): Answer {
  const handover = takeHandover(state, request);
  if (handover !== undefined) {
    return redirectTo(handover.location, { 'set-cookie': sessionCookie(request, handover.session) });
  }
  const address = consoleAddress(request);
  if (address === undefined) return htmlAnswer(400, refusalPage('This is not the address of a console.'));
  const session = consoleSessionOf(state, request);
  if (session === undefined) return htmlAnswer(401, signedOutPage());
  const region = address.searchParams.get('region') ?? regionOfConsoleHost(address.hostname);
  state.consoleVisits.push({
    sessionId: session.id,
    account: session.account,
    identity: session.identity,
    at: state.now(),
    host: request.host,
    path: address.pathname,
    userAgent: request.headers['user-agent'] ?? '',
  });
  return htmlAnswer(200, consolePage(session, { region, path: address.pathname }));
}

/** Back to where the client asked to go, if that is a sign-in or console host, or this server itself. */
function afterLogout(request: Request): string | undefined {
  const text = request.query.get('redirect_uri');
  if (text === null) return undefined;
  const target = URL.parse(text, `http://${request.host}`);
  if (target === null) return undefined;
  const { kind } = placeOf(target.host);
  return kind === 'signin' || kind === 'console' || target.host === request.host ? target.href : undefined;
}

function logout(state: State, request: Request): Answer {
  const headers = { 'set-cookie': closeConsoleSession(state, request) };
  const target = afterLogout(request);
  if (target !== undefined) return redirectTo(target, headers);
  if (request.query.has('redirect_uri')) return htmlAnswer(400, refusalPage('redirect_uri is not a console host.'));
  return htmlAnswer(200, signedOutPage(), headers);
}

function isLogout({ path, query, place }: Request): boolean {
  if (path === '/logout') return true;
  return path === '/oauth' && query.get('Action') === 'logout' && place.kind !== 'console';
}

/** The console's pages: every GET under a console host, `/console` on loopback, and the ways to log out. */
export function consoleOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path } = request;
  if (method !== 'GET' || place.kind === 'api' || place.kind === 'elsewhere') return undefined;
  const isConsole = place.kind === 'console' || (place.kind === 'loopback' && path === '/console');
  if (!isLogout(request) && !isConsole) return undefined;
  return {
    service: isLogout(request) ? 'signin' : 'console',
    name: isLogout(request) ? 'logout' : 'console',
    parameters: { path },
    accessKeyId: undefined,
    run: () => (isLogout(request) ? logout(state, request) : showConsole(state, request)),
    refuse: ({ status, message }) => htmlAnswer(status, refusalPage(message)),
  };
}
