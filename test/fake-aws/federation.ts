import { AwsError } from './aws-error.ts';
import { alreadySignedInPage, refusalPage } from './console-page.ts';
import { consoleSessionOf, openConsoleSession, sessionCookie, withHandover } from './console-session.ts';
import { partitionOfConsoleHost } from './hosts.ts';
import { type Answer, htmlAnswer, type Operation, type Request, redirectTo, withoutSecrets } from './request.ts';
import { isSourceGone, newToken, type Session, type SigninToken, type State } from './state.ts';

const SIGNIN_TOKEN_LIFETIME_MS = 15 * 60 * 1000;

function badRequest(message: string): AwsError {
  return new AwsError(400, 'BadRequest', message);
}

function parseJsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest('Session is not a JSON object.');
}

/** The temporary credentials in `Session`: those of a role or of a federated user, whole and alive. */
function credentialsIn(state: State, text: string | null): Session {
  if (text === null) throw badRequest('Session is missing.');
  const { sessionId, sessionKey, sessionToken } = parseJsonObject(text);
  if (typeof sessionId !== 'string' || typeof sessionKey !== 'string' || typeof sessionToken !== 'string') {
    throw badRequest('Session must have sessionId, sessionKey and sessionToken.');
  }
  const session = state.sessions.get(sessionId);
  if (
    session?.secretAccessKey !== sessionKey ||
    session.sessionToken !== sessionToken ||
    isSourceGone(state, session)
  ) {
    throw badRequest('The credentials are not valid temporary credentials.');
  }
  if (session.type === 'session-token') throw badRequest('Credentials from GetSessionToken cannot sign in.');
  if (session.expiresAt <= state.now()) throw badRequest('The credentials have expired.');
  return session;
}

/**
 * SessionDuration goes with credentials of a role that a user assumed with a long-term key: not by another role, and not with
 * a session of the user's.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
function sessionDurationIn(state: State, text: string | null, session: Session): number | undefined {
  if (text === null) return undefined;
  if (session.type !== 'role') throw badRequest('SessionDuration cannot be used with GetFederationToken credentials.');
  if (session.isChained) throw badRequest('SessionDuration cannot be used with credentials from role chaining.');
  if (state.sessions.has(session.sourceAccessKeyId)) {
    throw badRequest("SessionDuration cannot be used with a role assumed with a user's session.");
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 900 && seconds <= 43_200)) throw badRequest('SessionDuration must be from 900 to 43200 seconds.');
  return seconds;
}

function checkPartition(request: Request, session: Session): void {
  if (request.place.kind === 'signin' && request.place.partition !== session.partition) {
    throw badRequest('The credentials belong to another partition.');
  }
}

function getSigninToken(state: State, request: Request, parameters: URLSearchParams): Answer {
  const sessionType = parameters.get('SessionType');
  if (sessionType !== null && sessionType !== 'json') throw badRequest('SessionType must be json.');
  const session = credentialsIn(state, parameters.get('Session'));
  checkPartition(request, session);
  const sessionDurationSeconds = sessionDurationIn(state, parameters.get('SessionDuration'), session);
  const token = newToken();
  const expiresAt = new Date(state.now().getTime() + SIGNIN_TOKEN_LIFETIME_MS);
  state.signinTokens.set(token, { token, session, expiresAt, sessionDurationSeconds });
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ SigninToken: token }),
  };
}

function liveSigninToken(state: State, text: string | null): SigninToken {
  const token = state.signinTokens.get(text ?? '');
  if (token === undefined || token.expiresAt <= state.now()) {
    throw badRequest('The sign-in token is missing, used or older than 15 minutes.');
  }
  return token;
}

function destinationIn(text: string | null, session: Session): URL {
  const destination = URL.parse(text ?? '');
  if (destination?.protocol !== 'https:' || destination.port !== '')
    throw badRequest('Destination is not a console URL.');
  if (partitionOfConsoleHost(destination.hostname) !== session.partition) {
    throw badRequest("Destination is not a console host of the credentials' partition.");
  }
  return destination;
}

/** On loopback the console is a page of this server; under AWS's host names it is where the client asked to go. */
function landing(
  state: State,
  request: Request,
  destination: URL,
  session: ReturnType<typeof openConsoleSession>,
): string {
  if (request.place.kind === 'loopback') return `/console?dest=${encodeURIComponent(destination.href)}`;
  return withHandover(state, request, destination, session).href;
}

function login(state: State, request: Request, parameters: URLSearchParams): Answer {
  const issuer = parameters.get('Issuer') ?? '';
  if (issuer === '') throw badRequest('Issuer is missing.');
  const signinToken = liveSigninToken(state, parameters.get('SigninToken'));
  const { session, sessionDurationSeconds: durationSeconds } = signinToken;
  checkPartition(request, session);
  const destination = destinationIn(parameters.get('Destination'), session);
  const present = consoleSessionOf(state, request);
  if (present !== undefined && present.identity !== session.arn) return htmlAnswer(400, alreadySignedInPage(present));
  state.signinTokens.delete(signinToken.token);
  const opened = openConsoleSession(state, session, { issuer, durationSeconds });
  return redirectTo(landing(state, request, destination, opened), { 'set-cookie': sessionCookie(request, opened) });
}

/** AWS's own toolkit posts to these two partitions' hosts, and says that the one of GovCloud does not take it. */
function takesForms({ place }: Request): boolean {
  return place.kind !== 'signin' || place.partition === 'aws' || place.partition === 'aws-cn';
}

/** The federation endpoint: `getSigninToken` by GET or POST, `login` by GET. `undefined`: any other action. */
export function federationOperation(state: State, request: Request): Operation | undefined {
  const { method, path, place, query, form } = request;
  if (path !== '/federation' || (place.kind !== 'signin' && place.kind !== 'loopback')) return undefined;
  const parameters = new URLSearchParams([...query, ...form]);
  const action = parameters.get('Action') ?? '';
  const isToken = action === 'getSigninToken' && (method === 'GET' || (method === 'POST' && takesForms(request)));
  if (!isToken && !(action === 'login' && method === 'GET')) return undefined;
  const { Action: _action, ...recorded } = withoutSecrets(parameters);
  return {
    service: 'signin',
    name: action,
    parameters: recorded,
    accessKeyId: undefined,
    run: () => (isToken ? getSigninToken(state, request, parameters) : login(state, request, parameters)),
    refuse: ({ status, message }) => htmlAnswer(status, refusalPage(message)),
  };
}
