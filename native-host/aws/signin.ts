import { VaultError } from '../errors.ts';
import type { HttpAnswer, HttpRequest } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { configuredEndpoint } from './endpoint.ts';
import { defaultRegion, type Partition, signinHost } from './partition.ts';
import type { Env } from './profile.ts';

export type SigninTokenRequest = {
  /** Of a role or from GetFederationToken: the endpoint takes no others. */
  readonly credentials: Credentials;
  readonly partition: Partition;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly caBundle?: string | undefined;
  /**
   * 900-43200, and only with a role assumed by a user's long-term key: with any other credentials AWS refuses it. Left out, the
   * console session ends with the credentials.
   */
  readonly sessionDurationSeconds?: number | undefined;
};

export type SigninToken = {
  readonly token: string;
  /** Whether AWS took `sessionDurationSeconds`; true where none was asked for. */
  readonly isDurationTaken: boolean;
};

export type SigninUrlParts = {
  readonly partition: Partition;
  readonly destination: string;
  readonly signinToken: string;
  readonly env: Env;
  readonly issuer: string;
  /** Ends the console session of the browser first, which AWS otherwise asks the person to do. */
  readonly signsOutFirst?: boolean | undefined;
};

/** The sign-in hosts that are known to take the token request as a form, because AWS's own toolkit sends it so. */
const TAKES_FORMS: readonly Partition[] = ['aws', 'aws-cn'];

/**
 * A one-time token that signs a browser in as these credentials. They go in the request's body where the host takes that; else
 * in its query, as AWS documents it: its URL goes into no error and no log. A session duration that AWS refuses is left out.
 * @throws VaultError AWS_REJECTED, AWS_UNREACHABLE, CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export async function getSigninToken(request: SigninTokenRequest): Promise<SigninToken> {
  const { sessionDurationSeconds } = request;
  const first = await ask(request, sessionDurationSeconds);
  const isRefused = first.statusCode === 400 && sessionDurationSeconds !== undefined;
  const answer = isRefused ? await ask(request, undefined) : first;
  if (answer.statusCode !== 200) {
    const status = `${answer.statusCode} ${answer.reason}`.replace(/[^\x20-\x7e]/g, '').trim();
    throw rejected(`Call to getSigninToken failed with ${status}; ${remedy(answer.statusCode)}`);
  }
  return { token: tokenIn(Buffer.from(answer.body).toString('utf8')), isDurationTaken: !isRefused };
}

function remedy(statusCode: number): string {
  if (statusCode >= 500 || statusCode === 429) return 'wait a moment and try again';
  return "AWS opens no console with these credentials, or no longer: run 'keyturn clear' and try again";
}

async function ask(request: SigninTokenRequest, sessionDurationSeconds: number | undefined): Promise<HttpAnswer> {
  const { credentials, partition, env, signal, caBundle } = request;
  const parameters = new URLSearchParams({ Action: 'getSigninToken' });
  if (sessionDurationSeconds !== undefined) parameters.set('SessionDuration', String(sessionDurationSeconds));
  parameters.set('Session', sessionJson(credentials));
  const { sendRepeatedly } = await import('./attempts.ts');
  return sendRepeatedly(tokenRequest(partition, env, parameters), { env, signal, caBundle });
}

function tokenRequest(partition: Partition, env: Env, parameters: URLSearchParams): HttpRequest {
  const url = federationUrl(partition, env);
  const accept = 'application/json';
  if (TAKES_FORMS.includes(partition)) {
    const headers = { accept, 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: parameters.toString() };
  }
  url.search = parameters.toString();
  return { method: 'GET', url, headers: { accept } };
}

/** The URL that signs a browser in, once, within 15 minutes. It is as secret as the credentials. */
export function signinUrl(parts: SigninUrlParts): string {
  const { partition, destination, signinToken, env, issuer, signsOutFirst = false } = parts;
  // AWS follows the way back from its sign-out page only when it leads to the same, regional host.
  const url = signsOutFirst ? new URL(`${regionalEndpoint(partition, env)}/federation`) : federationUrl(partition, env);
  url.searchParams.set('Action', 'login');
  url.searchParams.set('Issuer', issuer);
  url.searchParams.set('Destination', destination);
  url.searchParams.set('SigninToken', signinToken);
  return signsOutFirst ? signOutUrl({ partition, env, next: url.href }) : url.href;
}

/** The page that ends a browser's console session, and goes on to `next` if there is one. Holds no secret of its own. */
export function signOutUrl(options: {
  readonly partition: Partition;
  readonly env: Env;
  readonly next?: string;
}): string {
  const { partition, env, next } = options;
  const url = new URL(`${regionalEndpoint(partition, env)}/oauth`);
  url.searchParams.set('Action', 'logout');
  if (next !== undefined) url.searchParams.set('redirect_uri', next);
  return url.href;
}

function federationUrl(partition: Partition, env: Env): URL {
  const endpoint = configuredEndpoint('SIGNIN', env) ?? `https://${signinHost(partition)}`;
  return new URL(`${endpoint}/federation`);
}

function regionalEndpoint(partition: Partition, env: Env): string {
  return configuredEndpoint('SIGNIN', env) ?? `https://${defaultRegion(partition)}.${signinHost(partition)}`;
}

function sessionJson({ accessKeyId, secretAccessKey, sessionToken }: Credentials): string {
  return JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken });
}

function tokenIn(body: string): string {
  const token = signinTokenOf(body);
  if (typeof token === 'string' && token !== '') return token;
  throw rejected('Expected a response with SigninToken');
}

function signinTokenOf(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === 'object' && answer !== null && 'SigninToken' in answer ? answer.SigninToken : undefined;
  } catch {
    // The parser's error quotes the text, which may hold half a token; what it is not is all there is to say.
    throw rejected(
      'Expected a response with SigninToken, but the answer of getSigninToken is not JSON: check the network and the proxy',
    );
  }
}

function rejected(message: string): VaultError {
  return new VaultError('AWS_REJECTED', message, { details: { operation: 'getSigninToken' } });
}
