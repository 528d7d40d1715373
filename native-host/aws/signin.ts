import { VaultError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import { checkRegion, configuredEndpoint } from './endpoint.ts';
import { consoleHost, partitionOfRegion, signinHost } from './partition.ts';
import type { Env } from './profile.ts';

export type SigninTokenRequest = {
  /** Of a role or from GetFederationToken: the endpoint takes no others. */
  readonly credentials: Credentials;
  /** Tells the partition. */
  readonly region?: string | undefined;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly caBundle?: string | undefined;
  /**
   * 900-43200, and only with a role assumed by a user's long-term key: with any other credentials AWS refuses the call. Left
   * out, the console session ends with the credentials.
   */
  readonly sessionDurationSeconds?: number | undefined;
};

export type SigninUrlParts = {
  readonly region?: string | undefined;
  readonly destination: string;
  readonly signinToken: string;
  readonly env: Env;
  readonly issuer: string;
};

export type ConsolePlace = {
  /** None: AWS opens the region the user was in last. */
  readonly region?: string | undefined;
  /** A page of the console, such as `s3/buckets` or `/cloudwatch/home?a=b#c`. */
  readonly path?: string | undefined;
  /** Tells the partition where `region` is not set. */
  readonly partitionRegion?: string | undefined;
};

/**
 * A one-time token that signs a browser in as these credentials. The request holds the credentials in its query, as AWS
 * documents it: its URL goes into no error and no log.
 * @throws VaultError AWS_REJECTED, AWS_UNREACHABLE, CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export async function getSigninToken(request: SigninTokenRequest): Promise<string> {
  const { credentials, sessionDurationSeconds, env, signal, caBundle } = request;
  const url = federationUrl(request.region, env);
  url.searchParams.set('Action', 'getSigninToken');
  if (sessionDurationSeconds !== undefined) url.searchParams.set('SessionDuration', String(sessionDurationSeconds));
  url.searchParams.set('Session', sessionJson(credentials));
  const { sendRepeatedly } = await import('./attempts.ts');
  const answer = await sendRepeatedly(
    { method: 'GET', url, headers: { accept: 'application/json' } },
    { env, signal, caBundle },
  );
  if (answer.statusCode !== 200) {
    const status = `${answer.statusCode} ${answer.reason}`.replace(/[^\x20-\x7e]/g, '').trim();
    throw rejected(`Call to getSigninToken failed with ${status}`);
  }
  return tokenIn(Buffer.from(answer.body).toString('utf8'));
}

/** The URL that signs a browser in, once, within 15 minutes. It is as secret as the credentials. */
export function signinUrl({ region, destination, signinToken, env, issuer }: SigninUrlParts): string {
  const url = federationUrl(region, env);
  url.searchParams.set('Action', 'login');
  url.searchParams.set('Issuer', issuer);
  url.searchParams.set('Destination', destination);
  url.searchParams.set('SigninToken', signinToken);
  return url.href;
}

/**
 * The console page to open: `https://REGION.console.aws.amazon.com/PATH?region=REGION`, the host by partition; PATH is the
 * home page if none is given. Without a region the console chooses: `https://console.aws.amazon.com/PATH`.
 * @throws VaultError CONFIG_INVALID for a region that is none
 */
export function consoleDestination({ region, path = '', partitionRegion }: ConsolePlace): string {
  const host = consoleHost(partitionOfRegion(region || partitionRegion));
  const page = path.replace(/^[/\\\s]+/, '');
  if (!region) return new URL(page === '' ? '/' : `/${page}`, `https://${host}`).href;
  const url = new URL(`/${page || 'console/home'}`, `https://${checkRegion(region)}.${host}`);
  // By hand and not with searchParams, which would rewrite the rest of the query.
  if (!url.searchParams.has('region')) url.search = `${url.search === '' ? '?' : `${url.search}&`}region=${region}`;
  return url.href;
}

function federationUrl(region: string | undefined, env: Env): URL {
  const endpoint = configuredEndpoint('SIGNIN', env) ?? `https://${signinHost(partitionOfRegion(region))}`;
  return new URL(`${endpoint}/federation`);
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
